#include "query/literal.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "base/check.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

constexpr int32_t kDecimalDigitsMax = 38;
constexpr Int128 kNanosecondsPerSecond = 1'000'000'000;
constexpr Int128 kNanosecondsPerDay = 86'400 * kNanosecondsPerSecond;

Int128 power_of_ten(int32_t exponent) {
  Int128 power = 1;
  for (int32_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

Int128 floor_divide(Int128 value, Int128 divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

template <class T>
Grid integer_grid() {
  return {.min = std::numeric_limits<T>::min(), .max = std::numeric_limits<T>::max()};
}

Int128 nanoseconds_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return kNanosecondsPerSecond;
    case arrow::TimeUnit::MILLI:
      return 1'000'000;
    case arrow::TimeUnit::MICRO:
      return 1'000;
    case arrow::TimeUnit::NANO:
      return 1;
  }
  return 1;
}

/// Clamps a place to what the grid holds.
GridPlace within(const Grid& grid, Int128 floor, bool is_on) {
  if (floor < grid.min) return {.kind = GridPlace::Kind::kBelow};
  if (floor > grid.max || (floor == grid.max && !is_on)) return {.kind = GridPlace::Kind::kAbove};
  return {.kind = is_on ? GridPlace::Kind::kOn : GridPlace::Kind::kBetween, .value = floor};
}

/// Reads a text from the left, by fixed pieces; `failed()` once one was not there.
class TextReader {
 public:
  explicit TextReader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool failed() const { return failed_; }

  bool accept(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char c) { failed_ = !accept(c) || failed_; }

  /// A number of exactly `digits` digits, at most `max`.
  int expect_number(size_t digits, int max) {
    int value = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (text_.empty() || text_.front() < '0' || text_.front() > '9') {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    failed_ = failed_ || value > max;
    return value;
  }

  /// One to nine digits after the point, as nanoseconds.
  int expect_fraction() {
    int value = 0;
    int digits = 0;
    for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; ++digits) {
      if (digits < 9) value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    failed_ = failed_ || digits < 1 || digits > 9;
    for (int i = digits; i < 9; ++i) value *= 10;
    return value;
  }

 private:
  std::string_view text_;
  bool failed_ = false;
};

/// Nanoseconds of a day's midnight since 1970.
Int128 read_day(TextReader& reader) {
  const std::chrono::year year(reader.expect_number(4, 9999));
  reader.expect('-');
  const std::chrono::month month(static_cast<unsigned>(reader.expect_number(2, 12)));
  reader.expect('-');
  const std::chrono::day day(static_cast<unsigned>(reader.expect_number(2, 31)));
  const std::chrono::year_month_day date(year, month, day);
  if (!date.ok()) {
    reader.expect('\0');
    return 0;
  }
  return std::chrono::sys_days(date).time_since_epoch().count() * kNanosecondsPerDay;
}

Int128 read_time_of_day(TextReader& reader) {
  const int hour = reader.expect_number(2, 23);
  reader.expect(':');
  const int minute = reader.expect_number(2, 59);
  int second = 0;
  int fraction_ns = 0;
  if (reader.accept(':')) {
    second = reader.expect_number(2, 59);
    if (reader.accept('.')) fraction_ns = reader.expect_fraction();
  }
  return ((hour * 60 + minute) * 60 + second) * kNanosecondsPerSecond + fraction_ns;
}

/// `Z`, `+01:00`, `+0100`, `+01`, or nothing: how far local time is ahead of UTC.
Int128 read_zone(TextReader& reader) {
  if (reader.at_end() || reader.accept('Z') || reader.accept('z')) return 0;
  const bool behind = reader.accept('-');
  if (!behind) reader.expect('+');
  const int hours = reader.expect_number(2, 23);
  int minutes = 0;
  if (!reader.at_end()) {
    reader.accept(':');
    minutes = reader.expect_number(2, 59);
  }
  const Int128 seconds = Int128{60} * (60 * hours + minutes);
  return (behind ? -seconds : seconds) * kNanosecondsPerSecond;
}

}  // namespace

ExactNumber ExactNumber::parse(std::string_view text) {
  constexpr int64_t kExponentMax = 1'000'000;  // beyond any type's range, either way
  ExactNumber number;
  const size_t e = std::min(text.find_first_of("eE"), text.size());
  std::string_view exponent = text.substr(std::min(e + 1, text.size()));
  const bool exponent_negative = exponent.starts_with('-');
  if (exponent.starts_with('+') || exponent_negative) exponent.remove_prefix(1);
  for (const char c : exponent)
    number.exponent = std::min(number.exponent * 10 + (c - '0'), kExponentMax);
  if (exponent_negative) number.exponent = -number.exponent;

  const std::string_view mantissa = text.substr(0, e);
  const size_t point = mantissa.find('.');
  number.is_integer = e == text.size() && point == std::string_view::npos;
  number.digits = mantissa;
  if (point != std::string_view::npos) {
    number.digits.erase(point, 1);
    number.exponent -= static_cast<int64_t>(mantissa.size() - point - 1);
  }
  number.digits.erase(0, number.digits.find_first_not_of('0'));
  while (number.digits.ends_with('0')) {
    number.digits.pop_back();
    ++number.exponent;
  }
  if (number.digits.empty()) number.exponent = 0;
  return number;
}

ExactNumber ExactNumber::negated() const {
  ExactNumber number = *this;
  number.negative = !negative;
  return number;
}

std::optional<double> ExactNumber::to_float64() const {
  if (digits.empty()) return 0.0;
  const std::string text = fmt::format("{}{}e{}", negative ? "-" : "", digits, exponent);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc()) return value;
  // Out of range: too small is zero.
  return static_cast<int64_t>(digits.size()) + exponent > 0 ? std::nullopt : std::optional(0.0);
}

