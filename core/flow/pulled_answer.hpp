#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>

#include "encode/encoder.hpp"
#include "flow/query_meter.hpp"
#include "flow/run.hpp"

namespace bowshot {

/// An answer whose batches its reader pulls, instead of bytes that are written to it. It holds its
/// slot, and its query runs, until it is destroyed. One thread at a time.
class PulledAnswer {
 public:
  /// Waits for a slot and for the first batch, or the end, until the deadline. What the context
  /// points to outlives the answer, but for the limits. Errors: those of run_answer().
  static Result<std::unique_ptr<PulledAnswer>> open(const RunContext& context,
                                                    std::shared_ptr<const Plan> plan,
                                                    const StopToken& client);
  ~PulledAnswer();

  const AnswerFacts& facts() const { return facts_; }
  const std::shared_ptr<arrow::Schema>& schema() const { return stream_->schema(); }
  /// Of the sizes that an Arrow answer has; null at the end. After an error: the same.
  Result<std::shared_ptr<arrow::RecordBatch>> next();

 private:
  PulledAnswer(const RunContext& context, std::shared_ptr<const Plan> plan,
               const StopToken& client);
  Result<void> enter();
  Result<void> begin();
  /// Every next() gives this error from now on.
  Error end_with(const Error& error);

  const Limits limits_;  // as they were when it began
  RunContext context_;
  const std::shared_ptr<const Plan> plan_;  // shared with the answer
  const Deadlines::TimePoint deadline_;     // of the first batch
  StopSource work_;                         // stopped by the client or the deadline
  StopCallback client_left_;
  // In this order: the slot is given back after the query has stopped, and the meter reads last.
  std::optional<QueryMeter> meter_;
  std::optional<Admission::Slot> slot_;
  std::unique_ptr<BatchStream> stream_;
  AnswerFacts facts_;
  std::shared_ptr<arrow::RecordBatch> first_;  // until it is pulled
  bool has_ended_ = false;
  std::optional<Error> error_;
};

}  // namespace bowshot
