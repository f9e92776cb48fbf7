#include <arrow/type.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "query/binder_operand.hpp"
#include "query/literal.hpp"
#include "query/spelling.hpp"
#include "shape/plan_parts.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

std::unexpected<Error> bad_bound(std::string_view expected, std::string_view text) {
  return fail(ErrorCode::kBadParameter,
              fmt::format("must be {}, was {}", expected, quote_value(text)));
}

Result<double> number_bound(std::string_view text) {
  constexpr std::string_view kExpected = "a finite number";
  double value = 0;
  const size_t sign = text.starts_with('-') ? 1 : 0;
  const bool begins_well =
      text.size() > sign && ((text[sign] >= '0' && text[sign] <= '9') || text[sign] == '.');
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!begins_well || code != std::errc() || end != text.data() + text.size())
    return bad_bound(kExpected, text);
  return value;
}

/// Whole microseconds since 1970, or since midnight, rounded down as those of values are.
Result<double> time_bound(const arrow::DataType& type, const std::string& text) {
  constexpr int64_t kMicrosecond = 1'000;
  std::optional<Instant> instant;
  std::string_view expected = "a date or a time such as 2026-11-22T10:00:00Z";
  switch (type_family(type)) {
    case TypeFamily::kTime:
      instant = parse_timestamp(text);
      if (!instant) instant = parse_date(text);
      break;
    case TypeFamily::kTimeOfDay:
      expected = "a time of day such as 10:00:00";
      instant = parse_timestamp("1970-01-01T" + text);
      break;
    default:
      return fail(ErrorCode::kBadParameter,
                  fmt::format("a bound of {} cannot be given", type_name(type)));
  }
  if (!instant) return bad_bound(expected, text);
  const Int128 rest = ((instant->nanoseconds % kMicrosecond) + kMicrosecond) % kMicrosecond;
  const Int128 microseconds = (instant->nanoseconds - rest) / kMicrosecond;
  return static_cast<double>(microseconds);
}

Result<std::optional<double>> bind_bound(const arrow::DataType& type,
                                         const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return bowshot::is_numeric(type) ? number_bound(*text) : time_bound(type, *text);
}

Result<ExpressionPtr> bind_value(const Item& item, const Binder& binder) {
  BOWSHOT_ASSIGN(ExpressionPtr value, binder.bind_name(item.name, item.quoted, item.name_position));
  if (!is_binnable(*value->type))
    return type_error(item.name_position,
                      fmt::format("{} is {}; a histogram is of numbers or times",
                                  quote_value(item.name), type_name(*value->type)));
  return value;
}

}  // namespace

bool is_binnable(const arrow::DataType& type) {
  switch (type_family(type)) {
    case TypeFamily::kNumber:
    case TypeFamily::kTime:
    case TypeFamily::kTimeOfDay:
    case TypeFamily::kDuration:
      return true;
    default:
      return false;
  }
}

Result<void> plan_histogram(const Request& request, const Binder& binder, Plan& plan) {
  HistogramPart part{.bins = request.bins};
  BOWSHOT_ASSIGN(part.value, in_parameter("column", in_item(*request.column,
                                                            bind_value(*request.column, binder))));
  const auto& type = part.value->type;
  BOWSHOT_ASSIGN(part.min, in_parameter("min", bind_bound(*type, request.min)));
  BOWSHOT_ASSIGN(part.max, in_parameter("max", bind_bound(*type, request.max)));
  if (part.min && part.max && *part.min > *part.max)
    return fail({.code = ErrorCode::kBadParameter,
                 .detail = fmt::format("max ({}) must not be below min ({})",
                                       quote_value(*request.max), quote_value(*request.min)),
                 .parameter = "max"});
  const auto edge = bowshot::is_numeric(*type) ? arrow::float64() : type;
  plan.kind = Plan::Kind::kDerived;
  plan.schema = arrow::schema({arrow::field("bin_start", edge, /*nullable=*/false),
                               arrow::field("bin_end", edge, /*nullable=*/false),
                               arrow::field("count", arrow::int64(), /*nullable=*/false)});
  plan.derived = std::move(part);
  return {};
}

}  // namespace bowshot
