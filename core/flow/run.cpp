#include "flow/run.hpp"

#include <fmt/format.h>

#include <utility>

#include "encode/body.hpp"
#include "flow/query_meter.hpp"
#include "query/overflow_origin.hpp"

namespace bowshot {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

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
        deadline_(Clock::now() + slot_wait_max()) {}

  Result<void> enter();
  Result<void> open();
  Result<void> send();

  StopToken stop() const { return work_.token(); }

 private:
  Result<void> send_rest();
  /// The reader is slow: what waits for it should keep little, and nobody else waiting.
  void rest();
  std::chrono::seconds slot_wait_max() const {
    return std::chrono::seconds(context_.limits->first_batch_seconds);
  }

  const RunContext& context_;
  const std::shared_ptr<const Plan> plan_;  // shared with the answer
  const Negotiated& negotiated_;
  AnswerSink* sink_;  // outlives the run
  StopSource work_;   // stopped by the client, the deadline or the shutdown
  StopCallback client_left_;
  const Clock::time_point deadline_;
  AnswerHead head_;
  // Given back after the query below has stopped.
  std::optional<Admission::Slot> slot_;
  std::optional<Admission::ThreadScope> slot_of_thread_;
  std::unique_ptr<Body> body_;
  ByteList first_;  // the first bytes, or all of them
};

Result<void> Run::enter() {
  const Clock::time_point begun = Clock::now();
  auto slot = context_.admission->enter(
      is_stream(*plan_) ? SlotKind::kStream : SlotKind::kInteractive, deadline_, stop());
  head_.queue = Clock::now() - begun;
  context_.metrics->queue_seconds.observe(seconds_since(begun));
  if (!slot) return fail(std::move(slot).error());
  slot_.emplace(*std::move(slot));
  slot_of_thread_.emplace(context_.admission, &*slot_, slot_wait_max());
  return {};
}

/// Starts the engine and waits for the first bytes, or the end, until the deadline.
Result<void> Run::open() {
  const Clock::time_point begun = Clock::now();
  const auto alarm = context_.deadlines->at(
      deadline_, [work = work_]() mutable { work.request_stop(StopReason::kDeadline); });
  BOWSHOT_ASSIGN(Answer answer, start_answer(plan_, *context_.engines, stop()));
  head_.facts = facts_of(answer);
  BOWSHOT_ASSIGN(body_, Body::make(negotiated_, head_.facts, std::move(answer.stream),
                                   {.rows_max = answer.rows ? answer.rows : plan_->limit}));
  BOWSHOT_ASSIGN(first_, body_->next());
  head_.media_type = body_->media_type();
  head_.coding = body_->coding();
  head_.body_bytes = body_->content_length();
  head_.first_batch = Clock::now() - begun;
  context_.metrics->first_batch_seconds.observe(seconds_since(begun));
  return {};
}

/// Head and body; a failure on the way breaks the body off.
Result<void> Run::send() {
  BOWSHOT_TRY(sink_->begin(head_));
  if (!sink_->takes_body()) return sink_->end();
  Result<void> sent = send_rest();
  context_.metrics->rows_total += body_->rows();
  if (!sent) sink_->abort(body_->abort());
  return sent;
}

Result<void> Run::send_rest() {
  int64_t bytes_sent = 0;
  for (ByteList bytes = std::move(first_); !bytes.empty();) {
    context_.metrics->body_bytes_total += byte_count(bytes);
    BOWSHOT_TRY(sink_->write(bytes, [this] { rest(); }));
    bytes_sent += byte_count(bytes);
    // By the length the client knows that it has everything: its leaving now is no cancelling.
    if (head_.body_bytes == bytes_sent) break;
    if (is_stream(*plan_)) context_.admission->give_way(kGiveWayMax, stop());
    if (stop().stop_requested()) return fail(stop().error());
    BOWSHOT_TRY(context_.admission->take_back(stop()));
    BOWSHOT_ASSIGN(bytes, body_->next());
  }
  return sink_->end();
}

void Run::rest() {
  body_->rest();
  slot_->lend();
}

/// With the limit; and why it took so long, where that was said.
Error past_deadline(const Error& error, int64_t seconds) {
  StopSource passed;
  passed.request_stop(StopReason::kDeadline);
  std::string detail = fmt::format("nothing was ready within first_batch_seconds ({})", seconds);
  if (error.detail != passed.token().error().detail) detail += fmt::format(": {}", error.detail);
  return {.code = ErrorCode::kDeadlineExceeded, .detail = std::move(detail)};
}

}  // namespace

Error count_failure(const RunContext& context, const Plan& plan, Error error) {
  error = with_overflow_origin(std::move(error), plan);
  if (error.code == ErrorCode::kDeadlineExceeded)
    error = past_deadline(error, context.limits->first_batch_seconds);
  const bool left = error.code == ErrorCode::kCancelled;
  ++(left ? context.metrics->queries_cancelled : context.metrics->queries_failed);
  return error;
}

Result<void> run_answer(const RunContext& context, std::shared_ptr<const Plan> plan,
                        const Negotiated& negotiated, AnswerSink& sink, const StopToken& client) {
  const auto run_in_order = [&]() -> Result<void> {
    std::optional<QueryMeter> meter;  // reads last of all, after the query has stopped
    Run run(context, plan, negotiated, sink, client);
    BOWSHOT_TRY(run.enter());
    meter.emplace(context.metrics, run.stop());
    BOWSHOT_TRY(run.open());
    return run.send();
  };
  Result<void> outcome = run_in_order();
  if (!outcome) return fail(count_failure(context, *plan, std::move(outcome).error()));
  return outcome;
}

}  // namespace bowshot
