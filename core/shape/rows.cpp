#include <arrow/type.h>

#include "shape/plan_parts.hpp"
#include "source/dataset.hpp"

namespace bowshot {

namespace {

Result<std::vector<OrderItem>> bind_order(const std::vector<Item>& items, const Binder& binder) {
  std::vector<OrderItem> order;
  for (const Item& item : items) {
    BOWSHOT_ASSIGN(ExpressionPtr column,
                   in_item(item, binder.bind_name(item.name, item.quoted, item.name_position)));
    BOWSHOT_TRY(in_item(item, check_orderable(*column->type, item)));
    order.push_back({.expression = std::move(column), .descending = item.descending});
  }
  return order;
}

}  // namespace

Result<void> plan_rows(const Request& request, const Binder& binder, Plan& plan) {
  plan.kind = Plan::Kind::kRows;
  if (!plan.dataset->has_row_numbers() && request.offset > 0 && request.order.empty())
    return fail({.code = ErrorCode::kNoRowNumbers,
                 .detail = "this dataset has no natural order; an offset needs an order",
                 .parameter = "offset"});
  BOWSHOT_TRY(select_columns(request, binder, plan));
  BOWSHOT_ASSIGN(plan.order, in_parameter("order", bind_order(request.order, binder)));
  return {};
}

}  // namespace bowshot
