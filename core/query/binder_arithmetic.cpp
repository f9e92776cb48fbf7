#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "query/binder_operand.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

constexpr int32_t kDecimalDigitsMax = 38;

/// What arithmetic is done in. Each one holds the ones before it, decimals their scale.
enum class NumberClass { kInteger, kDecimal, kFloat };

Result<void> require_number(const Operand& operand) {
  if (operand.family() == TypeFamily::kNumber) return {};
  return type_error(operand.position,
                    fmt::format("arithmetic takes numbers, not {}", operand.describe()));
}

bool is_fraction(const Operand& operand) {
  return operand.number && !operand.number->is_integer;
}

/// The decimal type of an exact number: a literal's narrowest, all digits that an integer may have.
std::shared_ptr<arrow::DataType> decimal_type(const Operand& operand) {
  if (operand.number) return operand.number->decimal_type();
  const arrow::DataType& type = *operand.expression->type;
  if (type.id() == arrow::Type::DECIMAL128) return operand.expression->type;
  const int32_t width = arrow::bit_width(type.id());
  const int32_t digits = width == 8 ? 3 : width == 16 ? 5 : width == 32 ? 10 : 19;
  return arrow::decimal128(type.id() == arrow::Type::UINT64 ? 20 : digits, 0);
}

/// An integer literal that int64 does not hold is a decimal, or a float where no decimal holds it.
NumberClass class_of(const Operand& operand) {
  if (operand.number) {
    const GridPlace place = place_on(*number_grid(*arrow::int64()), *operand.number);
    if (operand.number->is_integer && place.kind == GridPlace::Kind::kOn)
      return NumberClass::kInteger;
    return operand.number->decimal_type() ? NumberClass::kDecimal : NumberClass::kFloat;
  }
  if (bowshot::is_integer(*operand.expression->type)) return NumberClass::kInteger;
  return bowshot::is_floating(*operand.expression->type) ? NumberClass::kFloat
                                                         : NumberClass::kDecimal;
}

Result<ExpressionPtr> as_class(const Operand& operand, NumberClass number_class) {
  if (number_class == NumberClass::kFloat) return float64_expression(operand);
  const auto type = number_class == NumberClass::kInteger ? arrow::int64() : decimal_type(operand);
  if (!operand.number) return make_cast(operand.expression, type);
  return make_grid_literal(type, place_on(*number_grid(*type), *operand.number).value);
}

/// Precision and scale of a sum or product, as SQL has them; cut to 38 digits, beyond which the
/// engine reports an overflow.
std::shared_ptr<arrow::DataType> decimal_result(Function function, const arrow::DataType& left,
                                                const arrow::DataType& right) {
  const auto& a = static_cast<const arrow::DecimalType&>(left);
  const auto& b = static_cast<const arrow::DecimalType&>(right);
  const bool is_product = function == Function::kMultiply;
  const int32_t scale = is_product ? a.scale() + b.scale() : std::max(a.scale(), b.scale());
  const int32_t whole = std::max({a.precision() - a.scale(), b.precision() - b.scale(), 0});
  const int32_t digits = is_product ? a.precision() + b.precision() : whole + scale + 1;
  return arrow::decimal128(std::min(digits, kDecimalDigitsMax), scale);
}

/// What is added, multiplied and so on, from left to right: a run of one number class, which ends
/// where an operand needs a wider one; then its result is the first operand of the next run.
class ChainBinder {
 public:
  explicit ChainBinder(Function function) : function_(function) {}

  Result<ExpressionPtr> bind(const std::vector<Operand>& operands,
                             const std::vector<bool>& subtracted) {
    for (const Operand& operand : operands) BOWSHOT_TRY(require_number(operand));
    class_ = first_class(operands);
    BOWSHOT_TRY(add(operands[0], false));
    for (size_t i = 1; i < operands.size(); ++i) {
      const NumberClass wider = widest_with(operands[i]);
      if (wider != class_) {
        BOWSHOT_TRY(close());
        class_ = wider;
        BOWSHOT_TRY(add(std::exchange(first_, {}), false));
      }
      BOWSHOT_TRY(add(operands[i], !subtracted.empty() && subtracted[i]));
    }
    BOWSHOT_TRY(close());
    return first_.expression;
  }

 private:
  /// `/` is float64; `div` and `%` know no decimals; products keep every digit or are floats.
  NumberClass allowed(NumberClass number_class) const {
    if (function_ == Function::kDivide) return NumberClass::kFloat;
    const bool has_decimals = function_ == Function::kAdd || function_ == Function::kMultiply;
    if (number_class == NumberClass::kDecimal && !has_decimals) return NumberClass::kFloat;
    return number_class;
  }

