#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bowshot {

/// The width of kTimeBin, `15 minutes`. Milliseconds and microseconds come from the binder only.
struct TimeWidth {
  enum class Unit {
    kMicrosecond,
    kMillisecond,
    kSecond,
    kMinute,
    kHour,
    kDay,
    kWeek,
    kMonth,
    kQuarter,
    kYear
  };
  int64_t count = 1;
  Unit unit = Unit::kDay;

  /// Nothing where the text is no width: `N unit`, singular or plural, of at most 100 years, so
  /// that one width fits every timestamp unit.
  static std::optional<TimeWidth> parse(std::string_view text);
  /// Months, quarters and years: not a fixed number of seconds.
  bool is_by_calendar() const { return unit >= Unit::kMonth; }
  std::string to_string() const;  // `1 month`, `15 minutes`
};

}  // namespace bowshot
