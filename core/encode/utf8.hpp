#pragma once

#include <string_view>

namespace bowshot {

/// U+FFFD, what stands for bytes that are not UTF-8.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Utf8Sequence {
  int bytes = 1;  // of the character, or of the maximal subpart of a broken one
  bool valid = false;
};

/// What `text`, which is not empty, begins with: the Unicode Standard 15.0, table 3-7.
inline Utf8Sequence first_utf8_sequence(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, true};
  if (lead < 0xC2 || lead > 0xF4) return {1, false};
  const int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte excludes overlong forms, surrogates, and what is beyond U+10FFFF.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (int i = 1; i < length; ++i) {
    const bool is_there = static_cast<size_t>(i) < text.size();
    if (!is_there || byte(i) < (i == 1 ? low : 0x80) || byte(i) > (i == 1 ? high : 0xBF)) {
      return {i, false};
    }
  }
  return {length, true};
}

}  // namespace bowshot
