#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "query/binder_operand.hpp"
#include "query/time_width.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

constexpr int32_t kDecimalDigitsMax = 38;

ExpressionPtr make_predicate(Function function, std::vector<ExpressionPtr> arguments) {
  return make_call(arrow::boolean(), function, std::move(arguments));
}

/// `a f b` is `b mirrored(f) a`.
Function mirrored(Function function) {
  switch (function) {
    case Function::kLess:
      return Function::kGreater;
    case Function::kLessEqual:
      return Function::kGreaterEqual;
    case Function::kGreater:
      return Function::kLess;
    case Function::kGreaterEqual:
      return Function::kLessEqual;
    default:
      return function;
  }
}

bool holds_for_less(Function function) {  // whether x < L makes `x f L` true
  return function == Function::kLess || function == Function::kLessEqual ||
         function == Function::kNotEqual;
}

bool holds_for_greater(Function function) {
  return function == Function::kGreater || function == Function::kGreaterEqual ||
         function == Function::kNotEqual;
}

/// True or false for every value of x, and null for null: for a literal that no x can reach. Made
/// of x alone, since the edges of a type are not literals that every engine can spell.
ExpressionPtr make_constant(const ExpressionPtr& x, bool truth) {
  return make_predicate(truth ? Function::kEqual : Function::kNotEqual, {x, x});
}

/// `x function L`, where L lies somewhere on, between or beyond the values that x can have.
ExpressionPtr compare_on_grid(Function function, const ExpressionPtr& x, const GridPlace& place) {
  switch (place.kind) {
    case GridPlace::Kind::kOn:
      return make_predicate(function, {x, make_grid_literal(x->type, place.value)});
    case GridPlace::Kind::kBelow:
      return make_constant(x, holds_for_greater(function));
    case GridPlace::Kind::kAbove:
      return make_constant(x, holds_for_less(function));
    case GridPlace::Kind::kBetween:
      break;
  }
  if (holds_for_less(function) == holds_for_greater(function))  // = and <>
    return make_constant(x, holds_for_less(function));
  return make_predicate(holds_for_less(function) ? Function::kLessEqual : Function::kGreater,
                        {x, make_grid_literal(x->type, place.value)});
}

/// Two exact columns of which one has finer steps and no type holds both. `floored` is the fine one
/// rounded down to a coarse step, as the coarse one's type; `aligned` the same as the fine one's.
struct CoarseAndFine {
  ExpressionPtr coarse;
  ExpressionPtr fine;
  ExpressionPtr floored;
  ExpressionPtr aligned;
};

/// Compares whole steps first, what is left of a step after. Null where either side is.
ExpressionPtr compare_coarse(Function function, const CoarseAndFine& sides) {
  const auto steps = [&](Function f) { return make_predicate(f, {sides.coarse, sides.floored}); };
  const auto rest = [&](Function f) {
    return make_predicate(
        Function::kAnd, {steps(Function::kEqual), make_predicate(f, {sides.aligned, sides.fine})});
  };
  switch (function) {
    case Function::kLessEqual:
    case Function::kGreater:
      return steps(function);
    case Function::kLess:
      return make_predicate(Function::kOr, {steps(Function::kLess), rest(Function::kLess)});
    case Function::kGreaterEqual:
      return make_predicate(Function::kOr, {steps(Function::kGreater), rest(Function::kEqual)});
    case Function::kNotEqual:
      return make_predicate(Function::kNot, {compare_coarse(Function::kEqual, sides)});
    default:
      return make_predicate(Function::kAnd, {compare_coarse(Function::kLessEqual, sides),
                                             compare_coarse(Function::kGreaterEqual, sides)});
  }
}

struct DecimalShape {
  int32_t whole_digits;
  int32_t scale;
};

DecimalShape decimal_shape(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
      return {3, 0};
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
      return {5, 0};
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
      return {10, 0};
    case arrow::Type::INT64:
      return {19, 0};
    case arrow::Type::UINT64:
      return {20, 0};
    default:
      break;
  }
  const auto& decimal = static_cast<const arrow::DecimalType&>(type);
  return {decimal.precision() - decimal.scale(), decimal.scale()};
}

/// An integer type that holds both, or none: then a decimal does.
std::shared_ptr<arrow::DataType> common_integer(const arrow::DataType& a,
                                                const arrow::DataType& b) {
  if (!bowshot::is_integer(a) || !bowshot::is_integer(b)) return nullptr;
  const bool a_wide = a.id() == arrow::Type::UINT64;
  const bool b_wide = b.id() == arrow::Type::UINT64;
  if (!a_wide && !b_wide) return arrow::int64();
  const bool both_unsigned =
      arrow::is_unsigned_integer(a.id()) && arrow::is_unsigned_integer(b.id());
  return both_unsigned ? arrow::uint64() : nullptr;
}

