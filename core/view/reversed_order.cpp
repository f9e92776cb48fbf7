#include "view/reversed_order.hpp"

#include <arrow/type.h>

#include <variant>

namespace bowshot {

std::vector<OrderItem> reversed_order(const std::vector<OrderItem>& order) {
  std::vector<OrderItem> reversed;
  for (const OrderItem& item : order) {
    // Nulls are last both ways, so that they come first only by a key of their own.
    reversed.push_back(
        {.expression = make_call(arrow::boolean(), Function::kIsNull, {item.expression}),
         .descending = true});
    reversed.push_back({.expression = item.expression, .descending = !item.descending});
  }
  reversed.push_back(
      {.expression = make_column(arrow::int64(), {.kind = ColumnReference::Kind::kRowNumber}),
       .descending = true});
  return reversed;
}

}  // namespace bowshot
