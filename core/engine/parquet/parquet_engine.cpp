#include "engine/parquet/parquet_engine.hpp"

#include <algorithm>
#include <variant>

#include "base/check.hpp"
#include "engine/parquet/page_map.hpp"
#include "engine/parquet/window_stream.hpp"

namespace bowshot {

namespace {

const ColumnReference* plain_column(const ExpressionPtr& expression) {
  const auto* reference = std::get_if<ColumnReference>(&expression->node);
  return reference && reference->kind != ColumnReference::Kind::kComputed ? reference : nullptr;
}

/// No order means ascending `_row`, and what comes after `_row` decides nothing.
bool is_natural_order(const std::vector<OrderItem>& order) {
  if (order.empty()) return true;
  const auto* reference = plain_column(order[0].expression);
  return reference && reference->kind == ColumnReference::Kind::kRowNumber && !order[0].descending;
}

}  // namespace

ParquetEngine::ParquetEngine() : page_maps_(std::make_shared<PageMapCache>()) {}
ParquetEngine::~ParquetEngine() = default;

std::unique_ptr<ParquetEngine> ParquetEngine::make() {
  return std::unique_ptr<ParquetEngine>(new ParquetEngine);
}

EngineCapabilities ParquetEngine::capabilities() const {
  return {.row_numbers = true, .cancel = true, .progress = false};
}

bool ParquetEngine::accepts(const Plan& plan) const {
  return plan.kind == Plan::Kind::kRows && !plan.filter && is_natural_order(plan.order) &&
         std::ranges::all_of(plan.select, [](const NamedExpression& item) {
           return plain_column(item.expression) != nullptr;
         });
}

Result<std::unique_ptr<BatchStream>> ParquetEngine::run(std::shared_ptr<const Plan> plan,
                                                        const StopToken& stop) {
  BOWSHOT_CHECK(accepts(*plan));
  return WindowStream::make(std::move(plan), page_maps_, stop);
}

}  // namespace bowshot
