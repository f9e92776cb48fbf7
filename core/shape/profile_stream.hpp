#pragma once

#include <memory>

#include "shape/sub_plans.hpp"

namespace bowshot {

/// The answer of a ProfilePart: a batch for every some columns. One thread at a time, as every
/// BatchStream.
class ProfileStream : public BatchStream {
 public:
  explicit ProfileStream(SubPlans sub_plans) : sub_plans_(std::move(sub_plans)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return sub_plans_.schema(); }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> next_columns();

  SubPlans sub_plans_;
  size_t sent_ = 0;       // columns
  Result<void> outcome_;  // an error stands
};

}  // namespace bowshot
