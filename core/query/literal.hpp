#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "query/expression.hpp"

namespace bowshot {

__extension__ using Int128 = __int128;

/// A number literal exactly as written: (-1)^negative * digits * 10^exponent. The digits neither
/// begin nor end with a zero; zero has none.
struct ExactNumber {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
  bool is_integer = false;  // written without a fraction and an exponent

  /// `text` is a number token: digits, perhaps `.` digits, perhaps an exponent.
  static ExactNumber parse(std::string_view text);
  ExactNumber negated() const;
  /// The nearest float64; nothing beyond the greatest one.
  std::optional<double> to_float64() const;
  /// The narrowest decimal128 that holds it exactly, if there is one.
  std::shared_ptr<arrow::DataType> decimal_type() const;
};

/// An instant in UTC, in nanoseconds since 1970: wide enough for the years 0000 to 9999.
struct Instant {
  Int128 nanoseconds = 0;
  bool is_date = false;
};

/// `2026-11-22`; `2026-11-22T10:00:00.123456789+01:00`, with a blank for the T, without seconds,
/// and without a zone (then it is UTC). Nothing where the text is neither or there is no such day
/// or time.
std::optional<Instant> parse_date(std::string_view text);
std::optional<Instant> parse_timestamp(std::string_view text);

/// The values that an exact type can have: the integers from min to max, each meaning that many
/// steps. A step is 10^-scale for integers and decimals, some nanoseconds for times.
struct Grid {
  int32_t scale = 0;
  Int128 step_ns = 1;
  Int128 min = 0;
  Int128 max = 0;
};
std::optional<Grid> number_grid(const arrow::DataType& type);
std::optional<Grid> time_grid(const arrow::DataType& type);

/// Where a literal lies on a grid.
struct GridPlace {
  enum class Kind { kOn, kBetween, kBelow, kAbove };
  Kind kind = Kind::kOn;
  Int128 value = 0;  // kOn: the literal; kBetween: the greatest value below it
};
GridPlace place_on(const Grid& grid, const ExactNumber& number);
GridPlace place_on(const Grid& grid, const Instant& instant);

/// A literal of an integer, decimal, date or timestamp type, from its steps on the type's grid.
ExpressionPtr make_grid_literal(const std::shared_ptr<arrow::DataType>& type, Int128 value);
ExpressionPtr make_float64_literal(double value);

}  // namespace bowshot
