#include "engine/plain_rows.hpp"

#include <algorithm>
#include <variant>

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

bool selects_plain_columns(const Plan& plan) {
  return std::ranges::all_of(plan.select, [](const NamedExpression& item) {
    return plain_column(item.expression) != nullptr;
  });
}

bool is_plain_window(const Plan& plan) {
  return plan.kind == Plan::Kind::kRows && !plan.filter && is_natural_order(plan.order) &&
         selects_plain_columns(plan);
}

}  // namespace bowshot
