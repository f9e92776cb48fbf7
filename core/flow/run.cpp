#include "flow/run.hpp"

#include <arrow/record_batch.h>

#include <atomic>
#include <utility>

#include "encode/body.hpp"

namespace bowshot {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

/// Counts a query from the engine's start to its being idle, and how long a stop took.
class QueryMeter {
 public:
  QueryMeter(FlowMetrics* metrics, const StopToken& stop)
      : metrics_(metrics), stopped_(stop, [this] { stopped_at_ = Clock::now(); }) {
    ++metrics_->queries_running;
    ++metrics_->queries_total;
  }
  ~QueryMeter() {
    --metrics_->queries_running;
    const Clock::time_point stopped_at = stopped_at_;
    if (stopped_at != Clock::time_point{})
      metrics_->cancel_seconds.observe(seconds_since(stopped_at));
  }
  QueryMeter(const QueryMeter&) = delete;
  QueryMeter& operator=(const QueryMeter&) = delete;

 private:
  FlowMetrics* metrics_;  // outlives every run
  std::atomic<Clock::time_point> stopped_at_ = Clock::time_point{};
  StopCallback stopped_;
};

/// One answer at work. Lives on the stack of run_answer().
class Run {
 public:
  Run(const RunContext& context, std::shared_ptr<const Plan> plan, const Negotiated& negotiated,
      AnswerSink& sink, const StopToken& client)
      : context_(context),
        plan_(std::move(plan)),
        negotiated_(negotiated),
        sink_(&sink),
        client_left_(client, [this, client] { work_.request_stop(client.reason()); }),
        deadline_(Clock::now() + std::chrono::seconds(context.limits->first_batch_seconds)) {}

  Result<Admission::Slot> enter();
  Result<void> open();
  Result<void> begin();
  Result<void> pump();

  const StopToken stop() const { return work_.token(); }

 private:
  Result<void> read_first_batch();
  bool may_be_whole() const;
  Result<void> send(const Result<ByteList>& bytes);

  const RunContext& context_;
  const std::shared_ptr<const Plan> plan_;  // shared with the answer
  const Negotiated& negotiated_;
  AnswerSink* sink_;  // outlives the run
  StopSource work_;   // stopped by the client, the deadline or the shutdown
  StopCallback client_left_;
  const Clock::time_point deadline_;
  AnswerHead head_;
  Answer answer_;
  std::unique_ptr<BatchStream> batches_;           // the answer's, cut to size
  std::shared_ptr<arrow::RecordBatch> first_;      // null: the answer has no rows
  std::shared_ptr<arrow::RecordBatch> second_;     // read early to learn whether first_ is all
  bool is_whole_ = false;                          // nothing comes after first_
  std::unique_ptr<Body> body_;
};

Result<Admission::Slot> Run::enter() {
  const Clock::time_point begun = Clock::now();
  auto slot = context_.admission->enter(
      is_stream(*plan_) ? SlotKind::kStream : SlotKind::kInteractive, deadline_, stop());
  head_.queue = Clock::now() - begun;
  context_.metrics->queue_seconds.observe(seconds_since(begun));
  return slot;
}

/// Starts the engine and waits for the first batch, or the end, until the deadline.
Result<void> Run::open() {
  const Clock::time_point begun = Clock::now();
  const auto alarm = context_.deadlines->at(
      deadline_, [work = work_]() mutable { work.request_stop(StopReason::kDeadline); });
  BOWSHOT_ASSIGN(answer_, start_answer(plan_, *context_.engines, stop()));
  batches_ = make_sized_stream(std::move(answer_.stream));
  BOWSHOT_TRY(read_first_batch());
  head_.first_batch = Clock::now() - begun;
  context_.metrics->first_batch_seconds.observe(seconds_since(begun));
  return {};
}

Result<void> Run::read_first_batch() {
  BOWSHOT_ASSIGN(first_, batches_->next());
  is_whole_ = first_ == nullptr;
  if (is_whole_ || !may_be_whole()) return {};
  BOWSHOT_ASSIGN(second_, batches_->next());
  is_whole_ = second_ == nullptr;
  return {};
}

/// Whether asking for another batch costs no time: the first one seems to be all. Then the answer
/// can leave in one piece, with its length.
bool Run::may_be_whole() const {
  if (plan_->kind == Plan::Kind::kAggregate) return true;
  if (answer_.rows) return first_->num_rows() >= *answer_.rows;
  return plan_->limit && first_->num_rows() >= *plan_->limit;
}

/// Head and first bytes, or the whole answer.
Result<void> Run::begin() {
  head_.facts = {.version = plan_->dataset->version(),
                 .completeness = answer_.completeness,
                 .rows = answer_.rows,
                 .total_rows = answer_.total_rows};
  if (is_whole_) head_.facts.rows = first_ ? first_->num_rows() : 0;
  BOWSHOT_ASSIGN(body_, Body::make(negotiated_));
  BOWSHOT_ASSIGN(const ByteList bytes,
                 body_->begin(plan_->schema, head_.facts, first_, is_whole_));
  head_.coding = body_->coding();
  if (is_whole_) head_.body_bytes = byte_count(bytes);
  if (first_) context_.metrics->rows_total += first_->num_rows();
  BOWSHOT_TRY(sink_->begin(head_));
  Result<void> sent = send(bytes);
  if (!sent) sink_->abort({});
  return sent;
}

/// The rest of the answer, a batch at a time; a failure breaks the body off.
Result<void> Run::pump() {
  const auto fail_with = [&](Error error) -> Result<void> {
    sink_->abort(body_->abort());
    return fail(std::move(error));
  };
  std::shared_ptr<arrow::RecordBatch> batch = std::exchange(second_, nullptr);
  while (!is_whole_) {
    if (stop().stop_requested()) return fail_with(stop().error());
    if (!batch) {
      auto next = batches_->next();
      if (!next) return fail_with(std::move(next).error());
      batch = *std::move(next);
    }
    if (!batch) break;
    context_.metrics->rows_total += batch->num_rows();
    const auto sent = send(body_->batch(std::exchange(batch, nullptr)));
    if (!sent) return fail_with(sent.error());
  }
  if (!is_whole_)
    if (const auto sent = send(body_->end()); !sent) return fail_with(sent.error());
  return sink_->end();
}

Result<void> Run::send(const Result<ByteList>& bytes) {
  if (!bytes) return fail(Error(bytes.error()));
  context_.metrics->body_bytes_total += byte_count(*bytes);
  return sink_->write(*bytes);
}

}  // namespace

Result<void> run_answer(const RunContext& context, std::shared_ptr<const Plan> plan,
                        const Negotiated& negotiated, AnswerSink& sink, const StopToken& client) {
  const auto run_in_order = [&]() -> Result<void> {
    // The slot is given back after the query has stopped, and the meter reads last of all.
    std::optional<QueryMeter> meter;
    std::optional<Admission::Slot> slot;
    Run run(context, std::move(plan), negotiated, sink, client);
    BOWSHOT_ASSIGN(Admission::Slot entered, run.enter());
    slot.emplace(std::move(entered));
    meter.emplace(context.metrics, run.stop());
    BOWSHOT_TRY(run.open());
    BOWSHOT_TRY(run.begin());
    return run.pump();
  };
  Result<void> outcome = run_in_order();
  if (!outcome) {
    const bool left = outcome.error().code == ErrorCode::kCancelled;
    ++(left ? context.metrics->queries_cancelled : context.metrics->queries_failed);
  }
  return outcome;
}

}  // namespace bowshot
