#include "query/overflow_origin.hpp"

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>

#include "query/binder_operand.hpp"
#include "query/spelling.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

bool is_exact_number(const arrow::DataType& type) {
  return bowshot::is_integer(type) || type.id() == arrow::Type::DECIMAL128;
}

/// Integers in wider ones, and in decimals, which hold every digit of theirs.
bool always_fits(const arrow::DataType& from, const arrow::DataType& to) {
  if (!bowshot::is_integer(from)) return false;
  return !bowshot::is_integer(to) || arrow::bit_width(from.id()) < arrow::bit_width(to.id());
}

/// Whether the call itself can overflow, not its arguments. Rather once too often: what is left out
/// cannot be the cause.
bool can_overflow(const Call& call, const arrow::DataType& type) {
  switch (call.function) {
    case Function::kAdd:
    case Function::kSubtract:
    case Function::kMultiply:
    case Function::kNegate:
    case Function::kIntegerDivide:
    case Function::kBin:
      return is_exact_number(type);
    case Function::kTimeBin:
      return true;
    case Function::kCast:
      return type_family(type) == TypeFamily::kTime ||
             (is_exact_number(type) && !always_fits(*call.arguments[0]->type, type));
    default:
      return false;
  }
}

bool can_overflow(const Measure& measure) {
  switch (measure.function) {
    case MeasureFunction::kSum:
      return is_exact_number(*measure.type);
    case MeasureFunction::kStddev:
    case MeasureFunction::kVariance:
      return bowshot::is_floating(*measure.arguments[0]->type);
    default:
      return false;
  }
}

/// The parts of a plan that can overflow, each once, in the order of the request's parameters.
class Origins {
 public:
  explicit Origins(const Plan& plan) : plan_(&plan), seen_(plan.computed.size(), false) {
    for (const NamedExpression& column : plan.select) walk(*column.expression);
    for (const OrderItem& item : plan.order)
      if (item.expression) walk(*item.expression);
    if (plan.filter && walk(*plan.filter)) add("filter", "the filter");
    for (const NamedExpression& key : plan.keys)
      if (walk(*key.expression)) add("by", fmt::format("the key {}", quote_value(key.name)));
    for (const Measure& measure : plan.measures) {
      for (const ExpressionPtr& argument : measure.arguments) walk(*argument);
      if (can_overflow(measure))
        add("measures", fmt::format("the measure {}", quote_value(measure.name)));
    }
  }

  bool empty() const { return origins_.empty(); }

  std::string text() const {
    constexpr size_t kNamedMax = 5;
    std::string text;
    for (size_t i = 0; i < std::min(origins_.size(), kNamedMax); ++i)
      text += (i > 0 ? ", " : "") + origins_[i].text;
    if (origins_.size() == 1) return text;
    if (origins_.size() > kNamedMax)
      text += fmt::format(" and {} more", origins_.size() - kNamedMax);
    return "one of: " + text;
  }

  /// Empty where there are several.
  std::string parameter() const {
    const std::string_view first = origins_.front().parameter;
    const bool is_one =
        std::ranges::all_of(origins_, [&](const Origin& o) { return o.parameter == first; });
    return std::string(is_one ? first : "");
  }

 private:
  struct Origin {
    std::string_view parameter;
    std::string text;
  };

  void add(std::string_view parameter, std::string text) {
    origins_.push_back({.parameter = parameter, .text = std::move(text)});
  }

  /// Whether the expression itself can overflow; adds the computed columns that it names.
  bool walk(const Expression& expression) {
    if (const auto* column = std::get_if<ColumnReference>(&expression.node)) {
      if (column->kind == ColumnReference::Kind::kComputed) add_computed(*column);
      return false;
    }
    const auto* call = std::get_if<Call>(&expression.node);
    if (!call) return false;
    bool found = can_overflow(*call, *expression.type);
    for (const ExpressionPtr& argument : call->arguments) found |= walk(*argument);
    return found;
  }

  void add_computed(const ColumnReference& column) {
    const auto index = static_cast<size_t>(column.index);
    if (seen_[index]) return;
    seen_[index] = true;
    const NamedExpression& computed = plan_->computed[index];
    if (walk(*computed.expression))
      add("compute", fmt::format("the computed column {}", quote_value(computed.name)));
  }

  const Plan* plan_;  // the caller's, for the length of one call
  std::vector<bool> seen_;
  std::vector<Origin> origins_;
};

}  // namespace

Error with_overflow_origin(Error error, const Plan& plan) {
  if (error.code != ErrorCode::kOverflow || !error.parameter.empty()) return error;
  const Origins origins(plan);
  if (origins.empty()) return error;
  error.detail += fmt::format("; it comes from {}", origins.text());
  error.parameter = origins.parameter();
  return error;
}

}  // namespace bowshot