/// The scale of `coarse` is below that of `fine`.
CoarseAndFine floor_decimal(const ExpressionPtr& coarse, const ExpressionPtr& fine) {
  const int32_t scale = std::max(0, decimal_shape(*coarse->type).scale);
  const auto coarse_type = arrow::decimal128(kDecimalDigitsMax, scale);
  const auto fine_type = arrow::decimal128(kDecimalDigitsMax, decimal_shape(*fine->type).scale);
  const ExpressionPtr step = make_grid_literal(arrow::decimal128(std::max(1, scale), scale), 1);
  const ExpressionPtr floored = make_call(coarse_type, Function::kBin, {fine, step});
  return {.coarse = make_cast(coarse, coarse_type),
          .fine = make_cast(fine, fine_type),
          .floored = floored,
          .aligned = make_cast(floored, fine_type)};
}

ExpressionPtr compare_exact(Function function, const ExpressionPtr& left,
                            const ExpressionPtr& right) {
  if (left->type->Equals(*right->type)) return make_predicate(function, {left, right});
  auto type = common_integer(*left->type, *right->type);
  const DecimalShape a = decimal_shape(*left->type);
  const DecimalShape b = decimal_shape(*right->type);
  if (!type) {
    const int32_t scale = std::max({a.scale, b.scale, 0});
    const int32_t digits = std::max({a.whole_digits, b.whole_digits, 0}) + scale;
    if (digits <= kDecimalDigitsMax) type = arrow::decimal128(std::max(1, digits), scale);
  }
  if (type) return make_predicate(function, {make_cast(left, type), make_cast(right, type)});
  if (a.scale <= b.scale) return compare_coarse(function, floor_decimal(left, right));
  return compare_coarse(mirrored(function), floor_decimal(right, left));
}

Result<ExpressionPtr> compare_numbers(Function function, const Operand& left,
                                      const Operand& right) {
  const bool is_exact = !bowshot::is_floating(*left.expression->type) &&
                        !(right.expression && bowshot::is_floating(*right.expression->type));
  if (!is_exact) {
    BOWSHOT_ASSIGN(ExpressionPtr a, float64_expression(left));
    BOWSHOT_ASSIGN(ExpressionPtr b, float64_expression(right));
    return make_predicate(function, {std::move(a), std::move(b)});
  }
  if (!right.number) return compare_exact(function, left.expression, right.expression);
  const Grid grid = *number_grid(*left.expression->type);
  return compare_on_grid(function, left.expression, place_on(grid, *right.number));
}

/// Without a zone: the same instants, labelled as one type.
ExpressionPtr without_zone(const ExpressionPtr& time) {
  if (time->type->id() != arrow::Type::TIMESTAMP) return time;
  return make_cast(time,
                   arrow::timestamp(static_cast<const arrow::TimestampType&>(*time->type).unit()));
}

/// The width of one step of a date or timestamp type.
std::shared_ptr<arrow::Scalar> step_width(const arrow::DataType& type) {
  TimeWidth width{.count = 1, .unit = TimeWidth::Unit::kDay};
  if (type.id() == arrow::Type::TIMESTAMP) {
    const auto unit = static_cast<const arrow::TimestampType&>(type).unit();
    BOWSHOT_CHECK(unit != arrow::TimeUnit::NANO);  // nothing is finer
    width.unit = unit == arrow::TimeUnit::SECOND  ? TimeWidth::Unit::kSecond
                 : unit == arrow::TimeUnit::MILLI ? TimeWidth::Unit::kMillisecond
                                                  : TimeWidth::Unit::kMicrosecond;
  }
  return std::make_shared<arrow::StringScalar>(width.to_string());
}

/// Times of different units are not brought to the finer one, whose range may not hold them.
ExpressionPtr compare_times(Function function, const ExpressionPtr& left,
                            const ExpressionPtr& right) {
  if (left->type->Equals(*right->type)) return make_predicate(function, {left, right});
  const ExpressionPtr a = without_zone(left);
  const ExpressionPtr b = without_zone(right);
  const Int128 a_step = time_grid(*a->type)->step_ns;
  const Int128 b_step = time_grid(*b->type)->step_ns;
  if (a_step == b_step) return make_predicate(function, {a, b});
  if (a_step < b_step) return compare_times(mirrored(function), b, a);
  const ExpressionPtr aligned =
      make_call(b->type, Function::kTimeBin, {b, make_literal(step_width(*a->type))});
  return compare_coarse(
      function,
      {.coarse = a, .fine = b, .floored = make_cast(aligned, a->type), .aligned = aligned});
}

std::unexpected<Error> cannot_compare(const Operand& left, const Operand& right) {
  const Operand& at_fault = left.is_literal() && !right.is_literal() ? left : right;
  std::string detail =
      fmt::format("{} cannot be compared with {}", left.describe(), right.describe());
  const bool time_with_text =
      (left.family() == TypeFamily::kTime && right.family() == TypeFamily::kText) ||
      (left.family() == TypeFamily::kText && right.family() == TypeFamily::kTime);
  if (time_with_text)
    detail += "; a time is written DATE('2026-11-22') or TIMESTAMP('2026-11-22T10:00:00Z')";
  return type_error(at_fault.position, std::move(detail));
}

