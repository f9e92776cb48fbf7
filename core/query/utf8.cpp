#include "query/utf8.hpp"

namespace bowshot {

namespace {

struct LeadByte {
  int length = 0;                   // 0: no lead byte
  unsigned char second_min = 0x80;  // the range of the second byte keeps out overlong forms,
  unsigned char second_max = 0xBF;  // surrogates and what is above U+10FFFF
};

LeadByte classify(unsigned char lead) {
  if (lead < 0x80) return {.length = 1};
  if (lead >= 0xC2 && lead <= 0xDF) return {.length = 2};
  if (lead == 0xE0) return {.length = 3, .second_min = 0xA0};
  if (lead == 0xED) return {.length = 3, .second_max = 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {.length = 3};
  if (lead == 0xF0) return {.length = 4, .second_min = 0x90};
  if (lead >= 0xF1 && lead <= 0xF3) return {.length = 4};
  if (lead == 0xF4) return {.length = 4, .second_max = 0x8F};
  return {};
}

/// How many bytes the character at the start of `text` has; 0: it is not valid UTF-8.
size_t character_bytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const LeadByte lead = classify(byte(0));
  const auto length = static_cast<size_t>(lead.length);
  if (length == 0 || text.size() < length) return 0;
  if (length > 1 && (byte(1) < lead.second_min || byte(1) > lead.second_max)) return 0;
  for (size_t i = 2; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  return length;
}

}  // namespace

std::optional<size_t> utf8_error_position(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = character_bytes(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

}  // namespace bowshot
