#include "flow/admission.hpp"

#include <fmt/format.h>

#include <utility>

namespace bowshot {

Admission::Admission(const Limits& limits) : waiting_max_(limits.waiting) {
  interactive_.slots = limits.interactive_running;
  streams_.slots = limits.streams_running;
}

namespace {

Error no_slot(const StopToken& stop) {
  if (stop.stop_requested()) return stop.error();
  return {.code = ErrorCode::kOverloaded, .detail = "no slot was free within first_batch_seconds"};
}

}  // namespace

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
  ++waiting_;
  const bool has_slot = wait_for_slot(lock, wanted, wanted.queue.end(), deadline, stop);
  --waiting_;
  if (has_slot) return Slot(this, kind);
  return fail(no_slot(stop));
}

bool Admission::wait_for_slot(std::unique_lock<std::mutex>& lock, Lane& lane,
                              std::list<Waiter*>::iterator before,
                              std::chrono::steady_clock::time_point deadline,
                              const StopToken& stop) {
  Waiter waiter;
  const auto place = lane.queue.insert(before, &waiter);
  waiter.changed.wait_until(lock, stop.std_token(), deadline, [&] { return waiter.has_slot; });
  if (!waiter.has_slot) lane.queue.erase(place);
  return waiter.has_slot;
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
          .lent = lent_,
          .taking_back = taking_back_,
          .refused_total = refused_total_};
}

Admission::ThreadScope::ThreadScope(Admission* admission, Slot* slot,
                                    std::chrono::seconds take_back_max)
    : admission_(admission) {
  std::lock_guard lock(admission_->mutex_);
  admission_->thread_slots_[std::this_thread::get_id()] = {.slot = slot,
                                                           .take_back_max = take_back_max};
}

Admission::ThreadScope::~ThreadScope() {
  std::lock_guard lock(admission_->mutex_);
  admission_->thread_slots_.erase(std::this_thread::get_id());
}

Admission::ThreadSlot* Admission::thread_slot() {
  std::lock_guard lock(mutex_);
  const auto found = thread_slots_.find(std::this_thread::get_id());
  return found == thread_slots_.end() ? nullptr : &found->second;
}

void Admission::lend() {
  if (ThreadSlot* const ours = thread_slot()) ours->slot->lend();
}

Result<void> Admission::take_back(const StopToken& stop) {
  ThreadSlot* const ours = thread_slot();
  if (!ours) return {};
  return ours->slot->take_back(std::chrono::steady_clock::now() + ours->take_back_max, stop);
}

Admission::Slot::Slot(Slot&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)),
      kind_(other.kind_),
      is_lent_(other.is_lent_) {}

Admission::Slot::~Slot() {
  if (admission_ == nullptr) return;
  if (is_lent_) {
    std::lock_guard lock(admission_->mutex_);
    --admission_->lent_;
  } else {
    admission_->leave(kind_);
  }
}

void Admission::Slot::lend() {
  if (kind_ == SlotKind::kStream || is_lent_) return;
  is_lent_ = true;
  admission_->leave(kind_);
  std::lock_guard lock(admission_->mutex_);
  ++admission_->lent_;
}

Result<void> Admission::Slot::take_back(std::chrono::steady_clock::time_point deadline,
                                        const StopToken& stop) {
  if (!is_lent_) return {};
  Admission& owner = *admission_;
  std::unique_lock lock(owner.mutex_);
  Lane& lane = owner.lane(kind_);
  bool has_slot = lane.running < lane.slots;
  if (has_slot) {
    ++lane.running;
  } else {
    ++owner.taking_back_;
    has_slot = owner.wait_for_slot(lock, lane, lane.queue.begin(), deadline, stop);
    --owner.taking_back_;
  }
  if (!has_slot) return fail(no_slot(stop));
  is_lent_ = false;
  --owner.lent_;
  return {};
}

}  // namespace bowshot
