#include "transport/http/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <set>
#include <thread>
#include <utility>

namespace bowshot::http {
namespace {

TEST(WorkerPool, TasksRunAtOnceUpToTheLimit) {
  WorkerPool pool(4);
  std::latch all_run(4);
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(pool.submit([&] { all_run.arrive_and_wait(); }));
  all_run.wait();  // ends only when the four run at the same time
  EXPECT_EQ(pool.thread_count(), 4U);
}

TEST(WorkerPool, ATaskTooManyIsLeftToTheCaller) {
  WorkerPool pool(1);
  std::latch open(1);
  EXPECT_TRUE(pool.submit([&] { open.wait(); }));
  bool ran = false;
  WorkerPool::Task task = [&] { ran = true; };
  EXPECT_FALSE(pool.submit(std::move(task)));
  task();
  EXPECT_TRUE(ran);
  open.count_down();
}

TEST(WorkerPool, ThreadsAreKept) {
  WorkerPool pool(1);
  std::set<std::thread::id> threads;
  for (int i = 0; i < 50; ++i) {
    std::latch done(1);
    WorkerPool::Task task = [&] {
      threads.insert(std::this_thread::get_id());
      done.count_down();
    };
    while (!pool.submit(std::move(task))) std::this_thread::yield();  // idle a moment after done
    done.wait();
  }
  EXPECT_EQ(threads.size(), 1U);
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
