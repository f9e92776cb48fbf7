#include "source/work_thread.hpp"

#include <chrono>
#include <utility>

namespace bowshot {

namespace {

constexpr auto kIdlePause = std::chrono::seconds(10);

}  // namespace

void WorkThread::start() {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable() && !stop_.token().stop_requested())
    thread_ = std::thread([this] { run(); });
}

void WorkThread::stop() {
  stop_.request_stop(StopReason::kShutdown);
  std::thread ending;
  {
    const std::lock_guard lock(mutex_);
    std::swap(ending, thread_);
    waiting_.clear();
  }
  if (ending.joinable()) ending.join();
}

void WorkThread::submit(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (stop_.token().stop_requested()) return;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void WorkThread::run() {
  const StopToken stop = stop_.token();
  for (;;) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      const bool has_work =
          changed_.wait_for(lock, stop.std_token(), kIdlePause, [&] { return !waiting_.empty(); });
      if (stop.stop_requested()) return;
      if (!has_work) continue;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work(stop);
  }
}

}  // namespace bowshot
