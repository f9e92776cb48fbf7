#include "engine/duckdb/distinct_sketch.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace bowshot {
namespace {

DistinctSketch sketch_of(uint64_t seed, int64_t count) {
  std::mt19937_64 random(seed);
  DistinctSketch sketch;
  for (int64_t i = 0; i < count; ++i) sketch.add(random());
  return sketch;
}

TEST(DistinctSketch, IsExactWhileFew) {
  EXPECT_EQ(DistinctSketch().estimate(), 0);
  DistinctSketch sketch;
  for (int round = 0; round < 3; ++round)
    for (uint64_t hash = 0; hash < 2; ++hash) sketch.add(hash << 40);
  EXPECT_EQ(sketch.estimate(), 2);
  for (const int64_t count : {int64_t{1}, int64_t{4}, int64_t{5}, DistinctSketch::kExactMax})
    EXPECT_EQ(sketch_of(1, count).estimate(), count);
}

/// Five standard errors: a run in two millions fails by chance, and these seeds do not.
TEST(DistinctSketch, IsCloseWhereMany) {
  for (const int64_t count : {1'025, 5'000, 20'000, 40'000, 100'000, 3'000'000})
    for (uint64_t seed = 0; seed < 5; ++seed) {
      const auto estimate = static_cast<double>(sketch_of(seed, count).estimate());
      EXPECT_LT(std::abs(estimate / static_cast<double>(count) - 1), 0.06) << count << ' ' << seed;
    }
}

TEST(DistinctSketch, HasNoBias) {
  for (const int64_t count : {2'000, 20'000, 60'000}) {
    double sum = 0;
    for (uint64_t seed = 0; seed < 100; ++seed)
      sum += static_cast<double>(sketch_of(seed, count).estimate());
    EXPECT_NEAR(sum / 100 / static_cast<double>(count), 1, 0.006) << count;
  }
}

/// The same numbers added once or twice, in one sketch or in parts, are as many.
TEST(DistinctSketch, MergesToTheSketchOfAllRows) {
  for (const int64_t left : {0, 10, 1'000, 5'000})
    for (const int64_t right : {0, 10, 1'000, 5'000}) {
      DistinctSketch merged = sketch_of(1, left);
      merged.merge(sketch_of(2, right));
      merged.merge(sketch_of(1, left));
      DistinctSketch whole;
      std::mt19937_64 first(1);
      std::mt19937_64 second(2);
      for (int64_t i = 0; i < right; ++i) whole.add(second());
      for (int64_t i = 0; i < left; ++i) whole.add(first());
      EXPECT_EQ(merged.estimate(), whole.estimate()) << left << ' ' << right;
    }
}

}  // namespace
}  // namespace bowshot
