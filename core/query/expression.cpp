#include "query/expression.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <functional>
#include <set>
#include <utility>

#include "source/data_type.hpp"

namespace bowshot {
namespace {

/// Calls `visit` with every column reference, each computed column's expression once.
class ColumnWalk {
 public:
  ColumnWalk(const std::vector<NamedExpression>& computed,
             std::function<void(const ColumnReference&)> visit)
      : computed_(&computed), visit_(std::move(visit)) {}

  /// Computed columns wait in a list: a long chain of them is not a deep recursion.
  void walk(const Expression& expression) {
    walk_one(expression);
    while (!pending_.empty()) {
      const int index = pending_.back();
      pending_.pop_back();
      walk_one(*(*computed_)[static_cast<size_t>(index)].expression);
    }
  }

 private:
  void walk_one(const Expression& expression) {
    if (const auto* call = std::get_if<Call>(&expression.node)) {
      for (const ExpressionPtr& argument : call->arguments) walk_one(*argument);
    } else if (const auto* column = std::get_if<ColumnReference>(&expression.node)) {
      visit_(*column);
      const bool is_computed = column->kind == ColumnReference::Kind::kComputed;
      if (is_computed && seen_.insert(column->index).second) pending_.push_back(column->index);
    }
  }

  const std::vector<NamedExpression>* computed_;  // the caller's, for the length of one walk
  std::function<void(const ColumnReference&)> visit_;
  std::set<int> seen_;
  std::vector<int> pending_;
};

std::string to_string(const ColumnReference& column) {
  switch (column.kind) {
    case ColumnReference::Kind::kDataset:
      return fmt::format("#{}", column.index);
    case ColumnReference::Kind::kComputed:
      return fmt::format("${}", column.index);
    case ColumnReference::Kind::kRowNumber:
      return "_row";
  }
  return "?";
}

std::string to_string(const arrow::Scalar& value) {
  if (is_text(*value.type)) return fmt::format("'{}'", value.ToString());
  return fmt::format("{}:{}", value.ToString(), type_name(*value.type));
}

}  // namespace

ExpressionPtr make_column(std::shared_ptr<arrow::DataType> type, ColumnReference column) {
  return std::make_shared<const Expression>(Expression{.type = std::move(type), .node = column});
}

ExpressionPtr make_literal(std::shared_ptr<arrow::Scalar> value) {
  std::shared_ptr<arrow::DataType> type = value->type;
  return std::make_shared<const Expression>(
      Expression{.type = std::move(type), .node = Literal{.value = std::move(value)}});
}

ExpressionPtr make_call(std::shared_ptr<arrow::DataType> type, Function function,
                        std::vector<ExpressionPtr> arguments) {
  return std::make_shared<const Expression>(
      Expression{.type = std::move(type),
                 .node = Call{.function = function, .arguments = std::move(arguments)}});
}

std::string_view function_name(Function function) {
  switch (function) {
    case Function::kAnd:
      return "and";
    case Function::kOr:
      return "or";
    case Function::kNot:
      return "not";
    case Function::kEqual:
      return "equal";
    case Function::kNotEqual:
      return "not_equal";
    case Function::kLess:
      return "less";
    case Function::kLessEqual:
      return "less_equal";
    case Function::kGreater:
      return "greater";
    case Function::kGreaterEqual:
      return "greater_equal";
    case Function::kBetween:
      return "between";
    case Function::kIn:
      return "in";
    case Function::kLike:
      return "like";
    case Function::kIsNull:
      return "is_null";
    case Function::kCasei:
      return "casei";
    case Function::kAdd:
      return "add";
    case Function::kSubtract:
      return "subtract";
    case Function::kMultiply:
      return "multiply";
    case Function::kDivide:
      return "divide";
    case Function::kIntegerDivide:
      return "integer_divide";
    case Function::kModulo:
      return "modulo";
    case Function::kPower:
      return "power";
    case Function::kNegate:
      return "negate";
    case Function::kBin:
      return "bin";
    case Function::kTimeBin:
      return "time_bin";
    case Function::kFloor:
      return "floor";
    case Function::kMicroseconds:
      return "microseconds";
    case Function::kWhen:
      return "when";
    case Function::kHash:
      return "hash";
    case Function::kCast:
      return "cast";
  }
  return "?";
}

std::string to_string(const Expression& expression) {
  if (const auto* column = std::get_if<ColumnReference>(&expression.node))
    return to_string(*column);
  if (const auto* literal = std::get_if<Literal>(&expression.node))
    return to_string(*literal->value);
  const Call& call = std::get<Call>(expression.node);
  std::string text = fmt::format("{}(", function_name(call.function));
  for (const ExpressionPtr& argument : call.arguments) {
    if (text.back() != '(') text += ", ";
    text += to_string(*argument);
  }
  if (call.function == Function::kCast) text += " as " + type_name(*expression.type);
  return text + ")";
}

std::vector<int> referenced_columns(const Expression& expression,
                                    const std::vector<NamedExpression>& computed) {
  std::set<int> columns;
  ColumnWalk(computed, [&](const ColumnReference& column) {
    if (column.kind == ColumnReference::Kind::kDataset) columns.insert(column.index);
  }).walk(expression);
  return {columns.begin(), columns.end()};
}

bool references_row_number(const Expression& expression,
                           const std::vector<NamedExpression>& computed) {
  bool found = false;
  ColumnWalk(computed, [&](const ColumnReference& column) {
    found = found || column.kind == ColumnReference::Kind::kRowNumber;
  }).walk(expression);
  return found;
}

}  // namespace bowshot
