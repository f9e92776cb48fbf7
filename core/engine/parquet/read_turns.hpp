#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "base/stop.hpp"

namespace bowshot {

/// How many windows of several batches read at the same time. More would be done no sooner, and
/// each holds a page of every column while it reads. Safe from any thread; outlives its turns.
///   BOWSHOT_ASSIGN(const ReadTurns::Turn turn, turns->take(stop));  // until the block ends
class ReadTurns {
 public:
  explicit ReadTurns(int turns) : free_(turns) {}

  class Turn {
   public:
    explicit Turn(ReadTurns* turns) : turns_(turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_) turns_->give_back();
    }

   private:
    ReadTurns* turns_;  // null after a move
  };

  /// Waits for one; the token's error if that stops first, `overloaded` if there is none for a
  /// minute: a turn takes milliseconds.
  Result<Turn> take(const StopToken& stop) {
    std::unique_lock lock(mutex_);
    const auto is_free = [this] { return free_ > 0; };
    if (!freed_.wait_for(lock, stop.std_token(), std::chrono::minutes(1), is_free)) {
      if (stop.stop_requested()) return std::unexpected(stop.error());
      return fail(ErrorCode::kOverloaded, "no turn to read a long window within 60 s");
    }
    --free_;
    return Turn(this);
  }

 private:
  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    freed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable_any freed_;
  int free_;  // guarded by mutex_
};

}  // namespace bowshot
