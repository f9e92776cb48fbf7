#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "engine/duckdb/answer_columns.hpp"
#include "engine/duckdb/raw_batches.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// A plan's answer: joins raw batches to a good size (the first one comes as soon as it is there),
/// brings them to the plan's schema and watches that the files stay as they were.
class AnswerStream : public BatchStream {
 public:
  AnswerStream(QueryContext context, std::unique_ptr<RawBatches> rows);
  const std::shared_ptr<arrow::Schema>& schema() const override;
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;
  void rest() override {
    if (rows_) rows_->rest();
  }

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
  bool is_first_ = true;
  Clock::time_point checked_;
  std::optional<Error> error_;
};

}  // namespace bowshot
