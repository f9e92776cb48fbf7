#include "query/spelling.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bowshot {

namespace {

/// What follows `alias:` in an item that has one.
std::string_view without_alias(std::string_view text) {
  size_t end = 0;
  if (text.starts_with('"')) {
    end = 1;  // to the closing quote; a doubled one is part of the name
    while (end < text.size() && (text[end] != '"' || text.substr(end).starts_with("\"\"")))
      end += text[end] == '"' ? 2 : 1;
  }
  return trim(text.substr(std::min(text.find(':', end), text.size() - 1) + 1));
}

}  // namespace

std::string_view clip(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string quote_value(std::string_view value) {
  constexpr size_t kShownBytesMax = 64;
  const std::string_view shown = clip(value, kShownBytesMax);
  return fmt::format("`{}{}`", shown, shown.size() < value.size() ? "..." : "");
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string spell_item(const Item& item) {
  std::string spelt;
  if (item.alias) spelt = spell_name(*item.alias) + ":";
  if (item.descending) spelt += "-";
  if (!item.function.empty() || item.expression)
    spelt += item.alias ? without_alias(item.text) : item.text;
  else if (item.quoted && item.name == "_row")
    spelt += "\"_row\"";  // a column of that name; bare it is the row number
  else
    spelt += spell_name(item.name);
  return spelt;
}

}  // namespace bowshot
