#pragma once

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "encode/encoder.hpp"
#include "engine/engine.hpp"

// What the tests of this folder share: batches from JSON text, a stream of given batches.
namespace bowshot {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

inline BatchPtr one_column(const std::shared_ptr<arrow::DataType>& type, std::string_view json,
                           const std::string& name = "x") {
  auto array = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field(name, type)}), array->length(),
                                  {array});
}

/// One column of each type of the protocol, with nulls and extremes; 4 rows.
inline BatchPtr every_type_batch() {
  const auto utc = [](auto unit) { return arrow::timestamp(unit, "UTC"); };
  const auto struct_type = arrow::struct_(
      {arrow::field("a", arrow::int64()), arrow::field("b", arrow::list(arrow::utf8()))});
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> columns = {
      {arrow::boolean(), "[true, false, null, true]"},
      {arrow::int8(), "[-128, 127, null, 0]"},
      {arrow::int16(), "[-32768, 32767, null, 0]"},
      {arrow::int32(), "[-2147483648, 2147483647, null, 0]"},
      {arrow::int64(), "[-9223372036854775808, 9223372036854775807, null, 9007199254740992]"},
      {arrow::uint8(), "[0, 255, null, 1]"},
      {arrow::uint16(), "[0, 65535, null, 1]"},
      {arrow::uint32(), "[0, 4294967295, null, 1]"},
      {arrow::uint64(), "[0, 18446744073709551615, null, 9007199254740993]"},
      {arrow::float16(), "[0.5, -65504, null, NaN]"},
      {arrow::float32(), "[0.1, Inf, null, NaN]"},
      {arrow::float64(), "[0.1, -Inf, null, NaN]"},
      {arrow::utf8(), R"(["", "a,\"b\"\r\n", null, "é€😀"])"},
      {arrow::binary(), R"(["", "abcd", null, "ab"])"},
      {arrow::date32(), "[0, -1, null, 20779]"},
      {arrow::time64(arrow::TimeUnit::MICRO), "[0, 86399999999, null, 36000000001]"},
      {arrow::timestamp(arrow::TimeUnit::SECOND), "[0, -1, null, 1795341600]"},
      {arrow::timestamp(arrow::TimeUnit::MILLI), "[0, -1, null, 1795341600120]"},
      {arrow::timestamp(arrow::TimeUnit::MICRO), "[0, -1, null, 1795341600123456]"},
      {arrow::timestamp(arrow::TimeUnit::NANO), "[0, -1, null, 1795341600123456789]"},
      {utc(arrow::TimeUnit::MICRO), "[0, -1, null, 1795341600000000]"},
      {arrow::duration(arrow::TimeUnit::MICRO), "[0, -1, null, 93784500000]"},
      {arrow::decimal128(38, 2), R"(["0.00", "-0.05", null, "123456789012345678901234567890.12"])"},
      {arrow::list(arrow::int32()), "[[], [1, null, 3], null, [4]]"},
      {struct_type, R"([{"a": 1, "b": ["x"]}, {"a": null, "b": null}, null, {"a": 2, "b": []}])"},
      {arrow::dictionary(arrow::int32(), arrow::utf8()), R"(["x", "y", null, "x"])"},
  };
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [type, json] : columns) {
    fields.push_back(arrow::field("c" + std::to_string(fields.size()), type));
    arrays.push_back(arrow::json::ArrayFromJSONString(type, json).ValueOrDie());
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), 4, arrays);
}

/// The bytes as one text.
inline std::string text_of(const ByteList& bytes) {
  std::string text;
  for (const auto& piece : bytes) text += std::string_view(*piece);
  return text;
}

/// A whole answer of one encoder.
inline std::string encode_all(Encoder& encoder, const std::shared_ptr<arrow::Schema>& schema,
                              const std::vector<BatchPtr>& batches, const AnswerFacts& facts = {}) {
  std::string out = text_of(encoder.begin(schema, facts).value());
  for (const auto& batch : batches) out += text_of(encoder.batch(batch).value());
  return out + text_of(encoder.end().value());
}

/// A stream of given batches; an error after them, where one is given. Counts the calls of next().
class FixedStream final : public BatchStream {
 public:
  FixedStream(std::shared_ptr<arrow::Schema> schema, std::vector<BatchPtr> batches,
              std::optional<Error> failure = std::nullopt, int* calls = nullptr)
      : schema_(std::move(schema)),
        batches_(std::move(batches)),
        failure_(std::move(failure)),
        calls_(calls) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }

  Result<BatchPtr> next() override {
    if (calls_) ++*calls_;
    if (at_ < batches_.size()) return batches_[at_++];
    if (failure_) return fail(*failure_);
    return nullptr;
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<BatchPtr> batches_;
  std::optional<Error> failure_;
  int* calls_;  // may be null; outlives the stream
  size_t at_ = 0;
};

/// `rows` rows of one int64 column `x`: first, first + 1, ...
inline BatchPtr counting_batch(int64_t first, int64_t rows) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(first + i).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::int64())}), rows,
                                  {builder.Finish().ValueOrDie()});
}

}  // namespace bowshot
