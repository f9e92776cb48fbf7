#include <gtest/gtest.h>

#include "shape/test_dataset.hpp"

namespace bowshot {
namespace {

/// A stream without rows, for answers whose rows do not matter here.
class EmptyStream : public BatchStream {
 public:
  explicit EmptyStream(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override { return nullptr; }

 private:
  std::shared_ptr<arrow::Schema> schema_;
};

class FakeEngine : public Engine {
 public:
  explicit FakeEngine(bool accepts_all) : accepts_all_(accepts_all) {}
  EngineCapabilities capabilities() const override { return {}; }
  bool accepts(const Plan&) const override { return accepts_all_; }
  Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan> plan,
                                           const StopToken&) override {
    ++runs;
    if (failure) return fail(*failure);
    return std::make_unique<EmptyStream>(plan->schema);
  }

  int runs = 0;
  std::optional<Error> failure;

 private:
  bool accepts_all_;
};

class StartAnswer : public AwkwardDataset {
 protected:
  Result<Answer> start(Shape shape, std::string_view query) {
    BOWSHOT_ASSIGN(const auto planned, plan(shape, query));
    return start_answer(planned, engines_, stop_.token());
  }

  FakeEngine choosy_{false};
  FakeEngine first_{true};
  FakeEngine second_{true};
  Engines engines_{{&choosy_, &first_, &second_}};
  StopSource stop_;
};

TEST_F(StartAnswer, AsksTheFirstEngineThatAccepts) {
  const auto answer = start(Shape::kRows, "limit=1");
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(choosy_.runs, 0);
  EXPECT_EQ(first_.runs, 1);
  EXPECT_EQ(second_.runs, 0);
  EXPECT_EQ(answer->stream->schema(), answer->plan->schema);
}

TEST_F(StartAnswer, PassesOnTheEnginesError) {
  first_.failure = Error{.code = ErrorCode::kOutOfMemory, .detail = "full"};
  const auto answer = start(Shape::kRows, "");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(second_.runs, 0);
}

struct CountsCase {
  Shape shape;
  std::string_view query;
  std::optional<int64_t> rows;
  std::optional<int64_t> total_rows;
};
void PrintTo(const CountsCase& counts, std::ostream* out) {
  *out << shape_name(counts.shape) << '?' << counts.query;
}

class KnownCounts : public StartAnswer, public testing::WithParamInterface<CountsCase> {};

TEST_P(KnownCounts, AreStated) {
  const auto& [shape, query, rows, total_rows] = GetParam();
  const auto answer = start(shape, query);
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->rows, rows);
  EXPECT_EQ(answer->total_rows, total_rows);
}

using enum Shape;
constexpr auto kUnknown = std::nullopt;

INSTANTIATE_TEST_SUITE_P(
    OfFiveRows, KnownCounts,
    testing::Values(CountsCase{kRows, "", 5, 5}, CountsCase{kRows, "limit=2", 2, 5},
                    CountsCase{kRows, "limit=9", 5, 5}, CountsCase{kRows, "offset=3", 2, 5},
                    CountsCase{kRows, "offset=3&limit=1", 1, 5},
                    CountsCase{kRows, "offset=4&limit=9", 1, 5},
                    CountsCase{kRows, "offset=5", 0, 5},
                    CountsCase{kRows, "offset=9223372036854775807&limit=9223372036854775807", 0, 5},
                    CountsCase{kRows, "limit=0", 0, 5}, CountsCase{kRows, "order=-x&limit=2", 2, 5},
                    CountsCase{kRows, "filter=id>2", kUnknown, kUnknown},
                    CountsCase{kRows, "filter=id>2&limit=2", kUnknown, kUnknown},
                    CountsCase{kRows, "filter=id>2&limit=0", 0, kUnknown},
                    CountsCase{kCount, "", 1, 1}, CountsCase{kCount, "filter=id>2", 1, 1},
                    CountsCase{kAggregate, "", 1, 1},
                    CountsCase{kAggregate, "measures=mean(x)&filter=id>2", 1, 1},
                    CountsCase{kAggregate, "measures=mean(x)&limit=0", 0, 1},
                    CountsCase{kAggregate, "measures=mean(x)&offset=1", 0, 1},
                    CountsCase{kAggregate, "by=a", kUnknown, kUnknown},
                    CountsCase{kAggregate, "by=a&limit=3", kUnknown, kUnknown},
                    CountsCase{kAggregate, "by=a&limit=0", 0, kUnknown}));

TEST_F(StartAnswer, IsApproximateWhereAMeasureIs) {
  EXPECT_EQ(start(Shape::kRows, "")->completeness, Completeness::kExact);
  EXPECT_EQ(start(Shape::kAggregate, "measures=count_distinct(a)")->completeness,
            Completeness::kExact);
  EXPECT_EQ(start(Shape::kAggregate, "measures=count(),approx_count_distinct(a)")->completeness,
            Completeness::kApproximate);
}

TEST(Completeness, HasNames) {
  EXPECT_EQ(completeness_name(Completeness::kExact), "exact");
  EXPECT_EQ(completeness_name(Completeness::kSampled), "sampled");
  EXPECT_EQ(completeness_name(Completeness::kApproximate), "approximate");
}

TEST_F(StartAnswer, CountsAllRowsWithoutAnEngine) {
  for (const auto& [shape, query, columns] :
       {std::tuple{Shape::kCount, "", 1},
        {Shape::kCount, "compute=y:id", 1},
        {Shape::kAggregate, "", 1},
        {Shape::kAggregate, "measures=n:count(),m:count()", 2}}) {
    const auto answer = start(shape, query);
    ASSERT_TRUE(answer) << answer.error().detail;
    const auto batch = answer->stream->next();
    ASSERT_TRUE(batch) << batch.error().detail;
    ASSERT_TRUE(*batch) << query;
    EXPECT_TRUE((*batch)->schema()->Equals(answer->plan->schema));
    ASSERT_EQ((*batch)->num_columns(), columns);
    ASSERT_EQ((*batch)->num_rows(), 1);
    for (const auto& column : (*batch)->columns())
      EXPECT_EQ(column->GetScalar(0).ValueOrDie()->ToString(), "5");
    EXPECT_TRUE((*batch)->ValidateFull().ok());
    for (int again = 0; again < 2; ++again) {
      const auto end = answer->stream->next();
      ASSERT_TRUE(end);
      EXPECT_FALSE(*end);
    }
  }
  EXPECT_EQ(first_.runs, 0);
}

TEST_F(StartAnswer, CountsOfNoRows) {
  for (const std::string_view query : {"offset=1", "limit=0", "offset=7&limit=5"}) {
    const auto answer = start(Shape::kAggregate, query);
    const auto batch = answer->stream->next();
    ASSERT_TRUE(batch);
    EXPECT_FALSE(*batch) << query;
  }
}

TEST_F(StartAnswer, LeavesOtherCountsToTheEngine) {
  ASSERT_TRUE(start(Shape::kCount, "filter=id>2"));
  ASSERT_TRUE(start(Shape::kAggregate, "by=a"));
  ASSERT_TRUE(start(Shape::kAggregate, "measures=count(x)"));
  ASSERT_TRUE(start(Shape::kAggregate, "measures=count(),mean(x)"));
  EXPECT_EQ(first_.runs, 4);
}

TEST_F(StartAnswer, CountOfAChangedFileIsAnErrorThatStands) {
  const auto answer = start(Shape::kCount, "");
  ASSERT_TRUE(answer);
  write_bytes(path(), "overwritten in place");
  for (int again = 0; again < 2; ++again) {
    const auto batch = answer->stream->next();
    ASSERT_FALSE(batch);
    EXPECT_EQ(batch.error().code, ErrorCode::kVersionChanged);
  }
}

TEST_F(StartAnswer, CountStopsWhenTheClientHasLeft) {
  const auto answer = start(Shape::kCount, "");
  ASSERT_TRUE(answer);
  stop_.request_stop(StopReason::kClientLeft);
  const auto batch = answer->stream->next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kCancelled);
}

TEST_F(StartAnswer, OnlyLongRowsAnswersAreStreams) {
  const auto streams = [&](Shape shape, std::string_view query) {
    const auto planned = plan(shape, query);
    EXPECT_TRUE(planned) << query;
    return planned && is_stream(**planned);
  };
  EXPECT_TRUE(streams(Shape::kRows, ""));
  EXPECT_TRUE(streams(Shape::kRows, "offset=3"));
  EXPECT_TRUE(streams(Shape::kRows, "limit=100001"));
  EXPECT_FALSE(streams(Shape::kRows, "limit=100000"));
  EXPECT_FALSE(streams(Shape::kRows, "limit=0"));
  EXPECT_FALSE(streams(Shape::kCount, ""));
  EXPECT_FALSE(streams(Shape::kAggregate, "by=id"));
}

}  // namespace
}  // namespace bowshot
