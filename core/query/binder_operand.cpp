#include "query/binder_operand.hpp"

#include <arrow/type.h>
#include <fmt/format.h>

#include <utility>

#include "source/data_type.hpp"

namespace bowshot {
namespace {

Result<ExpressionPtr> natural_number(const ExactNumber& number, int64_t position) {
  if (number.is_integer) {
    for (const auto& type : {arrow::int64(), arrow::uint64(), arrow::decimal128(38, 0)}) {
      const GridPlace place = place_on(*number_grid(*type), number);
      if (place.kind == GridPlace::Kind::kOn) return make_grid_literal(type, place.value);
    }
  }
  return float64_expression({.number = number, .position = position});
}

ExpressionPtr natural_instant(const Instant& instant) {
  if (instant.is_date)
    return make_grid_literal(arrow::date32(),
                             place_on(*time_grid(*arrow::date32()), instant).value);
  for (const auto unit : {arrow::TimeUnit::MICRO, arrow::TimeUnit::NANO}) {
    const auto type = arrow::timestamp(unit, "UTC");
    const GridPlace place = place_on(*time_grid(*type), instant);
    if (place.kind == GridPlace::Kind::kOn) return make_grid_literal(type, place.value);
  }
  // Nanoseconds beyond the years that they reach: the microsecond before.
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return make_grid_literal(type, place_on(*time_grid(*type), instant).value);
}

}  // namespace

TypeFamily type_family(const arrow::DataType& type) {
  if (bowshot::is_numeric(type)) return TypeFamily::kNumber;
  if (is_text(type)) return TypeFamily::kText;
  switch (type.id()) {
    case arrow::Type::BOOL:
      return TypeFamily::kBoolean;
    case arrow::Type::DATE32:
    case arrow::Type::TIMESTAMP:
      return TypeFamily::kTime;
    case arrow::Type::TIME64:
      return TypeFamily::kTimeOfDay;
    case arrow::Type::DURATION:
      return TypeFamily::kDuration;
    case arrow::Type::BINARY:
      return TypeFamily::kBinary;
    default:
      return TypeFamily::kNested;
  }
}

bool is_orderable(const arrow::DataType& type) {
  const TypeFamily family = type_family(type);
  return family != TypeFamily::kBinary && family != TypeFamily::kNested;
}

bool Operand::is_literal() const {
  return !expression || std::holds_alternative<Literal>(expression->node);
}

TypeFamily Operand::family() const {
  if (number) return TypeFamily::kNumber;
  if (instant) return TypeFamily::kTime;
  return type_family(*expression->type);
}

std::string Operand::describe() const {
  if (number) return "a number";
  if (instant) return instant->is_date ? "a date" : "a timestamp";
  if (is_literal() && family() == TypeFamily::kText) return "a text";
  if (is_literal() && family() == TypeFamily::kBoolean) return "a boolean";
  return type_name(*expression->type);
}

Result<ExpressionPtr> natural_expression(const Operand& operand) {
  if (operand.number) return natural_number(*operand.number, operand.position);
  if (operand.instant) return natural_instant(*operand.instant);
  return operand.expression;
}

Result<ExpressionPtr> float64_expression(const Operand& operand) {
  if (!operand.number) return make_cast(operand.expression, arrow::float64());
  const auto value = operand.number->to_float64();
  if (!value)
    return fail(Error{.code = ErrorCode::kOverflow,
                      .detail = "the number is beyond the range of float64",
                      .position = operand.position});
  return make_float64_literal(*value);
}

ExpressionPtr make_cast(const ExpressionPtr& expression, std::shared_ptr<arrow::DataType> type) {
  if (expression->type->Equals(*type)) return expression;
  return make_call(std::move(type), Function::kCast, {expression});
}

std::unexpected<Error> type_error(int64_t position, std::string detail) {
  return fail(
      Error{.code = ErrorCode::kTypeMismatch, .detail = std::move(detail), .position = position});
}

}  // namespace bowshot
