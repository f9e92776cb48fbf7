#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace bowshot::http {

/// Threads that run answers. A task never waits for another: it gets an idle thread, the one that
/// became idle last (its stack is still in the cache), or a new one. A thread that got no task for
/// `idle_max` ends; stop() joins them all. SIGPIPE is blocked in them. submit() and stop() may be
/// called from any thread.
class WorkerPool {
 public:
  using Task = std::move_only_function<void()>;

  explicit WorkerPool(size_t threads_max,
                      std::chrono::milliseconds idle_max = std::chrono::minutes(1))
      : idle_max_(idle_max), threads_max_(threads_max) {}
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when every thread is at work and no more can be had: the task is left where it was.
  [[nodiscard]] bool submit(Task&& task);
  /// Lets the running tasks end and joins every thread. Idempotent.
  void stop();
  /// For tasks to come; threads that are there stay.
  void set_threads_max(size_t threads_max);
  size_t thread_count() const;

 private:
  // Not a Guarded: each thread waits on a condition of its own, so that exactly one wakes a task.
  struct Worker {
    std::condition_variable wake;
    Task task;                // empty while idle
    bool is_retired = false;  // about to end; nothing else of it is used
    std::thread thread;
  };

  void run(Worker& worker);
  void join_retired();

  const std::chrono::milliseconds idle_max_;
  mutable std::mutex mutex_;  // guards everything below
  size_t threads_max_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;  // of workers_; the last became idle last
  bool stopping_ = false;
};

}  // namespace bowshot::http
