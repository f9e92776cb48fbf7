#include "query/binder.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "query/binder_operand.hpp"
#include "query/syntax.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

constexpr std::string_view kRowNumberName = "_row";

/// Far above any use; each is a column for the engine to plan, and a name to look through.
constexpr size_t kComputedColumnsMax = 1'000;

/// Walks one syntax tree; the parser has bounded its depth.
class ExpressionBinder {
 public:
  explicit ExpressionBinder(const Binder* names) : names_(names) {}

  Result<ExpressionPtr> bind_value(const SyntaxNode& node) const {
    BOWSHOT_ASSIGN(const Operand operand, bind(node));
    return natural_expression(operand);
  }

  Result<ExpressionPtr> bind_predicate(const SyntaxNode& node) const {
    BOWSHOT_ASSIGN(const Operand operand, bind(node));
    if (operand.family() == TypeFamily::kBoolean) return operand.expression;
    return type_error(node.position,
                      fmt::format("expected a predicate, found {}", operand.describe()));
  }

 private:
  Result<Operand> bind(const SyntaxNode& node) const {
    Operand operand{.position = node.position};
    switch (node.kind) {
      case SyntaxNode::Kind::kName: {
        BOWSHOT_ASSIGN(operand.expression,
                       names_->bind_name(node.text, node.quoted, node.position));
        break;
      }
      case SyntaxNode::Kind::kNumber:
        operand.number = ExactNumber::parse(node.text);
        break;
      case SyntaxNode::Kind::kText:
        operand.expression = make_literal(std::make_shared<arrow::StringScalar>(node.text));
        break;
      case SyntaxNode::Kind::kBoolean:
        operand.expression = make_literal(std::make_shared<arrow::BooleanScalar>(node.truth));
        break;
      case SyntaxNode::Kind::kDate:
        operand.instant = parse_date(node.text);
        break;
      case SyntaxNode::Kind::kTimestamp:
        operand.instant = parse_timestamp(node.text);
        break;
      case SyntaxNode::Kind::kOperation:
        if (node.function == Function::kNegate) {
          BOWSHOT_ASSIGN(const Operand argument, bind(*node.arguments.front()));
          BOWSHOT_ASSIGN(operand, bind_negation(argument));
          operand.position = node.position;
        } else {
          BOWSHOT_ASSIGN(operand.expression, bind_operation(node));
        }
        break;
    }
    return operand;
  }

  Result<ExpressionPtr> bind_operation(const SyntaxNode& node) const {
    if (node.function == Function::kAnd || node.function == Function::kOr ||
        node.function == Function::kNot)
      return bind_logic(node);
    std::vector<Operand> operands;
    operands.reserve(node.arguments.size());
    for (const SyntaxPtr& argument : node.arguments) {
      BOWSHOT_ASSIGN(Operand operand, bind(*argument));
      operands.push_back(std::move(operand));
    }
    BOWSHOT_ASSIGN(ExpressionPtr expression, bind_call(node, operands));
    if (!node.negated) return expression;
    return make_call(arrow::boolean(), Function::kNot, {std::move(expression)});
  }

  Result<ExpressionPtr> bind_logic(const SyntaxNode& node) const {
    std::vector<ExpressionPtr> arguments;
    arguments.reserve(node.arguments.size());
    for (const SyntaxPtr& argument : node.arguments) {
      BOWSHOT_ASSIGN(ExpressionPtr predicate, bind_predicate(*argument));
      arguments.push_back(std::move(predicate));
    }
    return make_call(arrow::boolean(), node.function, std::move(arguments));
  }

  Result<ExpressionPtr> bind_call(const SyntaxNode& node,
                                  const std::vector<Operand>& operands) const {
    switch (node.function) {
      case Function::kBetween:
        return bind_between(operands);
      case Function::kIn:
        return bind_in(operands);
      case Function::kLike:
      case Function::kCasei:
        return bind_text(node.function, operands);
      case Function::kIsNull: {
        BOWSHOT_ASSIGN(ExpressionPtr argument, natural_expression(operands.front()));
        return make_call(arrow::boolean(), Function::kIsNull, {std::move(argument)});
      }
      case Function::kAdd:
        return bind_sum(operands, node.subtracted);
      case Function::kMultiply:
      case Function::kDivide:
      case Function::kIntegerDivide:
      case Function::kModulo:
        return bind_product(node.function, operands);
      case Function::kPower:
        return bind_power(operands[0], operands[1]);
      default:
        return bind_comparison(node.function, operands[0], operands[1]);
    }
  }

