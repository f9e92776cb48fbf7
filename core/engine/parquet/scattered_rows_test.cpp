#include "engine/parquet/scattered_rows.hpp"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <thread>

#include "engine/parquet/parquet_engine.hpp"
#include "engine/parquet/window_test_data.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

constexpr int64_t kCacheBytes = 64 << 20;

Result<std::shared_ptr<arrow::Table>> read(const std::shared_ptr<ParquetCaches>& caches,
                                           const std::shared_ptr<const Plan>& plan,
                                           std::vector<int64_t> rows,
                                           const StopToken& stop = StopToken()) {
  BOWSHOT_ASSIGN(const auto stream, ScatteredRows::make(plan, std::move(rows), caches, stop));
  arrow::RecordBatchVector batches;
  for (;;) {
    BOWSHOT_ASSIGN(auto batch, stream->next());
    if (!batch) break;
    EXPECT_GT(batch->num_rows(), 0);
    EXPECT_LE(batch->num_rows(), batches.empty() ? 4'096 : 65'536);
    const auto status = batch->ValidateFull();
    EXPECT_TRUE(status.ok()) << status;
    batches.push_back(std::move(batch));
  }
  EXPECT_FALSE(stream->next().value());  // the end stays the end
  return *arrow::Table::FromRecordBatches(plan->schema, batches);
}

std::shared_ptr<arrow::Table> take(const arrow::Table& table, const std::vector<int64_t>& rows) {
  arrow::Int64Builder builder;
  (void)builder.AppendValues(rows);
  const auto whole = *table.CombineChunks();
  return arrow::compute::Take(whole, *builder.Finish())->table();
}

void expect_rows(const std::shared_ptr<ParquetCaches>& caches,
                 const std::shared_ptr<const Dataset>& dataset, const arrow::Table& whole,
                 const std::vector<int64_t>& rows) {
  const auto actual = read(caches, window_plan(dataset, 0, std::nullopt), rows);
  ASSERT_TRUE(actual) << actual.error().detail;
  const auto expected = take(whole, rows);
  ASSERT_EQ((*actual)->num_rows(), expected->num_rows());
  for (int column = 0; column < whole.num_columns(); ++column)
    EXPECT_TRUE(plain(*(*actual)->column(column))->Equals(*plain(*expected->column(column))))
        << whole.schema()->field(column)->ToString();
}

std::vector<int64_t> random_rows(int64_t total, size_t count, std::mt19937_64& random) {
  std::vector<int64_t> rows(count);
  for (int64_t& row : rows) row = static_cast<int64_t>(random() % static_cast<uint64_t>(total));
  return rows;
}

struct Layout {
  WriteOptions options;
  std::vector<int64_t> file_rows;
};

