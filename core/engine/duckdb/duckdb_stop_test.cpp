#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

#include "engine/duckdb/query_test_data.hpp"
#include "engine/parquet/parquet_engine.hpp"
#include "engine/window_engine.hpp"

namespace bowshot {
namespace {

int64_t resident_bytes() {
  std::ifstream status("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  status >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// What the process has computed, in all threads: on a loaded machine the only clock that tells
/// whether an engine has stopped.
double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// A table over which a query runs for seconds.
class DuckDbStop : public DuckDbTest {
 protected:
  static constexpr double kThreads = 2;
  static constexpr double kScanSeconds = 0.25 * kThreads;
  static constexpr double kSortSeconds = 1.0 * kThreads;

  void SetUp() override {
    constexpr int64_t kRows = 250'000;
    arrow::Int64Builder builder;
    ASSERT_TRUE(builder.Reserve(kRows).ok());
    for (int64_t i = 0; i < kRows; ++i) builder.UnsafeAppend(i * 7'919 % 1'000'003);
    const auto column = builder.Finish().ValueOrDie();
    const auto chunks = std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector(20, column));
    open({arrow::Table::Make(arrow::schema({arrow::field("i", arrow::int64())}), {chunks})},
         100'000);
  }

  static std::string slow_expression() {
    std::string slow = "i";
    for (int k = 0; k < 30; ++k) slow = fmt::format("({} * 3 % 1000003 ^ 1.01)", slow);
    return slow;
  }

  /// Stops the request when it has run for a while and returns the CPU seconds that it took to end.
  double seconds_to_stop(const TestRequest& request) {
    StopSource source;
    auto stream = must(engine().run(test_plan(dataset_, request), source.token()));
    const double started = cpu_seconds();
    double stopped = 0;
    std::jthread stopper([&] {
      // Has the query begun to compute?
      while (cpu_seconds() - started < 0.2) std::this_thread::yield();
      stopped = cpu_seconds();
      source.request_stop(StopReason::kClientLeft);
    });
    auto result = drain(*stream);
    const double ended = cpu_seconds();
    stopper.join();
    EXPECT_FALSE(result.has_value());
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
    }
    return ended - stopped;
  }
};

TEST_F(DuckDbStop, EndsScansAndSorts) {
  const std::string slow = slow_expression();
  EXPECT_LT(seconds_to_stop({.filter = slow + " < 0", .select = "i"}), kScanSeconds);
  EXPECT_LT(seconds_to_stop({.filter = slow + " < 0", .measures = "count()"}), kScanSeconds);
  EXPECT_LT(seconds_to_stop({.compute = "k:" + slow, .select = "i", .order = "k"}), kSortSeconds);
  EXPECT_LT(seconds_to_stop({.by = "i,_row", .measures = "count()", .order = "count"}),
            kSortSeconds);
}

TEST_F(DuckDbStop, BeforeItStarts) {
  StopSource source;
  auto stream = must(engine().run(test_plan(dataset_, {.measures = "count()"}), source.token()));
  source.request_stop(StopReason::kDeadline);
  auto result = stream->next();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(DuckDbStop, WhileRowsAreFetched) {
  StopSource source;
  auto stream =
      must(engine().run(test_plan(dataset_, {.filter = "i > 5", .select = "i"}), source.token()));
  ASSERT_NE(must(stream->next()), nullptr);
  ASSERT_NE(must(stream->next()), nullptr);
  source.request_stop(StopReason::kShutdown);
  const double stopped = cpu_seconds();
  auto result = stream->next();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kNotReady);
  EXPECT_LT(cpu_seconds() - stopped, kScanSeconds);
}

TEST_F(DuckDbStop, AbandonedStreamsEndAtOnce) {
  auto stream = must(engine().run(test_plan(dataset_, {.filter = "i > 5", .select = "i"}), {}));
  ASSERT_NE(must(stream->next()), nullptr);
  const double left = cpu_seconds();
  stream.reset();
  EXPECT_LT(cpu_seconds() - left, kScanSeconds);
}

/// A search that runs ahead of its reader, where it gets slow.
class DuckDbSearchAhead : public DuckDbStop {
 protected:
  /// The first batch, and the one that is found next.
  static constexpr int64_t kQuickRows = 16'384 + 65'536;

  std::unique_ptr<BatchStream> start(const StopToken& stop) {
    const std::string filter = fmt::format("_row < {} OR {} < 0", kQuickRows, slow_expression());
    const auto plan = test_plan(dataset_, {.filter = filter, .select = "i"});
    auto stream = must(reading_->run(plan, stop));
    EXPECT_NE(must(stream->next()), nullptr);
    EXPECT_NE(must(stream->next()), nullptr);
    return stream;
  }

  std::unique_ptr<WindowEngine> windows_ = WindowEngine::make();
  std::unique_ptr<DuckDbEngine> reading_ =
      must(DuckDbEngine::make({.memory_bytes = int64_t{1} << 30, .threads = 2}, windows_.get()));
};

TEST_F(DuckDbSearchAhead, EndsWithItsStream) {
  auto stream = start({});
  const double left = cpu_seconds();
  stream.reset();
  EXPECT_LT(cpu_seconds() - left, kScanSeconds);
}

TEST_F(DuckDbSearchAhead, StopsForTheReasonOfItsStream) {
  StopSource source;
  auto stream = start(source.token());
  source.request_stop(StopReason::kDeadline);
  const auto result = drain(*stream);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(DuckDbMemory, ASortBeyondItIsAnErrorOrSpills) {
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < 400'000; ++i)
    ASSERT_TRUE(builder.Append(fmt::format("{:0>300}", i * 7'919 % 400'009)).ok());
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("t", arrow::utf8())}),
                                        {builder.Finish().ValueOrDie()});
  TestFolder folder;
  write_parquet(table, folder.file("t.parquet"), 50'000);
  const auto dataset = must(Dataset::make("t", {folder.file("t.parquet")}));
  const auto plan = test_plan(dataset, {.select = "t", .order = "-t"});

  auto small = must(DuckDbEngine::make({.memory_bytes = 64 << 20, .threads = 2}, nullptr));
  auto refused = drain(*must(small->run(plan, {})));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kOutOfMemory);

  auto spilling = must(DuckDbEngine::make(
      {.memory_bytes = 192 << 20, .threads = 2, .temporary_directory = folder.file("spill")},
      nullptr));
  auto sorted = drain(*must(spilling->run(plan, {})));
  ASSERT_TRUE(sorted.has_value()) << sorted.error().detail;
  EXPECT_EQ((*sorted)->num_rows(), 400'000);
}

/// 40,000 rows of 50 KB: 2 GB decoded, which no answer may hold, in row groups of so many rows.
class DuckDbLongRows : public testing::TestWithParam<int64_t> {
 public:
  static constexpr int64_t kRows = 40'000;

 protected:
  static constexpr int64_t kTextBytes = 50'000;

  void SetUp() override {
    auto file = arrow::io::FileOutputStream::Open(folder_.file("long.parquet")).ValueOrDie();
    const auto schema =
        arrow::schema({arrow::field("i", arrow::int64()), arrow::field("t", arrow::utf8())});
    auto properties = parquet::WriterProperties::Builder()
                          .disable_dictionary()
                          ->compression(parquet::Compression::ZSTD)
                          ->max_row_group_length(GetParam())
                          ->build();
    auto writer =
        parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), file, properties)
            .ValueOrDie();
    for (int64_t first = 0; first < kRows; first += 1'000) {
      arrow::Int64Builder numbers;
      arrow::StringBuilder texts;
      for (int64_t i = first; i < first + 1'000; ++i) {
        ASSERT_TRUE(numbers.Append(i).ok());
        ASSERT_TRUE(texts.Append(text(i)).ok());
      }
      const auto batch = arrow::RecordBatch::Make(
          schema, 1'000, {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
      ASSERT_TRUE(writer->WriteRecordBatch(*batch).ok());
    }
    ASSERT_TRUE(writer->Close().ok());
    ASSERT_TRUE(file->Close().ok());
    dataset_ = must(Dataset::make("long", {folder_.file("long.parquet")}));
  }

  static std::string text(int64_t row) {
    std::string text = fmt::format("{:06}", row);
    text.resize(kTextBytes, static_cast<char>('a' + row % 26));
    return text;
  }

  TestFolder folder_;
  std::shared_ptr<const Dataset> dataset_;
};

TEST_P(DuckDbLongRows, StreamInBoundedMemory) {
  const auto windows = ParquetEngine::make();
  auto engine =
      must(DuckDbEngine::make({.memory_bytes = int64_t{1} << 30, .threads = 2}, windows.get()));
  const int64_t before = resident_bytes();
  int64_t held_max = 0;
  const auto plan =
      test_plan(dataset_, {.filter = "i % 2 = 1", .compute = "k:i * 2", .select = "k,t,i"});
  auto stream = must(engine->run(plan, {}));
  int64_t expected = 1;
  for (;;) {
    const auto batch = must(stream->next());
    if (!batch) break;
    ASSERT_TRUE(batch->schema()->Equals(*plan->schema));
    const auto& doubled = static_cast<const arrow::Int64Array&>(*batch->column(0));
    const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(1));
    for (int64_t i = 0; i < batch->num_rows(); ++i, expected += 2) {
      ASSERT_EQ(doubled.Value(i), expected * 2);
      ASSERT_EQ(texts.GetView(i), text(expected));
    }
    held_max = std::max(held_max, resident_bytes() - before);
    if (expected % 3 == 0) stream->rest();  // changes nothing of what follows
  }
  EXPECT_EQ(expected, kRows + 1);
  EXPECT_LT(held_max, int64_t{300} << 20);
}

TEST_P(DuckDbLongRows, WindowsOfWhatMatches) {
  const auto windows = ParquetEngine::make();
  auto engine =
      must(DuckDbEngine::make({.memory_bytes = int64_t{1} << 30, .threads = 2}, windows.get()));
  const auto plan =
      test_plan(dataset_, {.filter = "i % 10000 = 7", .select = "t,_row", .offset = 1, .limit = 2});
  const auto table = must(drain(*must(engine->run(plan, {}))));
  ASSERT_EQ(table->num_rows(), 2);
  EXPECT_EQ(table->column(1)->GetScalar(0).ValueOrDie()->ToString(), "10007");
  EXPECT_EQ(table->column(1)->GetScalar(1).ValueOrDie()->ToString(), "20007");
  EXPECT_EQ(table->column(0)->GetScalar(1).ValueOrDie()->ToString(), text(20'007));
}

INSTANTIATE_TEST_SUITE_P(GroupRows, DuckDbLongRows,
                         testing::Values(DuckDbLongRows::kRows, int64_t{500}));

}  // namespace
}  // namespace bowshot