  /// A fraction is exact beside decimals only, else a float64, as `i * 1.5` is to whoever reads it:
  /// only the second operand tells.
  NumberClass first_class(const std::vector<Operand>& operands) const {
    const bool is_float =
        is_fraction(operands[0]) &&
        (is_fraction(operands[1]) || class_of(operands[1]) != NumberClass::kDecimal);
    return allowed(is_float ? NumberClass::kFloat : class_of(operands[0]));
  }

  NumberClass widest_with(const Operand& operand) const {
    if (is_fraction(operand) && class_ == NumberClass::kInteger) return NumberClass::kFloat;
    const NumberClass wider = allowed(std::max(class_, class_of(operand)));
    if (wider != NumberClass::kDecimal || function_ != Function::kMultiply) return wider;
    const bool fits =
        decimal_scale(*type_) + decimal_scale(*decimal_type(operand)) <= kDecimalDigitsMax;
    return fits ? wider : NumberClass::kFloat;
  }

  static int32_t decimal_scale(const arrow::DataType& type) {
    return type.id() == arrow::Type::DECIMAL128
               ? static_cast<const arrow::DecimalType&>(type).scale()
               : 0;
  }

  Result<void> add(const Operand& operand, bool is_subtracted) {
    if (terms_.empty()) first_ = operand;
    BOWSHOT_ASSIGN(ExpressionPtr expression, as_class(operand, class_));
    const auto& type = expression->type;
    type_ =
        type_ && class_ == NumberClass::kDecimal ? decimal_result(function_, *type_, *type) : type;
    terms_.push_back({operand, std::move(expression), is_subtracted});
    return {};
  }

  /// The run as one expression, in `first_`.
  Result<void> close() {
    if (terms_.size() > 1) {
      const bool is_difference = terms_.size() == 2 && terms_[1].is_subtracted;
      std::vector<ExpressionPtr> arguments;
      for (const Term& term : terms_) {
        BOWSHOT_ASSIGN(ExpressionPtr argument, is_difference ? term.expression : signed_term(term));
        arguments.push_back(std::move(argument));
      }
      const Function function = is_difference ? Function::kSubtract : function_;
      first_ = {.expression = make_call(type_, function, std::move(arguments)),
                .position = first_.position};
    }
    terms_.clear();
    type_ = nullptr;
    return {};
  }

  struct Term {
    Operand operand;
    ExpressionPtr expression;  // the operand in the run's class
    bool is_subtracted;
  };

  /// A term of a longer sum: what is subtracted is added as its negative, a literal as a literal.
  Result<ExpressionPtr> signed_term(const Term& term) const {
    if (!term.is_subtracted) return term.expression;
    if (term.operand.number) {
      const Operand negated{.number = term.operand.number->negated()};
      if (class_of(negated) <= class_) return as_class(negated, class_);
    }
    return make_call(term.expression->type, Function::kNegate, {term.expression});
  }

  Function function_;
  NumberClass class_ = NumberClass::kInteger;
  std::vector<Term> terms_;                // of the run under way
  std::shared_ptr<arrow::DataType> type_;  // of their result
  Operand first_;                          // the run's first operand; after close(), its result
};

}  // namespace

Result<ExpressionPtr> bind_sum(const std::vector<Operand>& operands,
                               const std::vector<bool>& subtracted) {
  return ChainBinder(Function::kAdd).bind(operands, subtracted);
}

Result<ExpressionPtr> bind_product(Function function, const std::vector<Operand>& operands) {
  return ChainBinder(function).bind(operands, {});
}

Result<ExpressionPtr> bind_power(const Operand& base, const Operand& exponent) {
  BOWSHOT_TRY(require_number(base));
  BOWSHOT_TRY(require_number(exponent));
  BOWSHOT_ASSIGN(ExpressionPtr a, float64_expression(base));
  BOWSHOT_ASSIGN(ExpressionPtr b, float64_expression(exponent));
  return make_call(arrow::float64(), Function::kPower, {std::move(a), std::move(b)});
}

Result<Operand> bind_negation(const Operand& operand) {
  BOWSHOT_TRY(require_number(operand));
  Operand negated{.position = operand.position};
  if (operand.number) {
    negated.number = operand.number->negated();
    return negated;
  }
  BOWSHOT_ASSIGN(ExpressionPtr argument, as_class(operand, class_of(operand)));
  const auto type = argument->type;
  negated.expression = make_call(type, Function::kNegate, {std::move(argument)});
  return negated;
}

}  // namespace bowshot
