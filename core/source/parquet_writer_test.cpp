#include "source/parquet_writer.hpp"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>

#include <string>

namespace bowshot {
namespace {

std::shared_ptr<arrow::RecordBatch> numbers_and_texts(int64_t rows, size_t text_bytes) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  const std::string text(text_bytes, 'x');
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE(numbers.Append(row).ok());
    EXPECT_TRUE(texts.Append(text + std::to_string(row)).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema(
          {arrow::field("n", arrow::int64(), /*nullable=*/false), arrow::field("t", arrow::utf8())},
          arrow::key_value_metadata({"bowshot.version"}, {"v1"})),
      rows, {*numbers.Finish(), *texts.Finish()});
}

/// What was written, as a file.
struct Written {
  explicit Written(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
    auto out = *arrow::io::BufferOutputStream::Create();
    auto writer = ParquetWriter::make(batches[0]->schema(), out);
    EXPECT_TRUE(writer) << writer.error().detail;
    for (const auto& batch : batches) EXPECT_TRUE((*writer)->write(*batch));
    EXPECT_TRUE((*writer)->finish());
    reader =
        parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(*out->Finish()));
  }
  std::unique_ptr<parquet::ParquetFileReader> reader;
};

TEST(ParquetWriter, GroupsAreBoundedByRows) {
  const auto batch = numbers_and_texts(100'000, 1);
  const Written file({batch, batch, batch});
  const auto metadata = file.reader->metadata();
  EXPECT_EQ(metadata->num_rows(), 300'000);
  ASSERT_EQ(metadata->num_row_groups(), 3);
  EXPECT_EQ(metadata->RowGroup(0)->num_rows(), kParquetGroupRowsMax);
  EXPECT_EQ(metadata->RowGroup(1)->num_rows(), kParquetGroupRowsMax);
}

TEST(ParquetWriter, GroupsAreBoundedByBytes) {
  const auto batch = numbers_and_texts(3'000, 50'000);  // 150 MB
  const Written file({batch});
  const auto metadata = file.reader->metadata();
  ASSERT_EQ(metadata->num_row_groups(), 3);
  for (int group = 0; group < 3; ++group)
    EXPECT_LE(metadata->RowGroup(group)->total_byte_size(), kParquetGroupBytesMax);
}

TEST(ParquetWriter, PagesAreSmallAndIndexed) {
  const Written file({numbers_and_texts(100'000, 1)});
  const auto index = file.reader->GetPageIndexReader()->RowGroup(0)->GetOffsetIndex(0);
  ASSERT_TRUE(index);
  EXPECT_GE(index->page_locations().size(), 100'000U / 4'096);
}

TEST(ParquetWriter, DictionariesAreForValuesThatComeBack) {
  arrow::DoubleBuilder measured;
  arrow::Int64Builder codes;
  arrow::StringBuilder names;
  for (int row = 0; row < 50'000; ++row) {
    ASSERT_TRUE(measured.Append(row * 0.1).ok());
    ASSERT_TRUE(codes.Append(row % 100).ok());
    ASSERT_TRUE(names.Append("name " + std::to_string(row % 1'000)).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("measured.now", arrow::float64()),
                     arrow::field("code", arrow::int64()), arrow::field("name", arrow::utf8())});
  const auto batch = arrow::RecordBatch::Make(
      schema, 50'000, {*measured.Finish(), *codes.Finish(), *names.Finish()});
  const Written file({batch});
  const auto group = file.reader->metadata()->RowGroup(0);
  EXPECT_FALSE(group->ColumnChunk(0)->has_dictionary_page());
  EXPECT_TRUE(group->ColumnChunk(1)->has_dictionary_page());
  EXPECT_TRUE(group->ColumnChunk(2)->has_dictionary_page());
  const Written few({batch->Slice(0, 100)});
  EXPECT_TRUE(few.reader->metadata()->RowGroup(0)->ColumnChunk(0)->has_dictionary_page());
}

TEST(ParquetWriter, TypesAndMetadataComeBack) {
  const auto batch = numbers_and_texts(10, 1);
  Written file({batch});
  auto reader =
      *parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(file.reader));
  std::shared_ptr<arrow::Schema> schema;
  ASSERT_TRUE(reader->GetSchema(&schema).ok());
  EXPECT_TRUE(schema->Equals(*batch->schema(), /*check_metadata=*/false)) << schema->ToString();
  EXPECT_EQ(*schema->metadata()->Get("bowshot.version"), "v1");
  const auto table = *reader->ReadTable();
  EXPECT_TRUE(table->Equals(**arrow::Table::FromRecordBatches({batch})));
}

TEST(ParquetWriter, NoRowsAreAFileToo) {
  const Written file({numbers_and_texts(0, 1)});
  EXPECT_EQ(file.reader->metadata()->num_rows(), 0);
}

TEST(ParquetWriter, NoColumnsAreAnError) {
  auto out = *arrow::io::BufferOutputStream::Create();
  const auto writer = ParquetWriter::make(arrow::schema({}), out);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::kBadParameter);
}

}  // namespace
}  // namespace bowshot
