#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/stop.hpp"

namespace bowshot {

/// One thread that does what is handed in, one piece after another, each of which keeps every core
/// busy by itself. Work that is handed in before start() waits for it. stop() ends what runs by its
/// token, forgets the rest and joins the thread; both are idempotent. Safe from any thread.
class WorkThread {
 public:
  using Work = std::function<void(const StopToken&)>;
  WorkThread() = default;
  ~WorkThread() { stop(); }
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  void start();
  void stop();
  /// Each dataset hands in one piece of work at a time, so the queue is as long as the catalog.
  void submit(Work work);

 private:
  void run();

  StopSource stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Work> waiting_;  // guarded by mutex_
  std::thread thread_;        // guarded by mutex_
};

}  // namespace bowshot
