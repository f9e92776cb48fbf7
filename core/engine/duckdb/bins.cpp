#include "engine/duckdb/bins.hpp"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "engine/duckdb/sql_type.hpp"
#include "source/data_type.hpp"

namespace bowshot::duckdb_sql {
namespace {

/// `x` less what it is above the multiple of `width` at or below it; overflows only where that
/// does.
std::string floor_sql(const std::string& x, const std::string& width) {
  return fmt::format("({0} - {0} % {1} - CASE WHEN {0} % {1} < 0 THEN {1} ELSE {1} - {1} END)", x,
                     width);
}

int64_t unit_microseconds(TimeWidth::Unit unit) {
  constexpr int64_t kSecond = 1'000'000;
  switch (unit) {
    case TimeWidth::Unit::kMicrosecond:
      return 1;
    case TimeWidth::Unit::kMillisecond:
      return 1'000;
    case TimeWidth::Unit::kSecond:
      return kSecond;
    case TimeWidth::Unit::kMinute:
      return 60 * kSecond;
    case TimeWidth::Unit::kHour:
      return 3'600 * kSecond;
    case TimeWidth::Unit::kDay:
      return 86'400 * kSecond;
    case TimeWidth::Unit::kWeek:
      return int64_t{7} * 86'400 * kSecond;
    default:
      break;
  }
  BOWSHOT_CHECK(false);  // a calendar unit has no fixed length
}

int64_t unit_months(TimeWidth::Unit unit) {
  return unit == TimeWidth::Unit::kYear ? 12 : unit == TimeWidth::Unit::kQuarter ? 3 : 1;
}

/// How a type's values become a number of steps since 1970 and back.
struct TimeSteps {
  std::string number;       // of the value, BIGINT
  int64_t day = 0;          // steps a day
  std::string_view before;  // around a number of steps: the value again
  std::string_view after;
};

TimeSteps steps_of(const arrow::DataType& type, const std::string& value) {
  constexpr int64_t kDayMicroseconds = int64_t{86'400} * 1'000'000;
  if (type.id() == arrow::Type::DATE32)
    return {fmt::format("CAST({} - DATE '1970-01-01' AS BIGINT)", value), 1,
            "(DATE '1970-01-01' + CAST(", " AS INTEGER))"};
  const std::string sql = sql_type(type);
  if (sql == "TIMESTAMP_NS")
    return {fmt::format("epoch_ns({})", value), kDayMicroseconds * 1'000, "make_timestamp_ns(",
            ")"};
  const std::string number = fmt::format("epoch_us({})", value);
  if (sql == "TIMESTAMP") return {number, kDayMicroseconds, "make_timestamp(", ")"};
  return {number, kDayMicroseconds, "CAST(make_timestamp(", ") AS TIMESTAMPTZ)"};
}

std::string fixed_bin(const TimeSteps& steps, TimeWidth width) {
  constexpr int64_t kDayMicroseconds = int64_t{86'400} * 1'000'000;
  // At most 100 years: even in nanoseconds that fits. A step wider than the unit bins to itself.
  const int64_t microseconds = unit_microseconds(width.unit) * width.count;
  const int64_t step_count =
      steps.day >= kDayMicroseconds
          ? microseconds * (steps.day / kDayMicroseconds)
          : std::max<int64_t>(1, microseconds / (kDayMicroseconds / steps.day));
  // Weeks begin on Monday; 1970-01-01 was a Thursday.
  const int64_t shift = width.unit == TimeWidth::Unit::kWeek ? 3 * steps.day : 0;
  const std::string number =
      shift == 0 ? steps.number : fmt::format("({} + {})", steps.number, shift);
  return fmt::format("{}({} - {}){}", steps.before, floor_sql(number, std::to_string(step_count)),
                     shift, steps.after);
}

/// The date in UTC. DuckDB's own date of nanoseconds before 1970 rounds up.
std::string utc_date(const arrow::DataType& type, const std::string& value) {
  if (type.id() == arrow::Type::DATE32) return value;
  const TimeSteps steps = steps_of(type, value);
  return fmt::format("(DATE '1970-01-01' + CAST({} // {} AS INTEGER))",
                     floor_sql(steps.number, std::to_string(steps.day)), steps.day);
}

std::string calendar_bin(const arrow::DataType& type, const std::string& value, TimeWidth width) {
  const std::string sql = sql_type(type);
  const std::string utc = utc_date(type, value);
  const std::string months = fmt::format("((year({0}) - 1970) * 12 + month({0}) - 1)", utc);
  const std::string first =
      floor_sql(months, std::to_string(width.count * unit_months(width.unit)));
  // Moved by months from a date, so that no year or month is divided by hand.
  std::string date =
      fmt::format("CAST(DATE '1970-01-01' + to_months(CAST({} AS INTEGER)) AS DATE)", first);
  if (sql == "DATE") return date;
  if (sql == "TIMESTAMPTZ") return fmt::format("CAST(CAST({} AS TIMESTAMP) AS TIMESTAMPTZ)", date);
  return fmt::format("CAST({} AS {})", date, sql);
}

/// Whole microseconds, rounded down, of a BIGINT number of units, as DOUBLE.
std::string count_microseconds(const std::string& number, arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return fmt::format("(CAST({} AS DOUBLE) * 1000000)", number);
    case arrow::TimeUnit::MILLI:
      return fmt::format("(CAST({} AS DOUBLE) * 1000)", number);
    case arrow::TimeUnit::MICRO:
      return fmt::format("CAST({} AS DOUBLE)", number);
    case arrow::TimeUnit::NANO:
      break;
  }
  return fmt::format("CAST({0} // 1000 - CASE WHEN {0} % 1000 < 0 THEN 1 ELSE 0 END AS DOUBLE)",
                     number);
}

}  // namespace

std::string bin_sql(const arrow::DataType& type, const BinArguments& arguments) {
  if (bowshot::is_floating(type))
    return fmt::format("(floor({0} / {1}) * {1})", arguments.value, arguments.width);
  if (type.id() != arrow::Type::DECIMAL128)
    return fmt::format("CAST({} AS {})", floor_sql(arguments.value, arguments.width),
                       sql_type(type));
  // In the finer of both scales; the result has no digits beyond its own.
  constexpr int32_t kDigitsMax = 38;
  const auto& of_value = static_cast<const arrow::DecimalType&>(*arguments.type);
  const auto& of_result = static_cast<const arrow::DecimalType&>(type);
  const std::string exact =
      sql_type(*arrow::decimal128(kDigitsMax, std::max(of_value.scale(), of_result.scale())));
  return fmt::format("CAST({} AS {})",
                     floor_sql(fmt::format("CAST({} AS {})", arguments.value, exact),
                               fmt::format("CAST({} AS {})", arguments.width, exact)),
                     sql_type(type));
}

std::string time_bin_sql(const arrow::DataType& type, const std::string& value, TimeWidth width) {
  if (width.is_by_calendar()) return calendar_bin(type, value, width);
  return fixed_bin(steps_of(type, value), width);
}

std::string microseconds_sql(const arrow::DataType& type, const std::string& value) {
  if (type.id() == arrow::Type::DURATION)
    return count_microseconds(value, static_cast<const arrow::DurationType&>(type).unit());
  // Days beyond what microseconds of 64 bits reach stay exact as float64.
  if (type.id() == arrow::Type::DATE32)
    return fmt::format("(CAST({} - DATE '1970-01-01' AS DOUBLE) * 86400000000)", value);
  if (sql_type(type) == "TIMESTAMP_NS")
    return count_microseconds(fmt::format("epoch_ns({})", value), arrow::TimeUnit::NANO);
  return fmt::format("CAST(epoch_us({}) AS DOUBLE)", value);
}

}  // namespace bowshot::duckdb_sql
