#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "shape/sub_plans.hpp"

namespace bowshot {

class EqualBins;

/// The answer of a HistogramPart, as one batch: finds the bounds that are missing, then counts. One
/// thread at a time, as every BatchStream.
class HistogramStream : public BatchStream {
 public:
  explicit HistogramStream(SubPlans sub_plans) : sub_plans_(std::move(sub_plans)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return sub_plans_.schema(); }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> make_answer() const;
  /// The least and the greatest finite value; nothing where there is none.
  Result<std::optional<std::pair<double, double>>> find_bounds() const;
  Result<std::vector<int64_t>> count(const EqualBins& bins) const;

  SubPlans sub_plans_;
  Result<void> outcome_;  // an error stands
  bool is_done_ = false;
};

}  // namespace bowshot
