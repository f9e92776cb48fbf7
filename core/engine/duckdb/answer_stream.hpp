#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "engine/duckdb/answer_columns.hpp"
#include "engine/duckdb/raw_batches.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// A plan's answer: joins raw batches to a good size (the first one comes as soon as it is there,
/// the next ones grow, and are small again for a reader who is slow: what waits for him is held),
/// brings them to the plan's schema and watches that the files stay as they were.
class AnswerStream : public BatchStream {
 public:
  AnswerStream(QueryContext context, std::unique_ptr<RawBatches> rows);
  const std::shared_ptr<arrow::Schema>& schema() const override;
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;
  void rest() override;

 private:
  using Clock = std::chrono::steady_clock;
  Result<std::shared_ptr<arrow::RecordBatch>> next_answer();
  /// Raw batches of about one answer batch; none at the end.
  Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> gather();
  Result<void> check_files(bool is_end);
  Error explained(Error error) const;

  QueryContext context_;
  AnswerColumns columns_;
  std::unique_ptr<RawBatches> rows_;
  std::shared_ptr<arrow::RecordBatch> next_batch_;  // of other types than the one before; or null
  int64_t batch_bytes_ = 0;                         // of the next batch; 0: what comes first
  Clock::time_point checked_;
  std::optional<Error> error_;
};

}  // namespace bowshot
