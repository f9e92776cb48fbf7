// The formats that end with a footer: Arrow's file and Parquet.

#include <arrow/compute/cast.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include "encode/arrow_file.hpp"
#include "encode/parquet.hpp"
#include "encode/test_batches.hpp"

namespace bowshot {
namespace {

std::shared_ptr<arrow::io::RandomAccessFile> as_file(const std::string& bytes) {
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
}

arrow::Result<std::shared_ptr<arrow::Table>> read_arrow_file(const std::string& bytes) {
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(as_file(bytes)));
  return reader->ToTable();
}

arrow::Result<std::shared_ptr<arrow::Table>> read_parquet(const std::string& bytes) {
  std::unique_ptr<parquet::ParquetFileReader> file;
  try {
    file = parquet::ParquetFileReader::Open(as_file(bytes));
  } catch (const std::exception& exception) {
    return arrow::Status::Invalid(exception.what());
  }
  ARROW_ASSIGN_OR_RAISE(
      auto reader, parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(file)));
  return reader->ReadTable();
}

void expect_rows(const arrow::Table& table, const std::vector<BatchPtr>& batches) {
  ASSERT_TRUE(table.ValidateFull().ok());
  const auto expected = arrow::Table::FromRecordBatches(batches).ValueOrDie();
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
  EXPECT_TRUE(expected->Equals(table, options)) << table.ToString();
}

const AnswerFacts kFacts{.version = "v1", .completeness = Completeness::kExact, .rows = 8};

TEST(ArrowFile, EveryTypeComesBackWithEveryCodec) {
  const auto batch = every_type_batch();
  const auto large = arrow::ConcatenateRecordBatches(std::vector(1'000, batch)).ValueOrDie();
  size_t bytes_max = 0;  // half of what the plain file has
  for (const ArrowCodec codec : {ArrowCodec::kNone, ArrowCodec::kZstd, ArrowCodec::kLz4}) {
    ArrowFileEncoder encoder(codec);
    const std::string bytes = encode_all(encoder, batch->schema(), {batch, large}, kFacts);
    const auto table = read_arrow_file(bytes).ValueOrDie();
    expect_rows(*table, {batch, large});
    EXPECT_EQ(*table->schema()->metadata()->Get("bowshot.version"), "v1");
    if (codec == ArrowCodec::kNone) {
      bytes_max = bytes.size() / 2;
    } else {
      EXPECT_LT(bytes.size(), bytes_max);
    }
  }
}

TEST(ArrowFile, NoRowsAreAFile) {
  ArrowFileEncoder encoder(ArrowCodec::kNone);
  const auto schema = every_type_batch()->schema();
  const auto table = read_arrow_file(encode_all(encoder, schema, {}, kFacts)).ValueOrDie();
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_TRUE(table->schema()->Equals(*schema, /*check_metadata=*/false));
}

TEST(ArrowFile, AnotherDictionaryIsRefused) {
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  ArrowFileEncoder encoder(ArrowCodec::kNone);
  const auto batch = one_column(type, R"(["x"])");
  ASSERT_TRUE(encoder.begin(batch->schema(), kFacts));
  ASSERT_TRUE(encoder.batch(batch));
  const auto failed = encoder.batch(one_column(type, R"(["y"])"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kBadData);
}

TEST(ArrowFile, WithoutItsEndItIsNone) {
  const auto batch = every_type_batch();
  ArrowFileEncoder encoder(ArrowCodec::kNone);
  std::string bytes = text_of(encoder.begin(batch->schema(), kFacts).value());
  bytes += text_of(encoder.batch(batch).value());
  bytes += text_of(encoder.abort());
  EXPECT_FALSE(read_arrow_file(bytes).ok());
}

/// Parquet has no seconds: they come back as milliseconds.
BatchPtr without_seconds(const BatchPtr& batch) {
  BatchPtr out = batch;
  for (int column = 0; column < batch->num_columns(); ++column) {
    if (!batch->column(column)->type()->Equals(arrow::timestamp(arrow::TimeUnit::SECOND))) continue;
    const auto type = arrow::timestamp(arrow::TimeUnit::MILLI);
    const auto cast = arrow::compute::Cast(*batch->column(column), type).ValueOrDie();
    out = out->SetColumn(column, arrow::field(batch->column_name(column), type), cast).ValueOrDie();
  }
  return out;
}

TEST(Parquet, EveryTypeComesBack) {
  const auto batch = every_type_batch();
  ParquetEncoder encoder;
  const auto table =
      read_parquet(encode_all(encoder, batch->schema(), {batch, batch}, kFacts)).ValueOrDie();
  const auto expected = without_seconds(batch);
  expect_rows(*table, {expected, expected});
  EXPECT_EQ(*table->schema()->metadata()->Get("bowshot.version"), "v1");
  EXPECT_EQ(*table->schema()->metadata()->Get("bowshot.rows"), "8");
}

TEST(Parquet, BytesComeAsGroupsFill) {
  const auto batch = counting_batch(0, kParquetGroupRowsMax);
  ParquetEncoder encoder;
  EXPECT_EQ(byte_count(encoder.begin(batch->schema(), kFacts).value()), 0);
  EXPECT_EQ(text_of(encoder.batch(batch).value()), "PAR1");
  EXPECT_GT(byte_count(encoder.batch(counting_batch(0, 1)).value()), 100'000);
}

TEST(Parquet, WithoutItsEndItIsNone) {
  const auto batch = every_type_batch();
  ParquetEncoder encoder;
  std::string bytes = text_of(encoder.begin(batch->schema(), kFacts).value());
  bytes += text_of(encoder.batch(batch).value());
  bytes += text_of(encoder.abort());
  EXPECT_FALSE(read_parquet(bytes).ok());
}

}  // namespace
}  // namespace bowshot
