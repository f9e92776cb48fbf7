#include "shape/sub_plans.hpp"

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>

#include "base/check.hpp"
#include "query/binder_operand.hpp"
#include "query/literal.hpp"
#include "shape/arrow_result.hpp"
#include "source/data_type.hpp"

namespace bowshot {

Result<std::unique_ptr<BatchStream>> run_plan(std::shared_ptr<const Plan> plan,
                                              const Engines& engines, const StopToken& stop) {
  const auto engine = std::ranges::find_if(
      engines.engines, [&](const Engine* candidate) { return candidate->accepts(*plan); });
  BOWSHOT_CHECK(engine != engines.engines.end());
  return (*engine)->run(std::move(plan), stop);
}

Plan SubPlans::make(Plan::Kind kind) const {
  Plan plan;
  plan.dataset = plan_->dataset;
  plan.computed = plan_->computed;
  plan.filter = plan_->filter;
  plan.kind = kind;
  plan.schema = arrow::schema({});
  return plan;
}

Result<std::unique_ptr<BatchStream>> SubPlans::start(Plan plan) const {
  if (stop_.stop_requested()) return fail(stop_.error());
  return run_plan(std::make_shared<const Plan>(std::move(plan)), engines_, stop_);
}

Result<std::unique_ptr<BatchStream>> SubPlans::start_rows(Plan plan,
                                                          std::vector<int64_t> rows) const {
  const auto engine = std::ranges::find_if(
      engines_.engines, [&](const Engine* candidate) { return candidate->reads_rows(plan); });
  if (engine == engines_.engines.end()) return nullptr;
  return (*engine)->read_rows(std::make_shared<const Plan>(std::move(plan)), std::move(rows),
                              stop_);
}

Result<std::shared_ptr<arrow::RecordBatch>> SubPlans::collect(Plan plan) const {
  const auto schema = plan.schema;
  BOWSHOT_ASSIGN(const auto stream, start(std::move(plan)));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (;;) {
    BOWSHOT_ASSIGN(auto batch, stream->next());
    if (!batch) break;
    batches.push_back(std::move(batch));
  }
  if (batches.size() < 2) return batches.empty() ? nullptr : batches.front();
  return from_arrow_call(arrow::ConcatenateRecordBatches(batches));
}

namespace {

void add_field(Plan& plan, const std::string& name, const std::shared_ptr<arrow::DataType>& type) {
  arrow::FieldVector fields = plan.schema->fields();
  fields.push_back(arrow::field(name, type));
  plan.schema = arrow::schema(std::move(fields));
}

}  // namespace

ExpressionPtr add_computed(Plan& plan, ExpressionPtr expression) {
  auto type = expression->type;
  // Names are for requests; plans refer by index.
  plan.computed.push_back({.name = "", .expression = std::move(expression)});
  return make_column(std::move(type), {.kind = ColumnReference::Kind::kComputed,
                                       .index = static_cast<int>(plan.computed.size()) - 1});
}

void add_measure(Plan& plan, Measure measure) {
  add_field(plan, measure.name, measure.type);
  plan.measures.push_back(std::move(measure));
}

void add_key(Plan& plan, ExpressionPtr expression) {
  add_field(plan, "", expression->type);
  plan.keys.push_back({.name = "", .expression = std::move(expression)});
}

void add_select(Plan& plan, ExpressionPtr expression) {
  add_field(plan, "", expression->type);
  plan.select.push_back({.name = "", .expression = std::move(expression)});
}

ExpressionPtr row_number_expression() {
  return make_column(arrow::int64(), {.kind = ColumnReference::Kind::kRowNumber});
}

ExpressionPtr float64_value(const ExpressionPtr& expression) {
  if (bowshot::is_numeric(*expression->type)) return make_cast(expression, arrow::float64());
  return make_call(arrow::float64(), Function::kMicroseconds, {expression});
}

ExpressionPtr is_between(const ExpressionPtr& value, double min, double max) {
  return make_call(arrow::boolean(), Function::kBetween,
                   {value, make_float64_literal(min), make_float64_literal(max)});
}

}  // namespace bowshot
