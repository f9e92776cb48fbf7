#include "encode/sized_stream.hpp"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <string>

#include "base/limits.hpp"
#include "encode/test_batches.hpp"

namespace bowshot {
namespace {

std::chrono::steady_clock::time_point standing_clock() {
  return {};
}

struct Sizes {
  std::vector<int64_t> rows;
  int64_t sum = 0;
};

/// Drains a stream of counting batches of these sizes and checks that every row came, in order.
Sizes drain(const std::vector<int64_t>& upstream, SteadyClock clock = standing_clock) {
  std::vector<BatchPtr> batches;
  int64_t first = 0;
  for (const int64_t rows : upstream) {
    batches.push_back(counting_batch(first, rows));
    first += rows;
  }
  auto stream = make_sized_stream(
      std::make_unique<FixedStream>(counting_batch(0, 0)->schema(), batches), std::move(clock));
  Sizes sizes;
  for (;;) {
    const auto batch = stream->next().value();
    if (!batch) break;
    const auto& values = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t i = 0; i < values.length(); ++i) EXPECT_EQ(values.Value(i), sizes.sum + i);
    sizes.rows.push_back(batch->num_rows());
    sizes.sum += batch->num_rows();
  }
  EXPECT_EQ(sizes.sum, first);
  EXPECT_EQ(stream->next().value(), nullptr);  // the end stays the end
  return sizes;
}

TEST(SizedStream, LargeBatchesAreCut) {
  EXPECT_EQ(drain({150'000}).rows, (std::vector<int64_t>{4'096, 65'536, 65'536, 14'832}));
}

TEST(SizedStream, TheFirstBatchDoesNotWait) {
  int calls = 0;
  auto stream = make_sized_stream(
      std::make_unique<FixedStream>(counting_batch(0, 0)->schema(),
                                    std::vector{counting_batch(0, 5), counting_batch(5, 5)},
                                    std::nullopt, &calls),
      standing_clock);
  EXPECT_EQ(stream->next().value()->num_rows(), 5);
  EXPECT_EQ(calls, 1);
}

TEST(SizedStream, SmallBatchesAreJoined) {
  const auto sizes = drain(std::vector<int64_t>(100, 2'048));
  EXPECT_EQ(sizes.rows.front(), 2'048);
  for (size_t i = 1; i + 1 < sizes.rows.size(); ++i) EXPECT_EQ(sizes.rows[i], 32'768);
}

TEST(SizedStream, JoiningEndsAfterItsTime) {
  auto now = std::make_shared<std::chrono::steady_clock::time_point>();
  const auto slow = [now] { return *now += std::chrono::milliseconds(60); };
  // 4 rows at once, then each look at the clock shows 60 ms more: two batches fit in 100 ms.
  EXPECT_EQ(drain({4, 4, 4, 4, 4}, slow).rows, (std::vector<int64_t>{4, 8, 8}));
}

TEST(SizedStream, WhatComesSlowlyLeavesAsItComes) {
  int calls = 0;
  auto stream = make_sized_stream(
      std::make_unique<FixedStream>(counting_batch(0, 0)->schema(),
                                    std::vector{counting_batch(0, 5), counting_batch(5, 5),
                                                counting_batch(10, 5), counting_batch(15, 5)},
                                    std::nullopt, &calls),
      [&calls] { return standing_clock() + calls * (kJoinTimeMax + kJoinTimeMax / 2); });
  for (int batches = 1; batches <= 4; ++batches) {
    EXPECT_EQ(stream->next().value()->num_rows(), 5);
    EXPECT_EQ(calls, batches);
  }
}

TEST(SizedStream, EmptyBatchesAreLeftOut) {
  EXPECT_EQ(drain({0, 3, 0, 0, 4, 0}).rows, (std::vector<int64_t>{3, 4}));
  EXPECT_TRUE(drain({}).rows.empty());
}

TEST(SizedStream, LongTextsMakeBatchesOf4MiB) {
  arrow::StringBuilder builder;
  const std::string text(50'000, 'x');
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(builder.Append(text).ok());
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::utf8())}),
                                              1'000, {builder.Finish().ValueOrDie()});
  auto stream = make_sized_stream(
      std::make_unique<FixedStream>(batch->schema(), std::vector{batch}), standing_clock);
  int64_t rows = 0;
  while (const auto part = stream->next().value()) {
    const int64_t bytes = slice_bytes(*part, 0, part->num_rows());
    EXPECT_LE(bytes, kBatchBytesTarget);
    rows += part->num_rows();
    if (rows > 100 && rows < 1'000) {
      EXPECT_GT(bytes, kBatchBytesTarget - 60'000);
    }
  }
  EXPECT_EQ(rows, 1'000);
}

TEST(SizedStream, ARowLargerThanABatchGoesAlone) {
  arrow::StringBuilder builder;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(builder.Append(std::string(kBatchBytesTarget + 1, 'x')).ok());
  }
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::utf8())}), 3,
                                              {builder.Finish().ValueOrDie()});
  auto stream = make_sized_stream(
      std::make_unique<FixedStream>(batch->schema(), std::vector{batch}), standing_clock);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(stream->next().value()->num_rows(), 1);
  EXPECT_EQ(stream->next().value(), nullptr);
}

TEST(SizedStream, AnErrorStays) {
  auto stream = make_sized_stream(
      std::make_unique<FixedStream>(counting_batch(0, 0)->schema(),
                                    std::vector{counting_batch(0, 5), counting_batch(5, 5)},
                                    Error{.code = ErrorCode::kVersionChanged, .detail = "changed"}),
      standing_clock);
  EXPECT_EQ(stream->next().value()->num_rows(), 5);
  for (int i = 0; i < 2; ++i) {
    const auto failed = stream->next();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kVersionChanged);
  }
}

TEST(SliceBytes, CountsTheSliceAlone) {
  EXPECT_EQ(slice_bytes(*counting_batch(0, 1'000), 10, 5), 40);
  EXPECT_EQ(slice_bytes(*one_column(arrow::int32(), "[1, null, 3, 4, 5, 6, 7, 8, 9]"), 0, 9),
            36 + 2);
  EXPECT_EQ(slice_bytes(*one_column(arrow::boolean(), "[true, false, true]"), 0, 3), 1);
  const auto texts = one_column(arrow::utf8(), R"(["aaaa", "bb", "c", ""])");
  EXPECT_EQ(slice_bytes(*texts, 1, 2), 3 * 4 + 3);
  EXPECT_EQ(slice_bytes(*texts->Slice(1), 0, 2), 3 * 4 + 3);
  const auto lists = one_column(arrow::list(arrow::int16()), "[[1, 2, 3], [4], [], [5, 6]]");
  EXPECT_EQ(slice_bytes(*lists->Slice(1), 0, 3), 4 * 4 + 3 * 2);
  const auto structs = one_column(
      arrow::struct_({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())}),
      R"([{"a": 1, "b": "xx"}, {"a": 2, "b": "yyyyyy"}])");
  EXPECT_EQ(slice_bytes(*structs->Slice(1), 0, 1), 8 + 2 * 4 + 6);
  const auto codes = one_column(arrow::dictionary(arrow::int32(), arrow::utf8()),
                                R"(["a long text", "a long text"])");
  EXPECT_EQ(slice_bytes(*codes, 0, 2), 8);
}

}  // namespace
}  // namespace bowshot
