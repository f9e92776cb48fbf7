#pragma once

#include <memory>

#include "engine/engine.hpp"

namespace bowshot {

/// One row that the dataset's row count answers: count() of all rows, without a scan. One thread at
/// a time, as every BatchStream.
class RowCountStream : public BatchStream {
 public:
  /// Whether the plan asks for nothing but counts of all rows, ungrouped.
  static bool accepts(const Plan& plan);

  RowCountStream(std::shared_ptr<const Plan> plan, StopToken stop)
      : plan_(std::move(plan)), stop_(std::move(stop)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return plan_->schema; }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> count() const;

  std::shared_ptr<const Plan> plan_;  // shared with the answer
  StopToken stop_;
  Result<void> outcome_;  // an error stands
  bool is_done_ = false;
};

}  // namespace bowshot
