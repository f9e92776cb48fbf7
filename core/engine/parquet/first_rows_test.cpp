#include "engine/parquet/first_rows.hpp"

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <parquet/column_page.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <random>

#include "engine/parquet/page_map.hpp"
#include "engine/parquet/window_stream.hpp"
#include "engine/parquet/window_test_data.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

constexpr int64_t kRows = 20'000;

/// One page a column, larger than what the first rows need of it.
WriteOptions one_page(parquet::ParquetDataPageVersion version) {
  return {.group_rows = kRows,
          .page_bytes = 64 << 20,
          .is_dictionary_encoded = false,
          .page_version = version};
}

std::shared_ptr<arrow::Array> texts(std::mt19937_64& random, size_t bytes_max, bool has_nulls) {
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < kRows; ++i) {
    if (has_nulls && random() % 3 == 0)
      EXPECT_TRUE(builder.AppendNull().ok());
    else
      EXPECT_TRUE(builder.Append(std::string(random() % (bytes_max + 1), 'a' + i % 26)).ok());
  }
  return *builder.Finish();
}

/// Every stored width, with nulls and required.
std::shared_ptr<arrow::Table> flat_table(uint64_t seed) {
  std::mt19937_64 random(seed);
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  const auto add = [&](const std::shared_ptr<arrow::Array>& column, bool nullable) {
    const std::string name = "c" + std::to_string(fields.size());
    fields.push_back(arrow::field(name, column->type(), nullable));
    columns.push_back(column);
  };
  for (const bool nullable : {true, false}) {
    const auto values = [&](std::vector<std::string> some) {
      if (nullable) some.emplace_back("null");
      return some;
    };
    for (const auto& [type, some] :
         std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::vector<std::string>>>{
             {arrow::boolean(), {"true", "false"}},
             {arrow::int32(), {"-7", "0", "2147483647"}},
             {arrow::int64(), {"-9223372036854775808", "1", "2"}},
             {arrow::float32(), {"1.5", "-0.0"}},
             {arrow::float64(), {"1e308", "2.5", "Inf"}},
             {arrow::fixed_size_binary(3), {R"("abc")", R"("xyz")"}},
             {arrow::decimal128(30, 2), {R"("1.25")", R"("-99999999999999.99")"}}})
      add(draw(type, values(some), kRows, random), nullable);
    add(texts(random, 5, nullable), nullable);
    add(texts(random, 900, nullable), nullable);
  }
  return arrow::Table::Make(arrow::schema(fields), columns);
}

class EveryPageVersion : public ::testing::TestWithParam<parquet::ParquetDataPageVersion> {};

TEST_P(EveryPageVersion, AStreamIsTheWholeWhereverItBegins) {
  const TemporaryFolder folder;
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto whole = flat_table(seed);
  write_parquet(*whole, folder / "x.parquet", one_page(GetParam()));
  const auto dataset = *Dataset::make("x", std::vector{folder / "x.parquet"});
  const auto expected = as_protocol(*whole);
  const auto page_maps = std::make_shared<PageMapCache>();
  const auto turns = std::make_shared<ReadTurns>(1);
  for (const int64_t offset : {0, 1, 7'777, 19'990}) {
    const auto plan = window_plan(dataset, offset, std::nullopt);
    const auto stream = *WindowStream::make(plan, page_maps, turns, StopToken());
    arrow::RecordBatchVector batches;
    for (;;) {
      const auto batch = stream->next();
      ASSERT_TRUE(batch) << batch.error().detail;
      if (!*batch) break;
      batches.push_back(*batch);
    }
    const auto actual = *arrow::Table::FromRecordBatches(plan->schema, batches);
    const auto rest = expected->Slice(offset);
    for (int column = 0; column < rest->num_columns(); ++column)
      EXPECT_TRUE(plain(*actual->column(column))->Equals(*plain(*rest->column(column))))
          << rest->schema()->field(column)->ToString() << " from " << offset;
  }
}

/// The stored pages of a column of a file, as `first_rows()` gives them.
std::unique_ptr<parquet::PageReader> open_first_rows(const std::shared_ptr<const DataFile>& file,
                                                     int leaf, int64_t rows) {
  const auto column = file->metadata()->RowGroup(0)->ColumnChunk(leaf);
  const parquet::ColumnDescriptor& descriptor = *file->metadata()->schema()->Column(leaf);
  EXPECT_TRUE(has_first_rows(descriptor, *column));
  return first_rows(
      parquet::PageReader::Open(
          std::make_shared<ChunkInput>(file, chunk_range(*file, {.group = 0, .leaf = leaf})),
          column->num_values(), parquet::Compression::UNCOMPRESSED,
          parquet::default_reader_properties(), descriptor),
      descriptor, rows);
}

TEST_P(EveryPageVersion, OnlyTheBeginningOfAPageIsDecompressed) {
  const TemporaryFolder folder;
  const auto whole = flat_table(1);
  write_parquet(*whole, folder / "x.parquet", one_page(GetParam()));
  const auto dataset = *Dataset::make("x", std::vector{folder / "x.parquet"});
  const auto& file = dataset->files()[0].file;
  for (int leaf = 0; leaf < whole->num_columns(); ++leaf) {
    if (whole->column(leaf)->type()->id() == arrow::Type::BOOL) continue;  // encoded as runs
    SCOPED_TRACE(whole->schema()->field(leaf)->ToString());
    const auto pages = open_first_rows(file, leaf, 2'000);
    const auto page = pages->NextPage();
    ASSERT_TRUE(page);
    const auto& data = static_cast<const parquet::DataPage&>(*page);
    EXPECT_EQ(data.num_values(), kRows);
    EXPECT_LT(page->size(), data.uncompressed_size());
    EXPECT_THROW(pages->NextPage(), parquet::ParquetException);  // no more rows were announced
    EXPECT_EQ(open_first_rows(file, leaf, kRows)->NextPage()->size(), data.uncompressed_size());
  }
}

TEST_P(EveryPageVersion, ACutFrameIsBadData) {
  const TemporaryFolder folder;
  const auto whole = flat_table(1)->SelectColumns({16}).ValueOrDie();  // required short texts
  write_parquet(*whole, folder / "x.parquet", one_page(GetParam()));
  std::string bytes = read_bytes(folder / "x.parquet");
  for (size_t i = 600; i < 1'200; ++i) bytes[i] = static_cast<char>(~bytes[i]);
  write_bytes(folder / "x.parquet", bytes);
  const auto dataset = *Dataset::make("x", std::vector{folder / "x.parquet"});
  const auto stream =
      *WindowStream::make(window_plan(dataset, 0, std::nullopt), std::make_shared<PageMapCache>(),
                          std::make_shared<ReadTurns>(1), StopToken());
  const auto batch = stream->next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kBadData);
}

INSTANTIATE_TEST_SUITE_P(FirstRows, EveryPageVersion,
                         ::testing::Values(parquet::ParquetDataPageVersion::V1,
                                           parquet::ParquetDataPageVersion::V2));

}  // namespace
}  // namespace bowshot
