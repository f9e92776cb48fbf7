#include "engine/duckdb/row_order.hpp"

#include <algorithm>

namespace bowshot {
namespace {

/// One less than DuckDB's number, and the value that is looked for.
constexpr size_t kPlainInArgumentsMax = 4;

bool keeps_row_order(const Expression& expression) {
  const auto* call = std::get_if<Call>(&expression.node);
  if (!call) return true;
  if (call->function == Function::kIn && call->arguments.size() > kPlainInArgumentsMax)
    return false;
  return std::ranges::all_of(call->arguments,
                             [](const auto& argument) { return keeps_row_order(*argument); });
}

}  // namespace

bool keeps_row_order(const Plan& plan) {
  return (!plan.filter || keeps_row_order(*plan.filter)) &&
         std::ranges::all_of(plan.computed, [](const NamedExpression& computed) {
           return keeps_row_order(*computed.expression);
         });
}

}  // namespace bowshot
