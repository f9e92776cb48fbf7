#include "flow/pulled_answer.hpp"

#include <arrow/record_batch.h>

#include <utility>

namespace bowshot {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

}  // namespace

PulledAnswer::PulledAnswer(const RunContext& context, std::shared_ptr<const Plan> plan,
                           const StopToken& client)
    : limits_(*context.limits),
      context_(context),
      plan_(std::move(plan)),
      deadline_(Clock::now() + std::chrono::seconds(limits_.first_batch_seconds)),
      client_left_(client, [this, client] { work_.request_stop(client.reason()); }) {
  context_.limits = &limits_;
}

PulledAnswer::~PulledAnswer() {
  if (!has_ended_ && !error_) work_.request_stop(StopReason::kClientLeft);
}

Result<std::unique_ptr<PulledAnswer>> PulledAnswer::open(const RunContext& context,
                                                         std::shared_ptr<const Plan> plan,
                                                         const StopToken& client) {
  std::unique_ptr<PulledAnswer> answer(new PulledAnswer(context, std::move(plan), client));
  const auto open_in_order = [&]() -> Result<void> {
    BOWSHOT_TRY(answer->enter());
    return answer->begin();
  };
  if (auto opened = open_in_order(); !opened) return fail(answer->end_with(opened.error()));
  return answer;
}

Error PulledAnswer::end_with(const Error& error) {
  error_ = count_failure(context_, *plan_, error);
  return *error_;
}

Result<void> PulledAnswer::enter() {
  const Clock::time_point begun = Clock::now();
  auto slot = context_.admission->enter(
      is_stream(*plan_) ? SlotKind::kStream : SlotKind::kInteractive, deadline_, work_.token());
  context_.metrics->queue_seconds.observe(seconds_since(begun));
  if (!slot) return fail(std::move(slot).error());
  slot_.emplace(*std::move(slot));
  return {};
}

/// Starts the engine and waits for the first batch, or the end, until the deadline.
Result<void> PulledAnswer::begin() {
  meter_.emplace(context_.metrics, work_.token());
  const Clock::time_point begun = Clock::now();
  const auto alarm = context_.deadlines->at(
      deadline_, [work = work_]() mutable { work.request_stop(StopReason::kDeadline); });
  BOWSHOT_ASSIGN(Answer answer, start_answer(plan_, *context_.engines, work_.token()));
  facts_ = facts_of(answer);
  stream_ = make_sized_stream(std::move(answer.stream));
  BOWSHOT_ASSIGN(first_, stream_->next());
  has_ended_ = first_ == nullptr;
  context_.metrics->first_batch_seconds.observe(seconds_since(begun));
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> PulledAnswer::next() {
  if (error_) return fail(Error(*error_));
  if (has_ended_) return nullptr;
  auto batch = std::exchange(first_, nullptr);
  if (!batch) {
    if (is_stream(*plan_)) context_.admission->give_way(kGiveWayMax, work_.token());
    auto pulled = stream_->next();
    if (!pulled) return fail(end_with(pulled.error()));
    batch = *std::move(pulled);
  }
  has_ended_ = batch == nullptr;
  if (batch) context_.metrics->rows_total += batch->num_rows();
  return batch;
}

}  // namespace bowshot
