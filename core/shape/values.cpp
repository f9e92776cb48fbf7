#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include "query/binder_operand.hpp"
#include "shape/plan_parts.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

/// `prefix` as a pattern of LIKE.
std::string prefix_pattern(std::string_view prefix) {
  std::string pattern;
  for (const char c : prefix) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

ExpressionPtr casei(ExpressionPtr text) {
  return make_call(arrow::utf8(), Function::kCasei, {std::move(text)});
}

/// Where the column's text begins with `prefix`, whatever the case of both.
Result<ExpressionPtr> begins_with(const ExpressionPtr& column, const std::string& prefix) {
  if (!is_text(*column->type))
    return fail(ErrorCode::kTypeMismatch,
                fmt::format("a prefix is for text; the column is {}", type_name(*column->type)));
  auto pattern = make_literal(std::make_shared<arrow::StringScalar>(prefix_pattern(prefix)));
  return make_call(arrow::boolean(), Function::kLike, {casei(column), casei(std::move(pattern))});
}

}  // namespace

/// An aggregate by the column, the most frequent values first.
Result<void> plan_values(const Request& request, const Binder& binder, Plan& plan) {
  BOWSHOT_ASSIGN(
      NamedExpression key,
      in_parameter("column", in_item(*request.column, binder.bind_key(*request.column))));
  key.name = "value";
  if (request.prefix) {
    BOWSHOT_ASSIGN(ExpressionPtr condition,
                   in_parameter("prefix", begins_with(key.expression, *request.prefix)));
    plan.filter = and_also(plan.filter, std::move(condition));
  }
  plan.kind = Plan::Kind::kAggregate;
  plan.schema = arrow::schema({arrow::field("value", key.expression->type),
                               arrow::field("count", arrow::int64(), /*nullable=*/false)});
  plan.keys.push_back(std::move(key));
  plan.measures.push_back({.name = "count",
                           .function = MeasureFunction::kCountRows,
                           .arguments = {},
                           .type = arrow::int64()});
  plan.order.push_back({.output = 1, .expression = nullptr, .descending = true});
  return {};
}

}  // namespace bowshot
