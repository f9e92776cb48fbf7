#include "engine/parquet/parquet_engine.hpp"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include <random>

#include "engine/parquet/window_stream.hpp"
#include "engine/parquet/window_test_data.hpp"
#include "source/data_type.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

/// The stream as one table, checking what every batch must be on the way.
std::shared_ptr<arrow::Table> read(Result<std::unique_ptr<BatchStream>> stream,
                                   const std::shared_ptr<const Plan>& plan) {
  EXPECT_TRUE(stream) << stream.error().detail;
  if (!stream) return nullptr;
  arrow::RecordBatchVector batches;
  for (;;) {
    auto batch = (*stream)->next();
    EXPECT_TRUE(batch) << batch.error().detail;
    if (!batch) return nullptr;
    if (!*batch) break;
    EXPECT_GT((*batch)->num_rows(), 0);
    EXPECT_LE((*batch)->num_rows(), batches.empty() ? 4'096 : 65'536);
    EXPECT_TRUE((*batch)->schema()->Equals(*plan->schema));
    const auto status = (*batch)->ValidateFull();
    EXPECT_TRUE(status.ok()) << status;
    for (const auto& column : (*batch)->columns())
      EXPECT_TRUE(column->type()->Equals(
          *(*batch)
               ->schema()
               ->field(static_cast<int>(&column - (*batch)->columns().data()))
               ->type()));
    batches.push_back(*batch);
    if (batches.size() % 2 == 0) (*stream)->rest();  // changes nothing of what follows
  }
  EXPECT_FALSE((*stream)->next().value());  // the end stays the end
  return *arrow::Table::FromRecordBatches(plan->schema, batches);
}

std::shared_ptr<arrow::Table> read(ParquetEngine& engine, const std::shared_ptr<const Plan>& plan) {
  EXPECT_TRUE(engine.accepts(*plan));
  return read(engine.run(plan, StopToken()), plan);
}

/// Both ways to read a window: by its pages, which are kept, and as a stream past them.
void expect_window(ParquetEngine& engine, const std::shared_ptr<const Dataset>& dataset,
                   const arrow::Table& whole, int64_t offset, std::optional<int64_t> limit) {
  const auto plan = window_plan(dataset, offset, limit);
  const auto expected =
      whole.Slice(std::min(offset, whole.num_rows()), limit.value_or(INT64_MAX / 2));
  static const auto kPageMaps = std::make_shared<PageMapCache>();
  static const auto kTurns = std::make_shared<ReadTurns>(2);
  for (const auto& actual :
       {read(engine, plan), read(WindowStream::make(plan, kPageMaps, kTurns, StopToken()), plan)}) {
    ASSERT_TRUE(actual);
    ASSERT_EQ(actual->num_rows(), expected->num_rows()) << offset;
    for (int column = 0; column < whole.num_columns(); ++column) {
      // Dictionaries may be numbered differently in the table that was written.
      EXPECT_TRUE(plain(*actual->column(column))->Equals(*plain(*expected->column(column))))
          << whole.schema()->field(column)->ToString() << " at " << offset;
    }
  }
}

struct Written {
  WriteOptions options;
  std::vector<int64_t> file_rows;
};

class EveryLayout : public ::testing::TestWithParam<int> {};

