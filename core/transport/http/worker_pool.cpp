#include "transport/http/worker_pool.hpp"

#include <signal.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace bowshot::http {

bool WorkerPool::submit(Task&& task) {
  std::unique_lock lock(mutex_);
  if (stopping_) return false;
  if (!idle_.empty()) {
    Worker& worker = *idle_.back();
    idle_.pop_back();
    worker.task = std::move(task);
    lock.unlock();  // the woken thread finds the lock free
    worker.wake.notify_one();
    return true;
  }
  join_retired();
  if (workers_.size() >= threads_max_) return false;
  auto worker = std::make_unique<Worker>();
  worker->task = std::move(task);
  try {
    worker->thread = std::thread([this, pointer = worker.get()] { run(*pointer); });
  } catch (const std::system_error&) {  // the machine has no thread left
    task = std::move(worker->task);
    return false;
  }
  workers_.push_back(std::move(worker));
  return true;
}

/// sendfile() has no MSG_NOSIGNAL: a client that left must be an error of the call.
static void block_broken_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void WorkerPool::run(Worker& worker) {
  block_broken_pipe_signal();
  std::unique_lock lock(mutex_);
  while (true) {
    if (worker.task) {
      Task task = std::exchange(worker.task, nullptr);
      lock.unlock();
      task();
      task = nullptr;  // what it holds is released outside of the lock
      lock.lock();
      if (!stopping_) idle_.push_back(&worker);
      continue;
    }
    if (stopping_) return;
    const bool woken =
        worker.wake.wait_for(lock, idle_max_, [&] { return stopping_ || worker.task; });
    if (woken) continue;
    std::erase(idle_, &worker);
    worker.is_retired = true;
    return;
  }
}

/// A retired thread has let go of the lock for good: joining it takes no time.
void WorkerPool::join_retired() {
  std::erase_if(workers_, [](const std::unique_ptr<Worker>& worker) {
    if (worker->is_retired) worker->thread.join();
    return worker->is_retired;
  });
}

void WorkerPool::stop() {
  std::vector<std::unique_ptr<Worker>> workers;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    idle_.clear();
    workers = std::move(workers_);
    workers_.clear();
    for (const auto& worker : workers) worker->wake.notify_one();
  }
  for (const auto& worker : workers) worker->thread.join();
}

void WorkerPool::set_threads_max(size_t threads_max) {
  std::lock_guard lock(mutex_);
  threads_max_ = threads_max;
}

size_t WorkerPool::thread_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::ranges::count_if(
      workers_, [](const std::unique_ptr<Worker>& worker) { return !worker->is_retired; }));
}

}  // namespace bowshot::http
