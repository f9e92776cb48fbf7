#include "base/shared_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bowshot {
namespace {

using Cache = SharedCache<int, std::string>;

Result<Cache::Made> made(std::string text) {
  const auto bytes = static_cast<int64_t>(text.size());
  return Cache::Made{.value = std::make_shared<const std::string>(std::move(text)), .bytes = bytes};
}

std::string ask(Cache& cache, int key, std::string text) {
  const auto value = cache.find_or_make(key, StopToken(), [&] { return made(text); });
  return value ? **value : value.error().detail;
}

TEST(SharedCache, MakesOnceAndFindsAfter) {
  Cache cache(100);
  EXPECT_EQ(ask(cache, 1, "one"), "one");
  EXPECT_EQ(ask(cache, 1, "another"), "one");
  EXPECT_EQ(cache.counts().hits, 1);
  EXPECT_EQ(cache.counts().misses, 1);
  EXPECT_EQ(cache.counts().bytes, 3);
}

TEST(SharedCache, TheLeastLatelyUsedGoesFirst) {
  Cache cache(6);
  ask(cache, 1, "aa");
  ask(cache, 2, "bb");
  ask(cache, 3, "cc");
  EXPECT_TRUE(cache.find(1));  // a use
  ask(cache, 4, "dd");
  EXPECT_TRUE(cache.contains(1));
  EXPECT_FALSE(cache.contains(2));
  EXPECT_TRUE(cache.contains(3));
  EXPECT_EQ(cache.counts().bytes, 6);
  EXPECT_EQ(cache.counts().evictions, 1);
  ask(cache, 5, "five");
  EXPECT_EQ(cache.counts().entries, 2);  // 4 and 5
  EXPECT_EQ(cache.counts().bytes, 6);
}

TEST(SharedCache, WhatIsTooLargeOrNotToBeKeptIsStillGiven) {
  Cache cache(3);
  EXPECT_EQ(ask(cache, 1, "four"), "four");
  EXPECT_FALSE(cache.contains(1));
  const auto value = cache.find_or_make(2, StopToken(), [&] { return made("b"); }, false);
  EXPECT_EQ(**value, "b");
  EXPECT_FALSE(cache.contains(2));
  Cache none(0);
  EXPECT_EQ(ask(none, 1, "x"), "x");
  EXPECT_EQ(none.counts().bytes, 0);
}

TEST(SharedCache, FailuresAreNotKept) {
  Cache cache(100);
  const auto failed = cache.find_or_make(
      1, StopToken(), [&]() -> Result<Cache::Made> { return fail(ErrorCode::kBadData, "broken"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().detail, "broken");
  EXPECT_THROW((void)cache.find_or_make(
                   1, StopToken(), [&]() -> Result<Cache::Made> { throw std::runtime_error("x"); }),
               std::runtime_error);
  EXPECT_EQ(ask(cache, 1, "whole"), "whole");
}

TEST(SharedCache, ConcurrentAskersWaitForOne) {
  Cache cache(100);
  constexpr int kAskers = 8;
  std::latch all_began(kAskers);
  std::atomic<int> makes = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < kAskers; ++i)
    askers.emplace_back([&] {
      all_began.arrive_and_wait();
      const auto value = cache.find_or_make(1, StopToken(), [&] {
        ++makes;
        return made("value");
      });
      EXPECT_EQ(**value, "value");
    });
  for (auto& asker : askers) asker.join();
  EXPECT_EQ(makes, 1);
  EXPECT_EQ(cache.counts().hits, kAskers - 1);
}

TEST(SharedCache, WhoWaitedForAFailureTriesAlone) {
  Cache cache(100);
  std::latch is_making(2);
  std::latch may_fail(2);
  std::thread first([&] {
    const auto value = cache.find_or_make(1, StopToken(), [&]() -> Result<Cache::Made> {
      is_making.arrive_and_wait();
      may_fail.arrive_and_wait();
      return fail(ErrorCode::kCancelled, "my client left");
    });
    EXPECT_FALSE(value);
  });
  is_making.arrive_and_wait();
  std::thread second([&] { EXPECT_EQ(ask(cache, 1, "mine"), "mine"); });
  may_fail.arrive_and_wait();
  first.join();
  second.join();
}

TEST(SharedCache, AStopEndsTheWait) {
  Cache cache(100);
  std::latch is_making(2);
  std::latch may_end(2);
  std::thread first([&] {
    (void)cache.find_or_make(1, StopToken(), [&] {
      is_making.arrive_and_wait();
      may_end.arrive_and_wait();
      return made("late");
    });
  });
  is_making.arrive_and_wait();
  StopSource stop;
  std::thread second([&] {
    const auto value = cache.find_or_make(1, stop.token(), [&] { return made("never"); });
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, ErrorCode::kCancelled);
  });
  stop.request_stop(StopReason::kClientLeft);
  second.join();
  may_end.arrive_and_wait();
  first.join();
  EXPECT_EQ(**cache.find_or_make(1, StopToken(), [&] { return made("never"); }), "late");
}

/// Values are right and the bytes bounded whatever the threads do.
TEST(SharedCache, ManyThreads) {
  Cache cache(400);
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed)
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 5'000; ++i) {
        const int key = static_cast<int>(random() % 100);
        EXPECT_EQ(ask(cache, key, std::string(static_cast<size_t>(key % 10 + 1), 'x')).size(),
                  static_cast<size_t>(key % 10 + 1));
      }
    });
  for (auto& thread : threads) thread.join();
  const CacheCounts counts = cache.counts();
  EXPECT_LE(counts.bytes, 400);
  EXPECT_EQ(counts.hits + counts.misses, 20'000);
  EXPECT_GT(counts.evictions, 0);
}

}  // namespace
}  // namespace bowshot