std::vector<Written> layouts() {
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

/// Every type of the protocol, in every layout, at random windows, against the written table.
TEST_P(EveryLayout, RandomWindowsAreSlicesOfTheWhole) {
  const Written written = layouts()[static_cast<size_t>(GetParam())];
  const TemporaryFolder folder;
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto whole = every_type_table(3'000, seed);
  std::vector<std::string> paths;
  int64_t first = 0;
  for (const int64_t rows : written.file_rows) {
    paths.push_back(folder / (std::to_string(paths.size()) + ".parquet"));
    write_parquet(*whole->Slice(first, rows), paths.back(), written.options);
    first += rows;
  }
  const auto dataset = Dataset::make("x", paths);
  ASSERT_TRUE(dataset) << dataset.error().detail;
  ASSERT_EQ((*dataset)->rows(), whole->num_rows());
  const auto expected = as_protocol(*whole);
  const auto engine = ParquetEngine::make();
  expect_window(*engine, *dataset, *expected, 0, std::nullopt);
  expect_window(*engine, *dataset, *expected, 2'999, 1);
  expect_window(*engine, *dataset, *expected, 3'000, 1);
  expect_window(*engine, *dataset, *expected, INT64_MAX, INT64_MAX);
  expect_window(*engine, *dataset, *expected, 1'000, 0);
  for (int i = 0; i < 40; ++i) {
    const auto offset = static_cast<int64_t>(random() % 3'010);
    expect_window(*engine, *dataset, *expected, offset, static_cast<int64_t>(random() % 200));
  }
}

INSTANTIATE_TEST_SUITE_P(ParquetEngine, EveryLayout,
                         ::testing::Range(0, static_cast<int>(layouts().size())));

TEST(ParquetEngine, SelectsColumnsInAnyOrderWithRowNumbers) {
  const TemporaryFolder folder;
  const auto schema =
      arrow::schema({arrow::field("_row", arrow::int64()), arrow::field("b", arrow::utf8())});
  const auto table = arrow::Table::Make(
      schema, {*arrow::json::ArrayFromJSONString(arrow::int64(), "[70, 80, 90]"),
               *arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["x", null, "z"])")});
  write_parquet(*table, folder / "1.parquet");
  write_parquet(*table, folder / "2.parquet");
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet", folder / "2.parquet"});
  const auto engine = ParquetEngine::make();

  const auto plan = std::make_shared<Plan>();
  plan->dataset = dataset;
  plan->offset = 2;
  plan->limit = 2;
  plan->select = {row_number_item("_row"), column_item(*dataset, 1, "b"),
                  column_item(*dataset, 0, "quoted"), column_item(*dataset, 1, "again")};
  plan->schema =
      arrow::schema({arrow::field("_row", arrow::int64(), false), arrow::field("b", arrow::utf8()),
                     arrow::field("quoted", arrow::int64()), arrow::field("again", arrow::utf8())});
  const auto rows = read(*engine, plan);
  ASSERT_TRUE(rows);
  EXPECT_TRUE(rows->column(0)->chunk(0)->Equals(
      *arrow::json::ArrayFromJSONString(arrow::int64(), "[2, 3]").ValueOrDie()));
  EXPECT_EQ(rows->column(2)->GetScalar(1).ValueOrDie()->ToString(), "70");
  EXPECT_TRUE(rows->column(1)->Equals(*rows->column(3)));

  plan->select = {row_number_item("_row")};
  plan->schema = arrow::schema({arrow::field("_row", arrow::int64(), false)});
  plan->offset = 4;
  plan->limit = std::nullopt;
  const auto numbers = read(*engine, plan);
  EXPECT_TRUE(numbers->column(0)->chunk(0)->Equals(
      *arrow::json::ArrayFromJSONString(arrow::int64(), "[4, 5]").ValueOrDie()));
}

TEST(ParquetEngine, SaysNoToWhatItIsNotMadeFor) {
  const TemporaryFolder folder;
  write_parquet(*every_type_table(10, 1), folder / "1.parquet");
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet"});
  const auto engine = ParquetEngine::make();
  const auto with = [&](auto&& change) {
    const auto plan = std::make_shared<Plan>(*window_plan(dataset, 0, 1));
    change(*plan);
    return engine->accepts(*plan);
  };
  const auto row = row_number_item("_row").expression;
  const auto column = column_item(*dataset, 0, "a").expression;
  EXPECT_TRUE(with([](Plan&) {}));
  EXPECT_TRUE(with([&](Plan& plan) { plan.order = {{.expression = row}}; }));
  EXPECT_TRUE(
      with([&](Plan& plan) { plan.order = {{.expression = row}, {.expression = column}}; }));
  EXPECT_FALSE(with([&](Plan& plan) { plan.order = {{.expression = row, .descending = true}}; }));
  EXPECT_FALSE(with([&](Plan& plan) { plan.order = {{.expression = column}}; }));
  EXPECT_FALSE(with([&](Plan& plan) { plan.filter = column; }));
  EXPECT_FALSE(with([](Plan& plan) { plan.kind = Plan::Kind::kAggregate; }));
  EXPECT_FALSE(with([](Plan& plan) {
    plan.select[0].expression = std::make_shared<Expression>(
        Expression{arrow::int64(), ColumnReference{ColumnReference::Kind::kComputed, 0}});
  }));
}

TEST(ParquetEngine, EveryBatchSharesTheWholeDictionary) {
  const TemporaryFolder folder;
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto schema = arrow::schema({arrow::field("d", type)});
  const auto write = [&](const std::string& name, const std::string& json) {
    write_parquet(*arrow::Table::Make(schema, {*arrow::json::ArrayFromJSONString(type, json)}),
                  folder / name, {.group_rows = 2});
  };
  write("1.parquet", R"(["b", "a", "c", null])");
  write("2.parquet", R"(["c", "d", "a"])");
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet", folder / "2.parquet"});
  const auto dictionary = *dataset->dictionary(0);
  const auto engine = ParquetEngine::make();
  const auto stream = *engine->run(window_plan(dataset, 2, std::nullopt), StopToken());
  std::string seen;
  while (const auto batch = *stream->next()) {
    const auto& codes = static_cast<const arrow::DictionaryArray&>(*batch->column(0));
    EXPECT_EQ(codes.dictionary()->data().get(), dictionary->data().get());
    for (int64_t i = 0; i < codes.length(); ++i)
      seen += codes.IsNull(i) ? "-" : std::to_string(codes.GetValueIndex(i));
  }
  EXPECT_EQ(seen, "2-231");  // over b a c d
}

TEST(ParquetEngine, AStopEndsTheStreamAsTheTokensError) {
  const TemporaryFolder folder;
  write_parquet(*every_type_table(3'000, 1), folder / "1.parquet");
  const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet"});
  StopSource source;
  const auto stream =
      *ParquetEngine::make()->run(window_plan(dataset, 0, std::nullopt), source.token());
  EXPECT_TRUE(stream->next());
  source.request_stop(StopReason::kClientLeft);
  EXPECT_EQ(stream->next().error().code, ErrorCode::kCancelled);
  EXPECT_EQ(stream->next().error().code, ErrorCode::kCancelled);
}

TEST(ParquetEngine, LongTextsMakeSmallBatches) {
  const TemporaryFolder folder;
  for (const bool encoded : {false, true}) {
    arrow::StringBuilder builder;
    for (int i = 0; i < 2'000; ++i)
      ASSERT_TRUE(
          builder.Append(std::string(20'000, static_cast<char>('a' + (encoded ? 0 : i % 26))))
              .ok());
    const auto schema = arrow::schema({arrow::field("t", arrow::utf8())});
    write_parquet(*arrow::Table::Make(schema, {*builder.Finish()}), folder / "1.parquet",
                  {.group_rows = 2'000, .is_dictionary_encoded = encoded});
    const auto dataset = *Dataset::make("x", std::vector{folder / "1.parquet"});
    const auto stream =
        *ParquetEngine::make()->run(window_plan(dataset, 0, std::nullopt), StopToken());
    int64_t rows = 0;
    while (const auto batch = *stream->next()) {
      rows += batch->num_rows();
      EXPECT_LE(batch->num_rows() * 20'000, 6 << 20) << "dictionary " << encoded;
    }
    EXPECT_EQ(rows, 2'000);
  }
}

}  // namespace
}  // namespace bowshot
