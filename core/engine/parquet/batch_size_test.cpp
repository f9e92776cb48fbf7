#include "engine/parquet/batch_size.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/limits.hpp"

namespace bowshot {
namespace {

constexpr int64_t kRowBytes = 100;
constexpr int64_t kSmallBytes = 512 << 10;

int64_t read_batch(BatchSize& size) {
  const int64_t bytes = size.rows() * kRowBytes;
  size.observe(size.rows(), bytes);
  return bytes;
}

TEST(BatchSize, NoBatchIsLongerThanAllBeforeIt) {
  BatchSize size;
  size.expect({.bytes = kRowBytes, .is_exact = true});
  int64_t before = 0;
  for (int i = 0; i < 10; ++i) {
    EXPECT_LE(size.rows() * kRowBytes, std::max(before, kSmallBytes)) << i;
    before += read_batch(size);
  }
  EXPECT_NEAR(size.rows() * kRowBytes, kBatchBytesTarget, kRowBytes);
}

TEST(BatchSize, AfterARestTheyAreSmall) {
  BatchSize size;
  size.expect({.bytes = kRowBytes, .is_exact = true});
  for (int i = 0; i < 10; ++i) read_batch(size);
  size.rest();
  EXPECT_NEAR(size.rows() * kRowBytes, kSmallBytes, kRowBytes);
  for (int i = 0; i < 10; ++i) read_batch(size);
  EXPECT_NEAR(size.rows() * kRowBytes, kBatchBytesTarget, kRowBytes);
}

TEST(BatchSize, ARestBeforeTheFirstBatchChangesNothing) {
  BatchSize size;
  size.expect({.bytes = kRowBytes, .is_exact = true});
  const int64_t rows = size.rows();
  size.rest();
  EXPECT_EQ(size.rows(), rows);
}

}  // namespace
}  // namespace bowshot
