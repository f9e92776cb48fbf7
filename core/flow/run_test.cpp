#include "flow/run.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "flow/pulled_answer.hpp"
#include "source/test_files.hpp"

namespace bowshot {
namespace {

using std::chrono_literals::operator""s;

const std::shared_ptr<arrow::Schema>& test_schema() {
  static const auto kSchema = arrow::schema({arrow::field("x", arrow::int64())});
  return kSchema;
}

std::shared_ptr<arrow::RecordBatch> batch_of(int64_t rows) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(i).ok());
  return arrow::RecordBatch::Make(test_schema(), rows, {*builder.Finish()});
}

using Step = std::function<Result<std::shared_ptr<arrow::RecordBatch>>(const StopToken&)>;

/// Gives what its steps give; then the end. Counts the streams that live.
class FakeEngine : public Engine {
 public:
  EngineCapabilities capabilities() const override { return {}; }
  bool accepts(const Plan&) const override { return true; }
  Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan>,
                                           const StopToken& stop) override {
    return std::make_unique<Stream>(this, stop);
  }

  std::deque<Step> steps;
  int streams_alive = 0;
  int rests = 0;

 private:
  class Stream : public BatchStream {
   public:
    Stream(FakeEngine* engine, StopToken stop) : engine_(engine), stop_(std::move(stop)) {
      ++engine_->streams_alive;
    }
    ~Stream() override { --engine_->streams_alive; }
    const std::shared_ptr<arrow::Schema>& schema() const override { return test_schema(); }
    Result<std::shared_ptr<arrow::RecordBatch>> next() override {
      if (engine_->steps.empty()) return nullptr;
      const Step step = std::move(engine_->steps.front());
      engine_->steps.pop_front();
      return step(stop_);
    }
    void rest() override { ++engine_->rests; }

   private:
    FakeEngine* engine_;  // outlives the stream
    StopToken stop_;
  };
};

Step give(int64_t rows) {
  return [rows](const StopToken&) { return batch_of(rows); };
}

Step fail_with(ErrorCode code) {
  return [code](const StopToken&) -> Result<std::shared_ptr<arrow::RecordBatch>> {
    return fail(code, "as the test wants");
  };
}

/// Waits until the token stops, as an engine at work does.
Step wait_for_stop() {
  return [](const StopToken& stop) -> Result<std::shared_ptr<arrow::RecordBatch>> {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return fail(stop.error());
  };
}

struct RecordingSink : AnswerSink {
  Result<void> begin(const AnswerHead& head) override {
    heads.push_back(head);
    return {};
  }
  bool takes_body() const override { return wants_body; }
  Result<void> write(const ByteList& bytes, const std::function<void()>& when_slow) override {
    if (on_write) on_write();
    if (is_slow) when_slow();
    if (after_slow) after_slow();
    written += byte_count(bytes);
    if (reader_left) return fail(ErrorCode::kCancelled, "the client left");
    return {};
  }
  Result<void> end() override {
    is_ended = true;
    return {};
  }
  void abort(const ByteList& last) override {
    is_aborted = true;
    last_bytes = byte_count(last);
  }

  std::vector<AnswerHead> heads;
  int64_t written = 0;
  int64_t last_bytes = 0;
  bool is_ended = false;
  bool is_aborted = false;
  bool reader_left = false;
  bool wants_body = true;
  bool is_slow = false;
  std::function<void()> on_write;
  std::function<void()> after_slow;
};

class RunAnswer : public testing::Test {
 protected:
  RunAnswer() : admission_(limits_) {
    arrow::Int64Builder builder;
    EXPECT_TRUE(builder.AppendValues({1, 2, 3}).ok());
    write_parquet(*arrow::Table::Make(test_schema(), {*builder.Finish()}), folder_ / "x.parquet");
    auto plan = std::make_shared<Plan>();
    plan->dataset = *Dataset::make("x", std::vector<std::string>{folder_ / "x.parquet"});
    plan->filter = std::make_shared<Expression>();  // so that no row count is known
    plan->schema = test_schema();
    plan_ = plan;
  }

  RunContext context() {
    return {.limits = &limits_,
            .engines = &engines_,
            .admission = &admission_,
            .deadlines = &deadlines_,
            .metrics = &metrics_};
  }

  void expect_idle() {
    EXPECT_EQ(metrics_.queries_running, 0);
    EXPECT_EQ(engine_.streams_alive, 0);
    EXPECT_EQ(admission_.counters().streams_running, 0);
  }

  Result<void> run(const StopToken& client = {}) {
    const Negotiated negotiated{.media_type = "application/vnd.apache.arrow.stream"};
    auto outcome = run_answer(context(), plan_, negotiated, sink_, client);
    expect_idle();
    return outcome;
  }

