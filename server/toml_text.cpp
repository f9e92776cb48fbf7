#include "toml_text.hpp"

#include <algorithm>

namespace bowshot {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The end of the quoted text that begins at `begin`: behind its last quote; for a text that is not
/// closed, the end of its line, or of everything.
size_t end_of_quoted(std::string_view toml, size_t begin) {
  const char quote = toml[begin];
  const std::string_view rest = toml.substr(begin);
  const bool is_long = rest.size() >= 3 && rest[1] == quote && rest[2] == quote;
  for (size_t i = begin + (is_long ? 3 : 1); i < toml.size(); ++i) {
    if (toml[i] == '\\' && quote == '"')
      ++i;
    else if (!is_long && (toml[i] == quote || toml[i] == '\n'))
      return i + 1;
    else if (is_long && toml[i] == quote && toml.substr(i + 1, 2) == rest.substr(1, 2))
      return i + 3;
  }
  return toml.size();
}

/// Whether a quote at `at` begins a text: within a word or a number it is but a wrong character.
bool begins_text(std::string_view toml, size_t at) {
  return at == 0 || std::string_view(" \t\r\n=,.[{").contains(toml[at - 1]);
}

}  // namespace

std::optional<size_t> find_stray_character(std::string_view toml) {
  size_t i = toml.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  while (i < toml.size()) {
    const char c = toml[i];
    if (c == '#')
      i = std::min(toml.find('\n', i), toml.size());
    else if ((c == '"' || c == '\'') && begins_text(toml, i))
      i = end_of_quoted(toml, i);
    else if (static_cast<unsigned char>(c) >= 0x80)
      return i;
    else
      ++i;
  }
  return std::nullopt;
}

}  // namespace bowshot
