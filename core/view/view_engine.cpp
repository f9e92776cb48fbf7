#include "view/view_engine.hpp"

#include <algorithm>
#include <variant>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/duckdb/duckdb_engine.hpp"
#include "engine/duckdb/fetched_rows.hpp"
#include "view/count_stream.hpp"
#include "view/view_stream.hpp"

namespace bowshot {
namespace {

const ColumnReference* as_column(const Expression& expression) {
  return std::get_if<ColumnReference>(&expression.node);
}

/// Of fewer rows the engine finds any window at once, and a view is not worth keeping.
constexpr int64_t kViewedRowsMin = 4'096;

bool is_natural_order(const std::vector<OrderItem>& order) {
  if (order.empty()) return true;
  const ColumnReference* first = as_column(*order.front().expression);
  return first && first->kind == ColumnReference::Kind::kRowNumber && !order.front().descending;
}

bool is_count(const Plan& plan) {
  return plan.kind == Plan::Kind::kAggregate && plan.keys.empty() && !plan.measures.empty() &&
         std::ranges::all_of(plan.measures, [](const Measure& measure) {
           return measure.function == MeasureFunction::kCountRows;
         });
}

/// Rows that can be read by number: any where all columns are stored, few where some are computed.
bool is_window(const Plan& plan) {
  if (plan.kind != Plan::Kind::kRows || !plan.limit || *plan.limit == 0) return false;
  const bool is_stored = std::ranges::all_of(plan.select, [](const NamedExpression& item) {
    const ColumnReference* column = as_column(*item.expression);
    return column && column->kind != ColumnReference::Kind::kComputed;
  });
  return *plan.limit <= (is_stored ? kInteractiveRowsMax : kFetchedRowsMax);
}

}  // namespace

ViewEngine::ViewEngine(DuckDbEngine* engine, const ViewStore::Options& options)
    : engine_(engine),
      sorted_orders_(engine),
      orders_(engine, &sorted_orders_),
      builder_(engine, &orders_),
      store_(options, &builder_) {}

EngineCapabilities ViewEngine::capabilities() const {
  return {.row_numbers = true, .cancel = true, .progress = false};
}

bool ViewEngine::accepts(const Plan& plan) const {
  if (!plan.dataset->has_row_numbers() || plan.dataset->rows() < kViewedRowsMin) return false;
  if (store_.bytes_max() == 0) return false;
  if (is_count(plan)) return plan.filter && plan.offset == 0 && plan.limit.value_or(1) > 0;
  return is_window(plan) && (plan.filter || !is_natural_order(plan.order));
}

Result<std::unique_ptr<BatchStream>> ViewEngine::run(std::shared_ptr<const Plan> plan,
                                                     const StopToken& stop) {
  BOWSHOT_CHECK(accepts(*plan));
  ViewContext context{.plan = std::move(plan),
                      .engine = engine_,
                      .store = &store_,
                      .orders = &orders_,
                      .stop = stop};
  if (is_count(*context.plan)) return std::make_unique<CountStream>(std::move(context));
  if (is_natural_order(context.plan->order)) return make_filtered_window(std::move(context));
  return make_ordered_window(std::move(context));
}

std::optional<int64_t> ViewEngine::known_rows(const Plan& plan) const {
  if (plan.kind != Plan::Kind::kRows || !plan.filter) return std::nullopt;
  if (const auto counts = store_.peek(match_counts_request(plan).key)) return view_rows(*counts);
  if (const auto matches = store_.peek(matched_rows_request(plan).key)) return view_rows(*matches);
  if (is_natural_order(plan.order)) return std::nullopt;
  const auto order = store_.peek(row_order_request(plan).key);
  return order ? std::optional(view_rows(*order)) : std::nullopt;
}

}  // namespace bowshot
