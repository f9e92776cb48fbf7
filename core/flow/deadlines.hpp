#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace bowshot {

/// Calls functions when their time comes, on one thread of its own. Functions must be quick (they
/// request a stop). Safe from any thread; the thread is joined in the destructor.
///   const auto alarm = deadlines.at(time, [source] { source.request_stop(...); });
class Deadlines {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Deadlines();
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  /// Destroying it cancels the call; it does not wait for one that has begun.
  class Alarm {
   public:
    Alarm(Alarm&& other) noexcept;
    Alarm& operator=(Alarm&&) = delete;
    ~Alarm() { cancel(); }
    void cancel();

   private:
    friend class Deadlines;
    using Key = std::pair<TimePoint, int64_t>;
    Alarm(Deadlines* owner, Key key) : owner_(owner), key_(key) {}
    Deadlines* owner_;  // outlives the alarm; null when cancelled
    Key key_;
  };

  Alarm at(TimePoint time, std::function<void()> function);

 private:
  void run();

  std::mutex mutex_;  // guards all below but the thread
  std::condition_variable changed_;
  std::map<Alarm::Key, std::function<void()>> calls_;
  int64_t calls_made_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace bowshot
