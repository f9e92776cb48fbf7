#include "flow/deadlines.hpp"

#include <utility>

namespace bowshot {

Deadlines::Deadlines() : thread_([this] { run(); }) {}

Deadlines::~Deadlines() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Deadlines::Alarm Deadlines::at(TimePoint time, std::function<void()> function) {
  std::lock_guard lock(mutex_);
  const Alarm::Key key(time, calls_made_++);
  const auto position = calls_.emplace(key, std::move(function)).first;
  if (position == calls_.begin()) changed_.notify_all();
  return {this, key};
}

void Deadlines::run() {
  constexpr auto kIdleWait = std::chrono::hours(1);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const TimePoint now = std::chrono::steady_clock::now();
    if (calls_.empty() || calls_.begin()->first.first > now) {
      changed_.wait_until(lock, calls_.empty() ? now + kIdleWait : calls_.begin()->first.first);
      continue;
    }
    const std::function<void()> function = std::move(calls_.begin()->second);
    calls_.erase(calls_.begin());
    lock.unlock();
    function();
    lock.lock();
  }
}

Deadlines::Alarm::Alarm(Alarm&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}

void Deadlines::Alarm::cancel() {
  if (owner_ == nullptr) return;
  std::lock_guard lock(owner_->mutex_);
  owner_->calls_.erase(key_);
  owner_ = nullptr;
}

}  // namespace bowshot
