#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <span>

#include "shape/sample_rows.hpp"

namespace bowshot {

/// The chosen rows in their order: read by number where an engine can, else (of computed columns)
/// found again by a filter, a piece at a time, so that no more than a piece is in memory. One
/// thread at a time, as every BatchStream.
class SampleStream : public BatchStream {
 public:
  SampleStream(SubPlans sub_plans, SampledRows chosen)
      : sub_plans_(std::move(sub_plans)), chosen_(std::move(chosen)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return sub_plans_.schema(); }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;

 private:
  Result<void> open();
  Result<std::shared_ptr<arrow::RecordBatch>> next_batch();
  Result<std::shared_ptr<arrow::RecordBatch>> next_piece();
  Result<std::shared_ptr<arrow::RecordBatch>> fetch(std::span<const KeyedRow> rows) const;
  Plan output_plan() const;
  Result<std::shared_ptr<arrow::Array>> weights(int64_t rows) const;

  SubPlans sub_plans_;
  SampledRows chosen_;
  bool is_open_ = false;
  std::unique_ptr<BatchStream> stream_;  // null: in pieces
  size_t sent_ = 0;                      // rows
  size_t piece_rows_ = 0;                // of the next piece; 0: the first
  Result<void> outcome_;                 // an error stands
};

}  // namespace bowshot
