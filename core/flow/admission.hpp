#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/stop.hpp"

namespace bowshot {

enum class SlotKind { kInteractive, kStream };

/// Who may run now. Interactive answers and streams have slots of their own, so that exports never
/// delay a scroll; what finds no slot waits in order of arrival, up to `waiting` in all.
/// Safe from any thread; outlives every Slot.
///   BOWSHOT_ASSIGN(Admission::Slot slot, admission.enter(SlotKind::kStream, deadline, stop));
class Admission {
 public:
  explicit Admission(const Limits& limits);

  /// Given back when it is destroyed.
  class Slot {
   public:
    Slot(Slot&& other) noexcept;
    Slot& operator=(Slot&&) = delete;
    ~Slot();

    /// For an interactive answer that only waits, for a view or for its reader: another one may run
    /// meanwhile. A stream keeps its slot: what it waits for is part of it.
    void lend();
    /// Has it again, before those who come anew; blocks. Errors: as enter(), but for the length of
    /// the queue. Nothing, unless it is lent.
    Result<void> take_back(std::chrono::steady_clock::time_point deadline, const StopToken& stop);

   private:
    friend class Admission;
    Slot(Admission* admission, SlotKind kind) : admission_(admission), kind_(kind) {}
    Admission* admission_;  // outlives the slot; null after a move
    SlotKind kind_;
    bool is_lent_ = false;
  };

  /// Blocks until a slot is free. Errors: `overloaded` when too many wait already, or none was free
  /// before the deadline; the token's error when it stops.
  Result<Slot> enter(SlotKind kind, std::chrono::steady_clock::time_point deadline,
                     const StopToken& stop);

  /// While it lives the slot is that of the calling thread's answer: what an engine waits for deep
  /// in a call, a view that others build for instance, can lend it out. An answer is one thread's.
  class ThreadScope {
   public:
    ThreadScope(Admission* admission, Slot* slot, std::chrono::seconds take_back_max);
    ~ThreadScope();
    ThreadScope(const ThreadScope&) = delete;
    ThreadScope& operator=(const ThreadScope&) = delete;

   private:
    Admission* admission_;  // outlives the scope, as the slot does
  };
  /// The calling thread's slot, if it has one: see Slot.
  void lend();
  Result<void> take_back(const StopToken& stop);

  /// What a stream does between two batches: waits while interactive answers run or wait, but no
  /// longer than `longest`, so that it goes on, slower, beside any number of them.
  void give_way(std::chrono::milliseconds longest, const StopToken& stop);

  /// For requests to come; those that run keep their slots, those that wait may get one now.
  void set_limits(const Limits& limits);

  struct Counters {
    int64_t interactive_running = 0;
    int64_t streams_running = 0;
    int64_t waiting = 0;
    int64_t lent = 0;         // answers begun that have lent their slot
    int64_t taking_back = 0;  // of them, those that wait to have it again
    int64_t refused_total = 0;
  };
  Counters counters() const;

 private:
  /// A thread in enter(). It lives on that thread's stack, and in the queue until it has a slot or
  /// gives up. Each has a condition of its own: a slot that gets free wakes one thread, not all.
  struct Waiter {
    std::condition_variable_any changed;
    bool has_slot = false;
  };
  struct Lane {
    int64_t slots = 0;
    int64_t running = 0;
    std::list<Waiter*> queue;  // who waits, the oldest first
  };
  struct ThreadSlot {
    Slot* slot;
    std::chrono::seconds take_back_max;
  };
  /// The thread's own entry stays while it looks at it.
  ThreadSlot* thread_slot();

  Lane& lane(SlotKind kind) { return kind == SlotKind::kStream ? streams_ : interactive_; }
  void leave(SlotKind kind);
  /// Waits in the queue, where it is, for a slot. False: the deadline or the stop came first.
  bool wait_for_slot(std::unique_lock<std::mutex>& lock, Lane& lane,
                     std::list<Waiter*>::iterator before,
                     std::chrono::steady_clock::time_point deadline, const StopToken& stop);
  static void grant(Lane& lane);

  mutable std::mutex mutex_;  // guards all below
  int64_t waiting_max_;
  std::condition_variable_any idle_;  // no interactive answer runs or waits
  Lane interactive_;
  Lane streams_;
  int64_t waiting_ = 0;  // of those who come anew
  int64_t lent_ = 0;
  int64_t taking_back_ = 0;
  int64_t refused_total_ = 0;
  std::unordered_map<std::thread::id, ThreadSlot> thread_slots_;
};

}  // namespace bowshot
