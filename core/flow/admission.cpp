#include "flow/admission.hpp"

#include <fmt/format.h>

#include <utility>

namespace bowshot {

Admission::Admission(const Limits& limits) : waiting_max_(limits.waiting) {
  interactive_.slots = limits.interactive_running;
  streams_.slots = limits.streams_running;
}

Result<Admission::Slot> Admission::enter(SlotKind kind,
                                         std::chrono::steady_clock::time_point deadline,
                                         const StopToken& stop) {
  std::unique_lock lock(mutex_);
  Lane& wanted = lane(kind);
  if (wanted.running < wanted.slots && wanted.queue.empty()) {
    ++wanted.running;
    return Slot(this, kind);
  }
  if (waiting_ >= waiting_max_) {
    ++refused_total_;
    return fail(ErrorCode::kOverloaded,
                fmt::format("{} requests run and {} wait already; the limit `waiting` is {}",
                            wanted.running, waiting_, waiting_max_));
  }
  Waiter waiter;
  const auto place = wanted.queue.insert(wanted.queue.end(), &waiter);
  ++waiting_;
  waiter.changed.wait_until(lock, stop.std_token(), deadline, [&] { return waiter.has_slot; });
  --waiting_;
  if (waiter.has_slot) return Slot(this, kind);
  wanted.queue.erase(place);
  if (stop.stop_requested()) return fail(stop.error());
  return fail(ErrorCode::kOverloaded, "no slot was free within first_batch_seconds");
}

void Admission::give_way(std::chrono::milliseconds longest, const StopToken& stop) {
  std::unique_lock lock(mutex_);
  idle_.wait_for(lock, stop.std_token(), longest, [&] { return interactive_.running == 0; });
}

void Admission::leave(SlotKind kind) {
  std::lock_guard lock(mutex_);
  Lane& left = lane(kind);
  --left.running;
  grant(left);
  if (interactive_.running == 0) idle_.notify_all();
}

/// Free slots go to those that wait, the oldest first.
void Admission::grant(Lane& lane) {
  while (lane.running < lane.slots && !lane.queue.empty()) {
    Waiter* const next = lane.queue.front();
    lane.queue.pop_front();
    next->has_slot = true;
    ++lane.running;
    next->changed.notify_one();
  }
}

void Admission::set_limits(const Limits& limits) {
  std::lock_guard lock(mutex_);
  waiting_max_ = limits.waiting;
  interactive_.slots = limits.interactive_running;
  streams_.slots = limits.streams_running;
  grant(interactive_);
  grant(streams_);
}

Admission::Counters Admission::counters() const {
  std::lock_guard lock(mutex_);
  return {.interactive_running = interactive_.running,
          .streams_running = streams_.running,
          .waiting = waiting_,
          .refused_total = refused_total_};
}

Admission::Slot::Slot(Slot&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)), kind_(other.kind_) {}

Admission::Slot::~Slot() {
  if (admission_ != nullptr) admission_->leave(kind_);
}

}  // namespace bowshot
