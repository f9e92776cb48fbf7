#include "byte_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace bowshot {

namespace {

/// A decimal number; beyond 2^63 the largest.
std::optional<int64_t> parse_number(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() ? number : INT64_MAX;
}

}  // namespace

Result<ByteRange> parse_range(std::string_view header, int64_t file_bytes) {
  const ByteRange whole{.begin = 0, .bytes = file_bytes};
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return whole;
  const std::string_view range = header.substr(kUnit.size());
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto first = parse_number(range.substr(0, dash));
  const auto last = parse_number(range.substr(dash + 1));
  const bool is_open = dash + 1 == range.size();
  const bool is_suffix = dash == 0;
  if ((!first && !is_suffix) || (!last && !is_open) || (is_suffix && is_open)) return whole;
  if (first && last && *last < *first) return whole;

  ByteRange part{.is_part = true};
  part.begin = is_suffix ? file_bytes - std::min(*last, file_bytes) : *first;
  const int64_t end = is_suffix || is_open ? file_bytes : std::min(*last, file_bytes - 1) + 1;
  part.bytes = end - part.begin;
  if (part.bytes <= 0)
    return fail(
        ErrorCode::kRangeNotSatisfiable,
        fmt::format("the range {} is beyond the file's {} bytes", range.substr(0, 64), file_bytes));
  return part;
}

}  // namespace bowshot