  TemporaryFolder folder_;
  Limits limits_;
  FakeEngine engine_;
  Engines engines_{{&engine_}};
  Admission admission_;
  Deadlines deadlines_;
  FlowMetrics metrics_;
  RecordingSink sink_;
  std::shared_ptr<const Plan> plan_;
};

TEST_F(RunAnswer, ManyBatchesThenTheEnd) {
  engine_.steps = {give(10), give(5'000), give(70'000)};
  ASSERT_TRUE(run());
  EXPECT_TRUE(sink_.is_ended);
  EXPECT_FALSE(sink_.is_aborted);
  ASSERT_EQ(sink_.heads.size(), 1U);
  EXPECT_FALSE(sink_.heads[0].body_bytes);
  EXPECT_EQ(metrics_.rows_total, 75'010);
  EXPECT_EQ(metrics_.body_bytes_total, sink_.written);
}

TEST_F(RunAnswer, ASlowReaderLetsTheEngineRest) {
  engine_.steps = {give(10), give(10)};
  ASSERT_TRUE(run());
  EXPECT_EQ(engine_.rests, 0);
  sink_.is_slow = true;
  engine_.steps = {give(10), give(70'000)};
  ASSERT_TRUE(run());
  EXPECT_GE(engine_.rests, 2);
}

TEST_F(RunAnswer, WhoWaitsForASlowReaderLendsItsSlot) {
  auto screen = std::make_shared<Plan>(*plan_);
  screen->limit = 100'000;  // interactive
  plan_ = screen;
  std::vector<int64_t> running_at_work;
  std::vector<int64_t> running_at_rest;
  const auto look = [&](const StopToken&) {
    running_at_work.push_back(admission_.counters().interactive_running);
    return batch_of(65'536);
  };
  engine_.steps = {look, look};
  sink_.is_slow = true;
  sink_.after_slow = [&] { running_at_rest.push_back(admission_.counters().interactive_running); };
  ASSERT_TRUE(run());
  EXPECT_EQ(running_at_work, (std::vector<int64_t>{1, 1}));
  ASSERT_GE(running_at_rest.size(), 2U);
  EXPECT_EQ(std::ranges::count(running_at_rest, 0), std::ssize(running_at_rest));
  EXPECT_EQ(admission_.counters().lent, 0);
}

TEST_F(RunAnswer, AnErrorBeforeTheFirstBatchTouchesNoSink) {
  engine_.steps = {fail_with(ErrorCode::kOverflow)};
  EXPECT_EQ(run().error().code, ErrorCode::kOverflow);
  EXPECT_TRUE(sink_.heads.empty());
  EXPECT_FALSE(sink_.is_aborted);
  EXPECT_EQ(metrics_.queries_failed, 1);
}

TEST_F(RunAnswer, AnErrorAfterTheFirstBatchBreaksTheBodyOff) {
  engine_.steps = {give(10), fail_with(ErrorCode::kVersionChanged)};
  EXPECT_EQ(run().error().code, ErrorCode::kVersionChanged);
  EXPECT_EQ(sink_.heads.size(), 1U);
  EXPECT_TRUE(sink_.is_aborted);
  EXPECT_FALSE(sink_.is_ended);
  EXPECT_EQ(sink_.last_bytes, 16);  // the head of a message that never comes
}

TEST_F(RunAnswer, AReaderThatLeavesStopsTheQuery) {
  engine_.steps = {give(10), give(10), give(10)};
  sink_.reader_left = true;
  EXPECT_EQ(run().error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(sink_.is_aborted);
  EXPECT_EQ(engine_.steps.size(), 2U);
  EXPECT_EQ(metrics_.queries_cancelled, 1);
}

TEST_F(RunAnswer, AStopDuringTheFirstBatchEndsTheWait) {
  engine_.steps = {wait_for_stop()};
  StopSource client;
  std::thread leaver([&] {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (metrics_.queries_running == 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    client.request_stop(StopReason::kClientLeft);
  });
  const auto outcome = run(client.token());
  leaver.join();
  EXPECT_EQ(outcome.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(sink_.heads.empty());
  std::string text;
  metrics_.cancel_seconds.write(text, "cancel", "help");
  EXPECT_NE(text.find("cancel_count 1\n"), std::string::npos) << text;
}

TEST_F(RunAnswer, AStopBetweenBatchesBreaksTheBodyOff) {
  engine_.steps = {give(10), give(10), give(10)};
  StopSource client;
  sink_.on_write = [&] { client.request_stop(StopReason::kShutdown); };
  EXPECT_EQ(run(client.token()).error().code, ErrorCode::kNotReady);
  EXPECT_TRUE(sink_.is_aborted);
}

TEST_F(RunAnswer, AClientThatLeavesWithAllOfItsAnswerCancelsNothing) {
  auto plan = std::make_shared<Plan>(*plan_);
  plan->limit = 10;  // so that the answer's end is known with its first batch
  plan_ = plan;
  engine_.steps = {give(10)};
  StopSource client;
  sink_.on_write = [&] { client.request_stop(StopReason::kClientLeft); };
  EXPECT_TRUE(run(client.token()));
  ASSERT_EQ(sink_.heads.size(), 1U);
  EXPECT_EQ(sink_.heads[0].body_bytes, sink_.written);
  EXPECT_TRUE(sink_.is_ended);
  EXPECT_FALSE(sink_.is_aborted);
  EXPECT_EQ(metrics_.queries_cancelled, 0);
}

TEST_F(RunAnswer, ASinkWithoutABodyGetsTheHeadOfTheWholeAnswer) {
  engine_.steps = {give(10), give(10)};
  sink_.wants_body = false;
  ASSERT_TRUE(run());
  EXPECT_EQ(sink_.heads.size(), 1U);
  EXPECT_TRUE(sink_.is_ended);
  EXPECT_EQ(sink_.written, 0);
  EXPECT_EQ(engine_.steps.size(), 1U) << "the rest of the query is not run";
}

TEST_F(RunAnswer, TheFirstBatchHasADeadline) {
  limits_.first_batch_seconds = 0;  // passed at once: the slot is free, so the engine still begins
  engine_.steps = {wait_for_stop()};
  EXPECT_EQ(run().error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(sink_.heads.empty());
}

TEST_F(RunAnswer, WithoutASlotNothingBegins) {
  limits_.streams_running = 1;
  limits_.waiting = 0;
  Admission full(limits_);
  const auto held = full.enter(SlotKind::kStream, std::chrono::steady_clock::now(), {});
  const RunContext context{.limits = &limits_,
                           .engines = &engines_,
                           .admission = &full,
                           .deadlines = &deadlines_,
                           .metrics = &metrics_};
  const auto outcome = run_answer(context, plan_, {}, sink_, {});
  EXPECT_EQ(outcome.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(metrics_.queries_total, 0);
}

TEST_F(RunAnswer, PulledBatchesComeInOrderAndFreeTheSlot) {
  engine_.steps = {give(10), give(5'000)};
  {
    auto answer = PulledAnswer::open(context(), plan_, {});
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(admission_.counters().streams_running, 1);
    int64_t rows = 0;
    while (true) {
      const auto batch = (*answer)->next();
      ASSERT_TRUE(batch);
      if (!*batch) break;
      rows += (*batch)->num_rows();
    }
    EXPECT_EQ(rows, 5'010);
    EXPECT_EQ((*answer)->next().value(), nullptr);
  }
  expect_idle();
  EXPECT_EQ(metrics_.rows_total, 5'010);
}

TEST_F(RunAnswer, PulledAnswersThatAreLetGoStopTheirQuery) {
  engine_.steps = {give(10), wait_for_stop()};
  {
    auto answer = PulledAnswer::open(context(), plan_, {});
    ASSERT_TRUE(answer);
    EXPECT_TRUE((*answer)->next());
  }
  expect_idle();
}

TEST_F(RunAnswer, PulledAnswersTellTheirErrorsAndTellThemAgain) {
  engine_.steps = {fail_with(ErrorCode::kOverflow)};
  const auto never = PulledAnswer::open(context(), plan_, {});
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, ErrorCode::kOverflow);

  engine_.steps = {give(10), fail_with(ErrorCode::kVersionChanged), give(1)};
  auto answer = PulledAnswer::open(context(), plan_, {});
  ASSERT_TRUE(answer);
  for (int i = 0; i < 3; ++i) {
    const auto batch = (*answer)->next();
    if (batch) continue;
    EXPECT_EQ(batch.error().code, ErrorCode::kVersionChanged);
  }
  EXPECT_FALSE((*answer)->next());
  answer->reset();
  expect_idle();
  EXPECT_EQ(metrics_.queries_failed, 2);
}

TEST_F(RunAnswer, PulledAnswersStopWithTheirClient) {
  engine_.steps = {give(10), wait_for_stop()};
  StopSource client;
  auto answer = PulledAnswer::open(context(), plan_, client.token());
  ASSERT_TRUE(answer);
  EXPECT_TRUE((*answer)->next());
  client.request_stop(StopReason::kClientLeft);
  const auto batch = (*answer)->next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kCancelled);
  answer->reset();
  expect_idle();
}

}  // namespace
}  // namespace bowshot
