#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "base/stop.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// The engines that may run a plan, in the order in which they are asked; the last accepts every
/// plan that is not derived. `engines` outlive every answer.
struct Engines {
  std::vector<Engine*> engines;
};

/// Begins the plan on the first engine that accepts it.
Result<std::unique_ptr<BatchStream>> run_plan(std::shared_ptr<const Plan> plan,
                                              const Engines& engines, const StopToken& stop);

/// The relational plans that a derived answer is made of: all over its dataset, computed columns
/// and filter.
///   BOWSHOT_ASSIGN(auto row, sub_plans.collect(std::move(plan)));
class SubPlans {
 public:
  SubPlans(std::shared_ptr<const Plan> plan, Engines engines, StopToken stop)
      : plan_(std::move(plan)), engines_(std::move(engines)), stop_(std::move(stop)) {}

  /// The answer's own plan.
  const Plan& plan() const { return *plan_; }
  const std::shared_ptr<arrow::Schema>& schema() const { return plan_->schema; }
  const StopToken& stop() const { return stop_; }

  /// A plan over the same rows, with nothing to put out yet.
  Plan make(Plan::Kind kind) const;
  Result<std::unique_ptr<BatchStream>> start(Plan plan) const;
  /// The plan's outputs of these rows in this order, by an engine that reads rows by number; null
  /// where none can.
  Result<std::unique_ptr<BatchStream>> start_rows(Plan plan, std::vector<int64_t> rows) const;
  /// Every row of a plan that has few, as one batch; null where there is none.
  Result<std::shared_ptr<arrow::RecordBatch>> collect(Plan plan) const;

 private:
  std::shared_ptr<const Plan> plan_;  // shared with the answer: keeps the dataset's version
  Engines engines_;
  StopToken stop_;
};

/// Adds a computed column and returns the reference to it.
ExpressionPtr add_computed(Plan& plan, ExpressionPtr expression);
/// Appends a measure, or a selected column, and its field to the schema.
void add_measure(Plan& plan, Measure measure);
void add_key(Plan& plan, ExpressionPtr expression);
void add_select(Plan& plan, ExpressionPtr expression);

ExpressionPtr row_number_expression();
/// A number, or a time as Function::kMicroseconds has it, as float64.
ExpressionPtr float64_value(const ExpressionPtr& expression);
/// `value` from min to max, both included, all float64: no null, no NaN.
ExpressionPtr is_between(const ExpressionPtr& value, double min, double max);

}  // namespace bowshot
