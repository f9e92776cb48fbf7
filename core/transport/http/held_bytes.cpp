#include "transport/http/held_bytes.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace bowshot::http {

HeldBytes::HeldBytes(int64_t bytes_max, std::chrono::milliseconds slow_after)
    : slow_after_(slow_after) {
  set_bytes_max(bytes_max);
}

void HeldBytes::set_bytes_max(int64_t bytes_max) {
  state_.with([&](State& state) { state.bytes_max = bytes_max; });
}

int64_t HeldBytes::bytes_max() const {
  return state_.with([](const State& state) { return state.bytes_max; });
}

HeldBytes::Counters HeldBytes::counters() const {
  return state_.with([](const State& state) -> Counters {
    return {.answers = std::ssize(state.entries),
            .bytes = state.bytes,
            .ended_total = state.ended_total};
  });
}

bool HeldBytes::end_worst(std::chrono::milliseconds longer_than) {
  return state_.with([&](State& state) { return end_worst_of(state, longer_than); });
}

void HeldBytes::check_sum(State& state) const {
  // Those that were ended stay in the list until their own threads have seen it.
  const auto go_on = [&] { return std::ranges::count(state.entries, false, &Entry::is_ended); };
  while (state.bytes > state.bytes_max && go_on() > 1)
    if (!end_worst_of(state, slow_after_)) return;
}

/// Bytes x time: a reader that takes its bytes soon ranks low, however many they are.
bool HeldBytes::end_worst_of(State& state, std::chrono::milliseconds longer_than) {
  const auto now = Clock::now();
  Entry* worst = nullptr;
  double most = -1;
  for (Entry& entry : state.entries) {
    const std::chrono::duration<double> held = now - entry.since;
    const double cost = static_cast<double>(entry.bytes) * held.count();
    if (entry.is_ended || held < longer_than || cost <= most) continue;
    worst = &entry;
    most = cost;
  }
  if (!worst) return false;
  worst->is_ended = true;
  state.bytes -= std::exchange(worst->bytes, 0);
  ++state.ended_total;
  // Within the lock, for its owner closes the descriptor as soon as it may; this never blocks.
  shutdown(worst->descriptor, SHUT_RDWR);
  return true;
}

HeldBytes::Hold::Hold(HeldBytes* owner, int descriptor)
    : owner_(owner), entry_(owner->state_.with([&](State& state) {
        return state.entries.insert(state.entries.end(),
                                    {.descriptor = descriptor, .since = Clock::now()});
      })) {}

HeldBytes::Hold::~Hold() {
  owner_->state_.with([&](State& state) {
    state.bytes -= entry_->bytes;
    state.entries.erase(entry_);
  });
}

void HeldBytes::Hold::set_bytes(int64_t bytes) {
  owner_->state_.with([&](State& state) {
    if (entry_->is_ended) return;
    state.bytes += bytes - std::exchange(entry_->bytes, bytes);
    owner_->check_sum(state);
  });
}

void HeldBytes::Hold::check() {
  owner_->state_.with([&](State& state) { owner_->check_sum(state); });
}

bool HeldBytes::Hold::is_ended() const {
  return owner_->state_.with([&](State&) { return entry_->is_ended; });
}

}  // namespace bowshot::http
