#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>

namespace bowshot {

/// Data that is reachable only through its lock.
///   Guarded<std::vector<int>> numbers;
///   numbers.with([](auto& n) { n.push_back(1); });
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class Function>
  auto with(Function&& function) {
    std::lock_guard lock(mutex_);
    return std::invoke(std::forward<Function>(function), value_);
  }

  template <class Function>
  auto with(Function&& function) const {
    std::lock_guard lock(mutex_);
    return std::invoke(std::forward<Function>(function), value_);
  }

  /// Waits until `predicate(value)` holds or the time point passes, then calls `function(value)`
  /// under the same lock. Whoever changes the value calls `notify()`.
  template <class Clock, class Duration, class Predicate, class Function>
  auto wait_until(std::chrono::time_point<Clock, Duration> deadline, Predicate&& predicate,
                  Function&& function) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return predicate(std::as_const(value_)); });
    return std::invoke(std::forward<Function>(function), value_);
  }

  void notify() { changed_.notify_all(); }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  T value_{};
};

}  // namespace bowshot
