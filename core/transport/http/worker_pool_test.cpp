#include "transport/http/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "transport/http/test_server_test.hpp"

namespace bowshot::http {
namespace {

using testing::kTestDeadline;
using testing::Mailbox;

/// Submits as soon as a thread is free: one is idle a moment after its task's last words.
void submit_soon(WorkerPool& pool, WorkerPool::Task task) {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  // NOLINTNEXTLINE(bugprone-use-after-move): submit() takes it only where it returns true
  while (!pool.submit(std::move(task)) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
}

std::thread::id run_once(WorkerPool& pool) {
  const auto ran = std::make_shared<Mailbox<std::thread::id>>();  // the task may outlast us
  submit_soon(pool, [ran] { ran->put(std::this_thread::get_id()); });
  return ran->take();
}

TEST(WorkerPool, TasksRunAtOnceUpToTheLimit) {
  Guarded<int> running{0};
  Mailbox<bool> all_ran;
  WorkerPool pool(4);  // goes first, so that no task outlasts what it uses
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(pool.submit([&] {
      running.with([](int& count) { ++count; });
      running.notify();
      const auto are_four = [](int count) { return count == 4; };
      all_ran.put(
          running.wait_until(std::chrono::steady_clock::now() + kTestDeadline, are_four, are_four));
    }));
  }
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(all_ran.take());
  EXPECT_EQ(pool.thread_count(), 4U);
}

TEST(WorkerPool, ATaskTooManyIsLeftToTheCaller) {
  Mailbox<bool> open;
  WorkerPool pool(1);
  EXPECT_TRUE(pool.submit([&] { open.take(); }));
  bool ran = false;
  WorkerPool::Task task = [&] { ran = true; };
  EXPECT_FALSE(pool.submit(std::move(task)));
  task();  // NOLINT(bugprone-use-after-move): submit() left it
  EXPECT_TRUE(ran);
  open.put(true);
}

TEST(WorkerPool, AThreadIsKeptForTheNextTask) {
  WorkerPool pool(1);
  const std::thread::id first = run_once(pool);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(run_once(pool), first);
}

TEST(WorkerPool, AThreadThatIsNotNeededEnds) {
  WorkerPool pool(1, std::chrono::milliseconds(1));
  run_once(pool);
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (pool.thread_count() > 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_EQ(pool.thread_count(), 0U);
  run_once(pool);  // and makes room for another
  EXPECT_LE(pool.thread_count(), 1U);
}

TEST(WorkerPool, StopLetsTasksEndAndTakesNoMore) {
  std::atomic<int> ran = 0;
  WorkerPool pool(50);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(pool.submit([&] { ++ran; }));
  pool.stop();
  pool.stop();
  EXPECT_EQ(ran, 50);
  EXPECT_FALSE(pool.submit([] {}));
}

}  // namespace
}  // namespace bowshot::http
