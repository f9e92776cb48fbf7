#include "query/iso8601.hpp"

#include <arrow/type.h>
#include <fmt/format.h>

#include <array>
#include <iterator>

namespace bowshot {
namespace {

constexpr int64_t kDaySeconds = 86'400;

struct Unit {
  int64_t per_second;
  int digits;  // of a fraction of a second
};

Unit unit_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return {1, 0};
    case arrow::TimeUnit::MILLI:
      return {1'000, 3};
    case arrow::TimeUnit::MICRO:
      return {1'000'000, 6};
    case arrow::TimeUnit::NANO:
      break;
  }
  return {1'000'000'000, 9};
}

struct Divided {
  int64_t quotient;
  int64_t remainder;  // 0 .. divisor - 1
};

Divided divide_floor(int64_t value, int64_t divisor) {
  int64_t quotient = value / divisor;
  int64_t remainder = value % divisor;
  if (remainder < 0) {
    remainder += divisor;
    --quotient;
  }
  return {quotient, remainder};
}

void append_two_digits(int64_t value, std::string& out) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

/// `value` as exactly `digits` digits.
void append_digits(int64_t value, int digits, std::string& out) {
  std::array<char, 9> text;
  for (int i = digits - 1; i >= 0; --i) {
    text[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(text.data(), digits);
}

/// A fraction of a second in groups of three digits; nothing for 0.
void append_fraction(int64_t fraction, int digits, std::string& out) {
  if (fraction == 0) return;
  while (fraction % 1'000 == 0) {
    fraction /= 1'000;
    digits -= 3;
  }
  out += '.';
  append_digits(fraction, digits, out);
}

void append_clock(int64_t seconds, std::string& out) {
  append_two_digits(seconds / 3'600, out);
  out += ':';
  append_two_digits(seconds / 60 % 60, out);
  out += ':';
  append_two_digits(seconds % 60, out);
}

}  // namespace

void append_date(int64_t days, std::string& out) {
  // Days to civil, by eras of 400 years (146,097 days) that begin on 0000-03-01:
  // H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013. Exact for every day that a
  // timestamp[s] can hold, where std::chrono::year ends at 32,767.
  const auto [era, day_of_era] = divide_floor(days + 719'468, 146'097);
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;  // 0 is March
  const int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year >= 0 && year <= 9'999) {
    append_digits(year, 4, out);
  } else {
    fmt::format_to(std::back_inserter(out), "{:+07d}", year);
  }
  out += '-';
  append_two_digits(month, out);
  out += '-';
  append_two_digits(day, out);
}

void append_time(int64_t value, arrow::TimeUnit::type unit, std::string& out) {
  const auto [per_second, digits] = unit_of(unit);
  const auto [seconds, fraction] = divide_floor(value, per_second);
  // Outside of a day there is no time of day; wrapping keeps the text well-formed.
  append_clock(divide_floor(seconds, kDaySeconds).remainder, out);
  append_fraction(fraction, digits, out);
}

void append_timestamp(int64_t value, arrow::TimeUnit::type unit, bool is_instant,
                      std::string& out) {
  const auto [per_second, digits] = unit_of(unit);
  const auto [seconds, fraction] = divide_floor(value, per_second);
  const auto [days, second_of_day] = divide_floor(seconds, kDaySeconds);
  append_date(days, out);
  out += 'T';
  append_clock(second_of_day, out);
  append_fraction(fraction, digits, out);
  if (is_instant) out += 'Z';
}

void append_duration(int64_t value, arrow::TimeUnit::type unit, std::string& out) {
  auto [per_second, digits] = unit_of(unit);
  // Unsigned: the lowest int64 has no positive counterpart.
  const uint64_t magnitude =
      value < 0 ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  uint64_t fraction = magnitude % per_second;
  const uint64_t seconds = magnitude / per_second;
  const uint64_t days = seconds / kDaySeconds;
  const uint64_t hours = seconds / 3'600 % 24;
  const uint64_t minutes = seconds / 60 % 60;

  if (value < 0) out += '-';
  out += 'P';
  auto end = std::back_inserter(out);
  if (days > 0) fmt::format_to(end, "{}D", days);
  const bool has_seconds = seconds % 60 > 0 || fraction > 0;
  if (days > 0 && hours == 0 && minutes == 0 && !has_seconds) return;
  out += 'T';
  if (hours > 0) fmt::format_to(end, "{}H", hours);
  if (minutes > 0) fmt::format_to(end, "{}M", minutes);
  if (!has_seconds && (hours > 0 || minutes > 0)) return;
  fmt::format_to(end, "{}", seconds % 60);
  if (fraction > 0) {
    while (fraction % 10 == 0) {
      fraction /= 10;
      --digits;
    }
    fmt::format_to(end, ".{:0{}}", fraction, digits);
  }
  out += 'S';
}

}  // namespace bowshot