std::shared_ptr<arrow::DataType> ExactNumber::decimal_type() const {
  const int64_t scale = std::max<int64_t>(0, -exponent);
  const int64_t written = static_cast<int64_t>(digits.size()) + std::max<int64_t>(0, exponent);
  const int64_t precision = std::max({written, scale, int64_t{1}});
  if (precision > kDecimalDigitsMax) return nullptr;
  return arrow::decimal128(static_cast<int32_t>(precision), static_cast<int32_t>(scale));
}

std::optional<Instant> parse_date(std::string_view text) {
  TextReader reader(text);
  const Int128 day = read_day(reader);
  if (reader.failed() || !reader.at_end()) return std::nullopt;
  return Instant{.nanoseconds = day, .is_date = true};
}

std::optional<Instant> parse_timestamp(std::string_view text) {
  TextReader reader(text);
  const Int128 day = read_day(reader);
  if (!reader.accept('T') && !reader.accept('t')) reader.expect(' ');
  const Int128 time = read_time_of_day(reader);
  const Int128 ahead = read_zone(reader);
  if (reader.failed() || !reader.at_end()) return std::nullopt;
  return Instant{.nanoseconds = day + time - ahead};
}

std::optional<Grid> number_grid(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT8:
      return integer_grid<int8_t>();
    case arrow::Type::INT16:
      return integer_grid<int16_t>();
    case arrow::Type::INT32:
      return integer_grid<int32_t>();
    case arrow::Type::INT64:
      return integer_grid<int64_t>();
    case arrow::Type::UINT8:
      return integer_grid<uint8_t>();
    case arrow::Type::UINT16:
      return integer_grid<uint16_t>();
    case arrow::Type::UINT32:
      return integer_grid<uint32_t>();
    case arrow::Type::UINT64:
      return integer_grid<uint64_t>();
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      const Int128 max = power_of_ten(decimal.precision()) - 1;
      return Grid{.scale = decimal.scale(), .min = -max, .max = max};
    }
    default:
      return std::nullopt;
  }
}

std::optional<Grid> time_grid(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DATE32) {
    Grid grid = integer_grid<int32_t>();
    grid.step_ns = kNanosecondsPerDay;
    return grid;
  }
  if (type.id() != arrow::Type::TIMESTAMP) return std::nullopt;
  Grid grid = integer_grid<int64_t>();
  grid.step_ns = nanoseconds_of(static_cast<const arrow::TimestampType&>(type).unit());
  return grid;
}

GridPlace place_on(const Grid& grid, const ExactNumber& number) {
  if (number.digits.empty()) return within(grid, 0, true);
  // The number in steps is 0.digits * 10^whole_digits.
  const int64_t written = static_cast<int64_t>(number.digits.size());
  const int64_t whole_digits = written + number.exponent + grid.scale;
  if (whole_digits > kDecimalDigitsMax)
    return {.kind = number.negative ? GridPlace::Kind::kBelow : GridPlace::Kind::kAbove};
  Int128 whole = 0;
  for (int64_t i = 0; i < whole_digits; ++i)
    whole = whole * 10 + (i < written ? number.digits[static_cast<size_t>(i)] - '0' : 0);
  const bool is_on = whole_digits >= written;
  if (number.negative) whole = -whole - (is_on ? 0 : 1);
  return within(grid, whole, is_on);
}

GridPlace place_on(const Grid& grid, const Instant& instant) {
  const Int128 steps = floor_divide(instant.nanoseconds, grid.step_ns);
  return within(grid, steps, steps * grid.step_ns == instant.nanoseconds);
}

ExpressionPtr make_grid_literal(const std::shared_ptr<arrow::DataType>& type, Int128 value) {
  const auto whole = static_cast<int64_t>(value);
  switch (type->id()) {
    case arrow::Type::DECIMAL128:
      return make_literal(std::make_shared<arrow::Decimal128Scalar>(
          arrow::Decimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value)),
          type));
    case arrow::Type::TIMESTAMP:
      return make_literal(std::make_shared<arrow::TimestampScalar>(whole, type));
    case arrow::Type::DATE32:
      return make_literal(std::make_shared<arrow::Date32Scalar>(static_cast<int32_t>(whole)));
    case arrow::Type::UINT64:
      return make_literal(std::make_shared<arrow::UInt64Scalar>(static_cast<uint64_t>(value)));
    default:
      break;
  }
  auto scalar = arrow::MakeScalar(type, whole);
  BOWSHOT_CHECK(scalar.ok());  // integers only, within the type's grid
  return make_literal(*std::move(scalar));
}

ExpressionPtr make_float64_literal(double value) {
  return make_literal(std::make_shared<arrow::DoubleScalar>(value));
}

}  // namespace bowshot
