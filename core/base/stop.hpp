#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>

#include "base/error.hpp"

namespace bowshot {

enum class StopReason { kNone, kClientLeft, kDeadline, kShutdown };

namespace internal {
struct StopState {
  std::stop_source source;
  std::atomic<StopReason> reason = StopReason::kNone;
};
}  // namespace internal

/// Whether a piece of work should end, and why. Cheap to copy; safe from any thread.
class StopToken {
 public:
  StopToken() = default;  // never stops
  bool stop_requested() const { return state_ && state_->source.stop_requested(); }
  StopReason reason() const { return state_ ? state_->reason.load() : StopReason::kNone; }
  /// The error that a stopped piece of work returns: `cancelled`, `deadline_exceeded`, `not_ready`.
  Error error() const;
  /// For std::stop_callback and std::condition_variable_any.
  std::stop_token std_token() const {
    return state_ ? state_->source.get_token() : std::stop_token();
  }

 private:
  friend class StopSource;
  explicit StopToken(std::shared_ptr<internal::StopState> state) : state_(std::move(state)) {}
  std::shared_ptr<internal::StopState> state_;
};

/// The side that stops. The first reason given stands.
class StopSource {
 public:
  StopSource() : state_(std::make_shared<internal::StopState>()) {}
  StopToken token() const { return StopToken(state_); }
  void request_stop(StopReason reason);

 private:
  std::shared_ptr<internal::StopState> state_;  // shared with every token
};

/// Calls `function` once, from the stopping thread, when the token stops (at once if it has).
class StopCallback {
 public:
  StopCallback(const StopToken& token, std::function<void()> function)
      : callback_(token.std_token(), std::move(function)) {}

 private:
  std::stop_callback<std::function<void()>> callback_;
};

}  // namespace bowshot
