#pragma once

#include <vector>

#include "query/plan.hpp"

namespace bowshot {

/// The order that has the last row first: every key turned round, nulls first, then descending
/// `_row`.
std::vector<OrderItem> reversed_order(const std::vector<OrderItem>& order);

}  // namespace bowshot