  Result<ExpressionPtr> bind_text(Function function, const std::vector<Operand>& operands) const {
    const bool is_like = function == Function::kLike;
    std::vector<ExpressionPtr> arguments;
    for (const Operand& operand : operands) {
      if (operand.family() != TypeFamily::kText)
        return type_error(
            operand.position,
            fmt::format("{} takes text, not {}", is_like ? "LIKE" : "CASEI", operand.describe()));
      arguments.push_back(operand.expression);
    }
    return make_call(is_like ? arrow::boolean() : arrow::utf8(), function, std::move(arguments));
  }

  const Binder* names_;  // made for one call of it
};

}  // namespace

Binder::Binder(std::shared_ptr<arrow::Schema> schema, bool has_row_numbers)
    : schema_(std::move(schema)), has_row_numbers_(has_row_numbers) {}

Result<void> Binder::add_computed(const std::vector<Item>& items) {
  for (const Item& item : items) BOWSHOT_TRY(in_item(item, add_computed(item)));
  return {};
}

Result<void> Binder::add_computed(const Item& item) {
  BOWSHOT_CHECK(item.alias && item.expression);  // as parse_compute_item() makes them
  if (computed_.size() == kComputedColumnsMax)
    return fail(Error{.code = ErrorCode::kBadParameter,
                      .detail = fmt::format("more than {} computed columns", kComputedColumnsMax),
                      .position = item.position});
  const std::string& name = *item.alias;
  const bool is_taken =
      name == kRowNumberName || schema_->GetFieldIndex(name) >= 0 ||
      std::ranges::find(computed_, name, &NamedExpression::name) != computed_.end();
  if (is_taken || name.empty())
    return fail(Error{.code = ErrorCode::kBadParameter,
                      .detail = name.empty()
                                    ? std::string("a computed column needs a name")
                                    : fmt::format("the name {} is already taken", spell_name(name)),
                      .position = item.position});
  BOWSHOT_ASSIGN(ExpressionPtr expression, bind(item.expression));
  // dictionary<utf8> is the type of a column as it was declared, not of what is computed.
  if (is_text(*expression->type)) expression = make_cast(expression, arrow::utf8());
  computed_.push_back({.name = name, .expression = std::move(expression)});
  return {};
}

Result<ExpressionPtr> Binder::bind_filter(const SyntaxPtr& syntax) const {
  return ExpressionBinder(this).bind_predicate(*syntax);
}

Result<ExpressionPtr> Binder::bind(const SyntaxPtr& syntax) const {
  return ExpressionBinder(this).bind_value(*syntax);
}

Result<ExpressionPtr> Binder::bind_name(std::string_view name, bool quoted,
                                        int64_t position) const {
  const int column = schema_->GetFieldIndex(std::string(name));
  const bool is_row_number = name == kRowNumberName && (!quoted || column < 0);
  if (is_row_number) {
    if (has_row_numbers_)
      return make_column(arrow::int64(), {.kind = ColumnReference::Kind::kRowNumber});
    return fail(Error{.code = ErrorCode::kNoRowNumbers,
                      .detail = "the dataset has no natural order, so no _row",
                      .position = position});
  }
  if (column >= 0)
    return make_column(schema_->field(column)->type(),
                       {.kind = ColumnReference::Kind::kDataset, .index = column});
  const auto found = std::ranges::find(computed_, name, &NamedExpression::name);
  if (found != computed_.end())
    return make_column(found->expression->type,
                       {.kind = ColumnReference::Kind::kComputed,
                        .index = static_cast<int>(found - computed_.begin())});
  return unknown_column(name, quoted, position);
}

std::unexpected<Error> Binder::unknown_column(std::string_view name, bool quoted,
                                              int64_t position) const {
  std::vector<std::string> names = schema_->field_names();
  for (const NamedExpression& computed : computed_) names.push_back(computed.name);
  std::vector<std::string> suggestions = suggest(name, names);
  for (std::string& suggestion : suggestions) suggestion = spell_name(suggestion);
  constexpr size_t kNameBytesMax = 128;  // names beyond it are not worth repeating
  std::string detail = name.size() > kNameBytesMax
                           ? std::string("no column has that name")
                           : fmt::format("no column is named {}", spell_name(name));
  if (quoted && suggestions.empty()) detail += "; a text is written in single quotes";
  return fail(Error{.code = ErrorCode::kUnknownColumn,
                    .detail = std::move(detail),
                    .position = position,
                    .suggestions = std::move(suggestions)});
}

}  // namespace bowshot