std::vector<Layout> layouts() {
  using parquet::ParquetDataPageVersion;
  return {
      {{.group_rows = 700}, {3'000}},
      {{.group_rows = 700, .has_page_index = false}, {3'000}},
      {{.group_rows = 5'000, .is_dictionary_encoded = false}, {1'999, 0, 1, 1'000}},
      {{.group_rows = 5'000, .has_page_index = false, .is_dictionary_encoded = false},
       {2'000, 1'000}},
      {{.group_rows = 333, .page_version = ParquetDataPageVersion::V2}, {1'500, 1'500}},
      {{.group_rows = 3'000, .has_page_index = false, .page_version = ParquetDataPageVersion::V2},
       {3'000}},
      {{.group_rows = 3'000, .codec = arrow::Compression::UNCOMPRESSED}, {3'000}},
      {{.group_rows = 7, .codec = arrow::Compression::SNAPPY}, {3'000}},
  };
}

class ScatteredLayout : public ::testing::TestWithParam<int> {};

/// Every type of the protocol, in every layout, with a cache that holds all, a little and nothing,
/// against Arrow's own Take over the whole table.
TEST_P(ScatteredLayout, RandomRowsAreTakenFromTheWhole) {
  const Layout layout = layouts()[static_cast<size_t>(GetParam())];
  const TemporaryFolder folder;
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto whole = every_type_table(3'000, seed);
  std::vector<std::string> paths;
  int64_t first = 0;
  for (const int64_t rows : layout.file_rows) {
    paths.push_back(folder / (std::to_string(paths.size()) + ".parquet"));
    write_parquet(*whole->Slice(first, rows), paths.back(), layout.options);
    first += rows;
  }
  const auto dataset = Dataset::make("x", paths);
  ASSERT_TRUE(dataset) << dataset.error().detail;
  const auto expected = as_protocol(*whole);
  for (const int64_t cache_bytes : {kCacheBytes, int64_t{40'000}, int64_t{0}}) {
    const auto caches = std::make_shared<ParquetCaches>(cache_bytes);
    expect_rows(caches, *dataset, *expected, {});
    expect_rows(caches, *dataset, *expected, {2'999});
    expect_rows(caches, *dataset, *expected, {5, 5, 5, 0, 2'999, 5, 0});
    for (const size_t count : {2, 30, 300, 6'000})
      expect_rows(caches, *dataset, *expected, random_rows(3'000, count, random));
    EXPECT_LE(caches->blocks.counts().bytes, cache_bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(ScatteredRows, ScatteredLayout,
                         ::testing::Range(0, static_cast<int>(layouts().size())));

/// Pages of more rows than a block: numbers and texts, codes and plain.
TEST(ScatteredRows, LongPagesAreKeptInParts) {
  const TemporaryFolder folder;
  constexpr int64_t kRows = 200'000;
  arrow::Int64Builder ids;
  arrow::StringBuilder names;
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::Int32Builder>());
  for (int64_t i = 0; i < kRows; ++i) {
    (void)ids.Append(i * 3);
    (void)(i % 7 == 0 ? names.AppendNull() : names.Append("name " + std::to_string(i % 100)));
    (void)lists.Append();
    for (int64_t k = 0; k < i % 3; ++k)
      (void)static_cast<arrow::Int32Builder*>(lists.value_builder())
          ->Append(static_cast<int32_t>(i + k));
  }
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()),
                     arrow::field("list", arrow::list(arrow::int32()))});
  const auto table = arrow::Table::Make(schema, {*ids.Finish(), *names.Finish(), *lists.Finish()});
  for (const bool has_dictionary : {true, false}) {
    const std::string path = folder / (has_dictionary ? "codes.parquet" : "plain.parquet");
    write_parquet(*table, path,
                  {.group_rows = kRows,
                   .page_bytes = 64 << 20,
                   .page_rows = kRows,
                   .is_dictionary_encoded = has_dictionary});
    const auto dataset = *Dataset::make("x", std::vector{path});
    const auto expected = as_protocol(*table);
    const auto caches = std::make_shared<ParquetCaches>(kCacheBytes);
    std::mt19937_64 random(1);
    for (const size_t count : {1, 100, 3'000})
      expect_rows(caches, dataset, *expected, random_rows(kRows, count, random));
  }
}

TEST(ScatteredRows, GivesRowNumbersAndRepeatedColumns) {
  const TemporaryFolder folder;
  write_parquet(*every_type_table(50, 1), folder / "1.parquet");
  write_parquet(*every_type_table(50, 2), folder / "2.parquet");
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet", folder / "2.parquet"});
  const auto plan = std::make_shared<Plan>();
  plan->dataset = dataset;
  plan->select = {row_number_item("_row"), column_item(*dataset, 0, "a"),
                  column_item(*dataset, 0, "b")};
  plan->schema = arrow::schema({arrow::field("_row", arrow::int64(), false),
                                arrow::field("a", arrow::int64(), false),
                                arrow::field("b", arrow::int64(), false)});
  const auto caches = std::make_shared<ParquetCaches>(kCacheBytes);
  const auto rows = *read(caches, plan, {99, 0, 50, 99});
  EXPECT_TRUE(rows->column(0)->chunk(0)->Equals(
      **arrow::json::ArrayFromJSONString(arrow::int64(), "[99, 0, 50, 99]")));
  EXPECT_TRUE(rows->column(1)->chunk(0)->Equals(
      **arrow::json::ArrayFromJSONString(arrow::int64(), "[49, 0, 0, 49]")));
  EXPECT_TRUE(rows->column(1)->Equals(*rows->column(2)));

  plan->select = {row_number_item("_row")};
  plan->schema = arrow::schema({arrow::field("_row", arrow::int64(), false)});
  EXPECT_EQ((*read(caches, plan, {7, 3}))->num_rows(), 2);
}

TEST(ScatteredRows, ASecondReadingDecodesNothing) {
  const TemporaryFolder folder;
  write_parquet(*every_type_table(2'000, 1), folder / "1.parquet", {.group_rows = 500});
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet"});
  const auto caches = std::make_shared<ParquetCaches>(kCacheBytes);
  std::mt19937_64 random(1);
  const auto rows = random_rows(2'000, 500, random);
  const auto plan = window_plan(dataset, 0, std::nullopt);
  const auto first = *read(caches, plan, rows);
  const CacheCounts after_first = caches->blocks.counts();
  const auto second = *read(caches, plan, rows);
  EXPECT_TRUE(first->Equals(*second));
  EXPECT_EQ(caches->blocks.counts().misses, after_first.misses);
  EXPECT_GT(caches->blocks.counts().hits, after_first.hits);
}

TEST(ScatteredRows, LongTextsComeInBatchesOfBoundedSize) {
  const TemporaryFolder folder;
  constexpr int64_t kRows = 600;
  constexpr size_t kTextBytes = 50'000;
  for (const bool has_dictionary : {true, false}) {
    arrow::StringBuilder builder;
    for (int64_t i = 0; i < kRows; ++i)  // few distinct ones: a dictionary hides their length
      (void)builder.Append(std::string(kTextBytes, static_cast<char>('a' + i % 5)));
    const auto table = arrow::Table::Make(arrow::schema({arrow::field("text", arrow::utf8())}),
                                          {*builder.Finish()});
    const std::string path = folder / (has_dictionary ? "codes.parquet" : "plain.parquet");
    write_parquet(*table, path, {.group_rows = 300, .is_dictionary_encoded = has_dictionary});
    const auto dataset = *Dataset::make("x", std::vector{path});
    const auto caches = std::make_shared<ParquetCaches>(kCacheBytes);
    std::mt19937_64 random(1);
    const auto rows = random_rows(kRows, 400, random);
    const auto stream =
        *ScatteredRows::make(window_plan(dataset, 0, std::nullopt), rows, caches, StopToken());
    size_t next = 0;
    while (const auto batch = *stream->next()) {
      EXPECT_LE(batch->num_rows() * static_cast<int64_t>(kTextBytes), 16 << 20);
      const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(0));
      for (int64_t i = 0; i < texts.length(); ++i)
        EXPECT_EQ(texts.GetView(i)[0], 'a' + rows[next++] % 5);
    }
    EXPECT_EQ(next, rows.size());
  }
}

TEST(ScatteredRows, AStopEndsIt) {
  const TemporaryFolder folder;
  write_parquet(*every_type_table(100, 1), folder / "1.parquet");
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet"});
  StopSource stop;
  stop.request_stop(StopReason::kClientLeft);
  const auto rows = read(std::make_shared<ParquetCaches>(kCacheBytes),
                         window_plan(dataset, 0, std::nullopt), {1}, stop.token());
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kCancelled);
}

TEST(ScatteredRows, AnOverwrittenFileIsNoMix) {
  const TemporaryFolder folder;
  const std::string path = folder / "1.parquet";
  write_parquet(*every_type_table(2'000, 1), path, {.group_rows = 500});
  const auto dataset = *Dataset::make("x", std::vector{path});
  const auto caches = std::make_shared<ParquetCaches>(kCacheBytes);
  const auto plan = window_plan(dataset, 0, std::nullopt);
  ASSERT_TRUE(read(caches, plan, {1}));  // its pages are kept
  std::ofstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(100) << "overwritten";
  for (const int64_t row : {int64_t{1}, int64_t{1'999}}) {
    const auto rows = read(caches, plan, {row});
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, ErrorCode::kVersionChanged);
  }
}

/// Many requests of the same few pages at once, through a cache that holds some of them.
TEST(ScatteredRows, ManyThreadsShareTheCache) {
  const TemporaryFolder folder;
  const auto whole = every_type_table(2'000, 1);
  write_parquet(*whole, folder / "1.parquet", {.group_rows = 250});
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet"});
  const auto expected = as_protocol(*whole);
  const auto caches = std::make_shared<ParquetCaches>(int64_t{300'000});
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed)
    threads.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      for (int i = 0; i < 15; ++i)
        expect_rows(caches, dataset, *expected, random_rows(2'000, 20, random));
    });
  for (auto& thread : threads) thread.join();
  EXPECT_LE(caches->blocks.counts().bytes, 300'000);
  EXPECT_GT(caches->blocks.counts().evictions, 0);
}

}  // namespace
}  // namespace bowshot
