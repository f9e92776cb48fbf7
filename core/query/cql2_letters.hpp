#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace bowshot {

struct CodePoint {
  char32_t value;
  size_t bytes;
};

/// The first code point of UTF-8 text; nothing where the text is empty or not UTF-8.
std::optional<CodePoint> decode_code_point(std::string_view text);

/// What may begin a bare name: a letter of any script, or `_`.
bool is_name_start(char32_t code_point);
/// What may follow in it: those, digits, `.`, and the marks without which many scripts cannot be
/// written.
bool is_name_part(char32_t code_point);

}  // namespace bowshot
