#pragma once

#include <chrono>
#include <cstdint>
#include <list>

#include "base/guarded.hpp"

namespace bowshot::http {

/// The bytes of answers that wait for their readers, of all connections together, and their limit.
/// Past it the answer that has held the most for the longest (bytes x time) is ended, so that
/// memory stays bounded however many read slowly, and those who read go on. An answer that holds
/// bytes alone is never ended, nor is one before `slow_after`. Safe from any thread; outlives every
/// Hold.
///   HeldBytes::Hold hold(&held, descriptor);  // a write that the socket does not take whole
///   hold.set_bytes(left); ... poll(descriptor) ...
///   if (hold.is_ended()) return give_up(...);
class HeldBytes {
 public:
  using Clock = std::chrono::steady_clock;

  HeldBytes(int64_t bytes_max, std::chrono::milliseconds slow_after);

  void set_bytes_max(int64_t bytes_max);
  int64_t bytes_max() const;

  struct Counters {
    int64_t answers = 0;
    int64_t bytes = 0;
    int64_t ended_total = 0;
  };
  Counters counters() const;

  /// Ends the answer that has held the most for the longest, if one has for `longer_than`. False:
  /// there is none.
  bool end_worst(std::chrono::milliseconds longer_than);

 private:
  struct Entry {
    int descriptor;
    Clock::time_point since;
    int64_t bytes = 0;
    bool is_ended = false;
  };
  struct State {
    std::list<Entry> entries;
    int64_t bytes = 0;  // of those that are not ended
    int64_t bytes_max = 0;
    int64_t ended_total = 0;
  };

 public:
  /// One write that waits for its reader, on the writing thread. The descriptor stays open
  /// meanwhile: ending the answer shuts it down, which wakes who polls it.
  class Hold {
   public:
    Hold(HeldBytes* owner, int descriptor);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    /// What is left of the write; ends one answer or more, maybe this, where the sum is too much.
    void set_bytes(int64_t bytes);
    /// Looks at the sum again, now that this has waited for a while.
    void check();
    bool is_ended() const;

   private:
    HeldBytes* owner_;
    std::list<Entry>::iterator entry_;
  };

 private:
  void check_sum(State& state) const;
  static bool end_worst_of(State& state, std::chrono::milliseconds longer_than);

  const std::chrono::milliseconds slow_after_;
  Guarded<State> state_;
};

}  // namespace bowshot::http
