#include "encode/arrow_stream.hpp"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/limits.hpp"
#include "encode/test_batches.hpp"

namespace bowshot {
namespace {

struct Decoded {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<BatchPtr> batches;
  arrow::ipc::ReadStats stats;
};

arrow::Result<Decoded> decode(const std::string& bytes) {
  auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchStreamReader::Open(input));
  Decoded decoded{.schema = reader->schema(), .batches = {}, .stats = {}};
  ARROW_ASSIGN_OR_RAISE(decoded.batches, reader->ToRecordBatches());
  for (const auto& batch : decoded.batches) ARROW_RETURN_NOT_OK(batch->ValidateFull());
  decoded.stats = reader->stats();
  return decoded;
}

Decoded round_trip(const std::vector<BatchPtr>& batches, ArrowCodec codec = ArrowCodec::kNone) {
  ArrowStreamEncoder encoder(codec);
  return decode(encode_all(encoder, batches.front()->schema(), batches)).ValueOrDie();
}

BatchPtr repeat(const BatchPtr& batch, int times) {
  return arrow::ConcatenateRecordBatches(std::vector(times, batch)).ValueOrDie();
}

void expect_equal(const BatchPtr& expected, const BatchPtr& actual) {
  EXPECT_TRUE(expected->Equals(*actual, /*check_metadata=*/false,
                               arrow::EqualOptions::Defaults().nans_equal(true)))
      << expected->ToString() << actual->ToString();
}

class EveryCodec : public testing::TestWithParam<ArrowCodec> {};
INSTANTIATE_TEST_SUITE_P(ArrowStream, EveryCodec,
                         testing::Values(ArrowCodec::kNone, ArrowCodec::kZstd, ArrowCodec::kLz4));

TEST_P(EveryCodec, EveryTypeComesBack) {
  const auto small = every_type_batch();
  const auto large = repeat(small, 1'000);
  const auto decoded = round_trip({small, large}, GetParam());
  ASSERT_EQ(decoded.batches.size(), 2u);
  expect_equal(small, decoded.batches[0]);
  expect_equal(large, decoded.batches[1]);
}

TEST_P(EveryCodec, SlicesComeBackWhereverTheyBegin) {
  const auto whole = repeat(every_type_batch(), 3);
  for (int64_t first = 0; first < 12; ++first) {
    for (const int64_t rows : {int64_t{1}, 12 - first}) {
      if (first + rows > 12) continue;
      const auto slice = whole->Slice(first, rows);
      expect_equal(slice, round_trip({slice}, GetParam()).batches[0]);
    }
  }
}

TEST_P(EveryCodec, NoRowsAreAWholeStream) {
  ArrowStreamEncoder encoder(GetParam());
  const auto schema = every_type_batch()->schema();  // with a dictionary, of which nothing is sent
  const auto decoded = decode(encode_all(encoder, schema, {})).ValueOrDie();
  EXPECT_TRUE(decoded.schema->Equals(schema, /*check_metadata=*/false));
  EXPECT_TRUE(decoded.batches.empty());
}

TEST(ArrowStream, FactsAreMetadata) {
  ArrowStreamEncoder encoder(ArrowCodec::kNone);
  const auto batch = counting_batch(0, 3);
  const AnswerFacts facts{
      .version = "v1", .completeness = Completeness::kExact, .rows = 3, .total_rows = 9};
  const auto decoded = decode(encode_all(encoder, batch->schema(), {batch}, facts)).ValueOrDie();
  const auto& metadata = *decoded.schema->metadata();
  EXPECT_EQ(metadata.Get("bowshot.version"), "v1");
  EXPECT_EQ(metadata.Get("bowshot.completeness"), "exact");
  EXPECT_EQ(metadata.Get("bowshot.rows"), "3");
  EXPECT_EQ(metadata.Get("bowshot.total_rows"), "9");
}

TEST(ArrowStream, UnknownCountsAreNotInTheMetadata) {
  const auto metadata = round_trip({counting_batch(0, 3)}).schema->metadata();
  EXPECT_FALSE(metadata->Contains("bowshot.rows"));
  EXPECT_FALSE(metadata->Contains("bowshot.total_rows"));
}

TEST(ArrowStream, ColumnsAreNotCopied) {
  ArrowStreamEncoder encoder(ArrowCodec::kNone);
  const auto batch = counting_batch(0, 10'000);
  ASSERT_TRUE(encoder.begin(batch->schema(), {}));
  const ByteList bytes = encoder.batch(batch).value();
  const auto& values = batch->column_data(0)->buffers[1];
  EXPECT_TRUE(std::ranges::any_of(
      bytes, [&](const auto& piece) { return piece->data() == values->data(); }));
}

TEST(ArrowStream, ASliceSendsItsRowsOnly) {
  const auto whole = repeat(every_type_batch(), 10'000);
  ArrowStreamEncoder encoder(ArrowCodec::kNone);
  ASSERT_TRUE(encoder.begin(whole->schema(), {}));
  EXPECT_LT(byte_count(encoder.batch(whole->Slice(20'000, 8)).value()), 10'000);
}

TEST(ArrowStream, SlotsUnderNullsStayZeroInSlices) {
  auto values = arrow::AllocateBuffer(5 * sizeof(int64_t)).ValueOrDie();
  const std::array<int64_t, 5> written = {7, 0, 8, 0, 9};  // zero under the nulls of 0b10101
  std::memcpy(values->mutable_data(), written.data(), sizeof written);
  const auto array =
      std::make_shared<arrow::Int64Array>(5, std::shared_ptr<arrow::Buffer>(std::move(values)),
                                          arrow::Buffer::FromString(std::string(1, '\x15')));
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::int64())}), 5, {array});
  const auto decoded = round_trip({batch->Slice(1, 3)}).batches[0]->column_data(0);
  EXPECT_EQ(decoded->GetNullCount(), 2);
  EXPECT_EQ(decoded->GetValues<int64_t>(1)[0], 0);
  EXPECT_EQ(decoded->GetValues<int64_t>(1)[1], 8);
  EXPECT_EQ(decoded->GetValues<int64_t>(1)[2], 0);
}

TEST(ArrowStream, ADictionaryIsWrittenOnce) {
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto whole = one_column(type, R"(["x", "y", null, "z"])");
  const auto decoded = round_trip({whole->Slice(0, 1), whole->Slice(1, 2), whole->Slice(3, 1)});
  EXPECT_EQ(decoded.stats.num_dictionary_batches, 1);
  EXPECT_EQ(decoded.stats.num_record_batches, 3);
  const auto& first = static_cast<const arrow::DictionaryArray&>(*decoded.batches[0]->column(0));
  EXPECT_EQ(first.dictionary()->length(), 3);  // whole before the first batch
}

TEST(ArrowStream, AnEqualDictionaryInOtherMemoryIsTheSame) {
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto decoded = round_trip({one_column(type, R"(["x"])"), one_column(type, R"(["x"])")});
  EXPECT_EQ(decoded.stats.num_dictionary_batches, 1);
}

TEST_P(EveryCodec, AnotherDictionaryTakesThePlaceOfTheFirst) {
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const std::vector batches = {one_column(type, R"(["x"])"),
                               one_column(type, R"(["y", null, "x"])"),
                               one_column(type, R"(["y", "x"])"), one_column(type, R"(["x"])")};
  const auto decoded = round_trip(batches, GetParam());
  EXPECT_EQ(decoded.stats.num_replaced_dictionaries, 2);  // the second and the third are equal
  EXPECT_EQ(decoded.stats.num_dictionary_deltas, 0);
  ASSERT_EQ(decoded.batches.size(), batches.size());
  for (size_t i = 0; i < batches.size(); ++i) expect_equal(batches[i], decoded.batches[i]);
}

TEST(ArrowStream, TypesThatReadersDoNotKnowAreRefused) {
  for (const auto& type :
       {arrow::utf8_view(), arrow::list(arrow::binary_view()), arrow::list_view(arrow::int8()),
        arrow::run_end_encoded(arrow::int32(), arrow::utf8())}) {
    ArrowStreamEncoder encoder(ArrowCodec::kNone);
    const auto begun = encoder.begin(arrow::schema({arrow::field("x", type)}), {});
    ASSERT_FALSE(begun) << type->ToString();
    EXPECT_EQ(begun.error().code, ErrorCode::kInternal);
  }
}

TEST(ArrowStream, WhatEndsBelow16KiBIsNotCompressed) {
  const auto batch = counting_batch(0, 1'900);  // 15,200 bytes of values
  ArrowStreamEncoder plain(ArrowCodec::kNone);
  ArrowStreamEncoder zstd(ArrowCodec::kZstd);
  const std::string plain_bytes = encode_all(plain, batch->schema(), {batch});
  ASSERT_LT(std::ssize(plain_bytes), kCompressBytesMin);
  EXPECT_EQ(plain_bytes, encode_all(zstd, batch->schema(), {batch}));
}

TEST(ArrowStream, CompressionBeginsWithTheMessageThatPasses16KiB) {
  const auto batch = counting_batch(0, 1'900);
  ArrowStreamEncoder encoder(ArrowCodec::kZstd);
  ASSERT_TRUE(encoder.begin(batch->schema(), {}));
  EXPECT_GT(byte_count(encoder.batch(batch).value()), 15'000);
  EXPECT_LT(byte_count(encoder.batch(batch).value()), 10'000);
}

TEST(ArrowStream, MessagesAreMultiplesOf8Bytes) {
  ArrowStreamEncoder encoder(ArrowCodec::kZstd);
  const auto batch = repeat(every_type_batch(), 500);
  EXPECT_EQ(byte_count(encoder.begin(batch->schema(), {}).value()) % 8, 0);
  for (const int64_t rows : {1, 3, 2'000}) {
    EXPECT_EQ(byte_count(encoder.batch(batch->Slice(0, rows)).value()) % 8, 0);
  }
}

TEST(ArrowStream, AnAbortedStreamIsNotAWholeOne) {
  ArrowStreamEncoder encoder(ArrowCodec::kNone);
  const auto batch = counting_batch(0, 3);
  std::string bytes = text_of(encoder.begin(batch->schema(), {}).value());
  bytes += text_of(encoder.batch(batch).value());
  EXPECT_TRUE(decode(bytes).ok()) << "a stream without an end marker is one to Arrow's reader";
  const std::string last = text_of(encoder.abort());
  EXPECT_EQ(last, std::string("\xFF\xFF\xFF\xFF\0\1\0\0\0\0\0\0\0\0\0\0", 16));
  EXPECT_FALSE(decode(bytes + last).ok());
}

}  // namespace
}  // namespace bowshot
