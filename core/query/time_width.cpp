#include "query/time_width.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace bowshot {
namespace {

struct UnitInfo {
  TimeWidth::Unit unit;
  std::string_view name;
  int64_t count_max;  // 100 years
};

constexpr int64_t kDaysMax = 36'525;

constexpr std::array<UnitInfo, 10> kUnits = {{
    {TimeWidth::Unit::kMicrosecond, "microsecond", kDaysMax * 86'400'000'000},
    {TimeWidth::Unit::kMillisecond, "millisecond", kDaysMax * 86'400'000},
    {TimeWidth::Unit::kSecond, "second", kDaysMax * 86'400},
    {TimeWidth::Unit::kMinute, "minute", kDaysMax * 1'440},
    {TimeWidth::Unit::kHour, "hour", kDaysMax * 24},
    {TimeWidth::Unit::kDay, "day", kDaysMax},
    {TimeWidth::Unit::kWeek, "week", kDaysMax / 7},
    {TimeWidth::Unit::kMonth, "month", 1'200},
    {TimeWidth::Unit::kQuarter, "quarter", 400},
    {TimeWidth::Unit::kYear, "year", 100},
}};

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<TimeWidth> TimeWidth::parse(std::string_view text) {
  text = trim(text);
  int64_t count = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (problem != std::errc() || count < 1) return std::nullopt;
  std::string_view name = text.substr(static_cast<size_t>(end - text.data()));
  if (!name.starts_with(' ')) return std::nullopt;
  name = trim(name);
  if (name.ends_with('s')) name.remove_suffix(1);
  const auto* info = std::ranges::find(kUnits, name, &UnitInfo::name);
  if (info == kUnits.end() || count > info->count_max) return std::nullopt;
  return TimeWidth{.count = count, .unit = info->unit};
}

std::string TimeWidth::to_string() const {
  const auto* info = std::ranges::find(kUnits, unit, &UnitInfo::unit);
  return fmt::format("{} {}{}", count, info->name, count == 1 ? "" : "s");
}

}  // namespace bowshot