bool is_equality(Function function) {
  return function == Function::kEqual || function == Function::kNotEqual;
}

/// Types whose values compare with their own type only.
Result<ExpressionPtr> compare_same_type(Function function, const Operand& left,
                                        const Operand& right) {
  if (left.family() == TypeFamily::kNested)
    return type_error(left.position,
                      fmt::format("{} has no comparison but IS NULL", left.describe()));
  if (!left.expression->type->Equals(*right.expression->type)) return cannot_compare(left, right);
  if (left.family() == TypeFamily::kBinary && !is_equality(function))
    return type_error(left.position, "binary has no order; it can be compared by = and <>");
  return make_predicate(function, {left.expression, right.expression});
}

/// Of two literals the left one takes a type, and the right one meets it as it would a column.
Result<Operand> typed_left(const Operand& left, const Operand& right) {
  Operand typed{.position = left.position};
  const bool meets_integer = left.number && right.number && right.number->is_integer;
  const auto decimal =
      meets_integer && !left.number->is_integer ? left.number->decimal_type() : nullptr;
  if (decimal) {
    const GridPlace place = place_on(*number_grid(*decimal), *left.number);
    typed.expression = make_grid_literal(decimal, place.value);
    return typed;
  }
  BOWSHOT_ASSIGN(typed.expression, natural_expression(left));
  return typed;
}

/// A float as float64, once for all that it is compared with.
Operand widened(const Operand& operand) {
  Operand wide = operand;
  if (wide.expression && bowshot::is_floating(*wide.expression->type))
    wide.expression = make_cast(wide.expression, arrow::float64());
  return wide;
}

}  // namespace

Result<ExpressionPtr> bind_comparison(Function function, const Operand& left,
                                      const Operand& right) {
  if (left.family() != right.family()) return cannot_compare(left, right);
  if (!left.expression) {
    if (right.expression) return bind_comparison(mirrored(function), right, left);
    BOWSHOT_ASSIGN(const Operand typed, typed_left(left, right));
    return bind_comparison(function, typed, right);
  }
  switch (left.family()) {
    case TypeFamily::kNumber:
      return compare_numbers(function, left, right);
    case TypeFamily::kTime: {
      if (!right.instant) return compare_times(function, left.expression, right.expression);
      const Grid grid = *time_grid(*left.expression->type);
      return compare_on_grid(function, left.expression, place_on(grid, *right.instant));
    }
    case TypeFamily::kText:
    case TypeFamily::kBoolean:
      return make_predicate(function, {left.expression, right.expression});
    default:
      return compare_same_type(function, left, right);
  }
}

Result<ExpressionPtr> bind_between(const std::vector<Operand>& operands) {
  const Operand x = widened(operands[0]);
  BOWSHOT_ASSIGN(ExpressionPtr low, bind_comparison(Function::kGreaterEqual, x, operands[1]));
  BOWSHOT_ASSIGN(ExpressionPtr high, bind_comparison(Function::kLessEqual, x, operands[2]));
  const Call& from = std::get<Call>(low->node);
  const Call& to = std::get<Call>(high->node);
  // One call where both bounds stand as they were written and meet x itself.
  const bool is_plain = x.expression && from.function == Function::kGreaterEqual &&
                        to.function == Function::kLessEqual && from.arguments[0] == x.expression &&
                        to.arguments[0] == x.expression;
  if (!is_plain) return make_predicate(Function::kAnd, {std::move(low), std::move(high)});
  return make_predicate(Function::kBetween, {x.expression, from.arguments[1], to.arguments[1]});
}

Result<ExpressionPtr> bind_in(const std::vector<Operand>& operands) {
  Operand x = widened(operands[0]);
  if (!x.expression) {
    BOWSHOT_ASSIGN(x, typed_left(operands[0], operands[1]));
  }
  std::vector<ExpressionPtr> members = {x.expression};  // items that meet x as it stands
  std::vector<ExpressionPtr> alternatives;              // the others, each a predicate
  ExpressionPtr never;  // what a literal becomes that x cannot have: false, or null with x
  for (size_t i = 1; i < operands.size(); ++i) {
    BOWSHOT_ASSIGN(ExpressionPtr equal, bind_comparison(Function::kEqual, x, operands[i]));
    const Call& call = std::get<Call>(equal->node);
    if (call.function == Function::kEqual && call.arguments[0] == x.expression) {
      members.push_back(call.arguments[1]);
    } else if (operands[i].is_literal()) {
      never = std::move(equal);
    } else {
      alternatives.push_back(std::move(equal));
    }
  }
  if (members.size() > 1)
    alternatives.insert(alternatives.begin(), make_predicate(Function::kIn, std::move(members)));
  if (alternatives.empty()) return never;
  if (alternatives.size() == 1) return alternatives.front();
  return make_predicate(Function::kOr, std::move(alternatives));
}

}  // namespace bowshot
