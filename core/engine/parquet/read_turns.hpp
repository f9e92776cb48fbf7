#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "base/stop.hpp"

namespace bowshot {

/// How many long windows read at the same time. More would be done no sooner, and each holds a page
/// of every column while it reads. Safe from any thread; outlives its turns.
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

  /// Waits for one; the token's error if that stops first.
  Result<Turn> take(const StopToken& stop) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait(lock, stop.std_token(), [this] { return free_ > 0; }))
      return std::unexpected(stop.error());
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
