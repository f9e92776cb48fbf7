#include "encode/text_escape.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "encode/utf8.hpp"

namespace bowshot {
namespace {

/// Bytes that cannot be copied as they are: JSON's escapes, CSV's reasons to quote, and every byte
/// beyond ASCII, which is checked.
enum ByteKind : uint8_t { kPlain, kSpecial, kBeyondAscii };

using ByteKinds = std::array<ByteKind, 256>;

constexpr ByteKinds with_beyond_ascii(ByteKinds kinds) {
  for (size_t byte = 0x80; byte < 0x100; ++byte) kinds[byte] = kBeyondAscii;
  return kinds;
}

constexpr ByteKinds json_kinds() {
  ByteKinds kinds{};
  for (size_t byte = 0; byte < 0x20; ++byte) kinds[byte] = kSpecial;
  kinds['"'] = kSpecial;
  kinds['\\'] = kSpecial;
  return with_beyond_ascii(kinds);
}

constexpr ByteKinds csv_kinds() {
  ByteKinds kinds{};
  for (const char byte : {',', '"', '\r', '\n'}) kinds[static_cast<size_t>(byte)] = kSpecial;
  return with_beyond_ascii(kinds);
}

constexpr ByteKinds kJsonKinds = json_kinds();
constexpr ByteKinds kCsvKinds = csv_kinds();

ByteKind kind_of(const ByteKinds& kinds, char byte) {
  return kinds[static_cast<unsigned char>(byte)];
}

/// Copies `text`: runs of plain bytes as they are, special bytes by `append_special(byte)`, what is
/// beyond ASCII checked.
template <class AppendSpecial>
void append_checked(std::string_view text, const ByteKinds& kinds, std::string& out,
                    const AppendSpecial& append_special) {
  size_t copied = 0;
  size_t at = 0;
  while (at < text.size()) {
    const ByteKind kind = kind_of(kinds, text[at]);
    if (kind == kPlain) {
      ++at;
      continue;
    }
    size_t length = 1;
    if (kind == kBeyondAscii) {
      const Utf8Sequence sequence = first_utf8_sequence(text.substr(at));
      length = sequence.bytes;
      if (sequence.valid) {
        at += length;
        continue;
      }
    }
    out.append(text, copied, at - copied);
    if (kind == kBeyondAscii) {
      out += kReplacement;
    } else {
      append_special(text[at]);
    }
    at += length;
    copied = at;
  }
  out.append(text, copied);
}

void append_json_escape(char byte, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '\\';
  switch (byte) {
    case '"':
    case '\\':
      out += byte;
      return;
    case '\b':
      out += 'b';
      return;
    case '\f':
      out += 'f';
      return;
    case '\n':
      out += 'n';
      return;
    case '\r':
      out += 'r';
      return;
    case '\t':
      out += 't';
      return;
    default:
      break;
  }
  out += "u00";
  out += kHex[static_cast<unsigned char>(byte) >> 4];
  out += kHex[byte & 15];
}

}  // namespace

void append_json_text(std::string_view text, std::string& out) {
  out += '"';
  append_checked(text, kJsonKinds, out, [&](char byte) { append_json_escape(byte, out); });
  out += '"';
}

void append_csv_text(std::string_view text, std::string& out) {
  bool quoted = text.empty();
  for (const char byte : text) quoted = quoted || kind_of(kCsvKinds, byte) == kSpecial;
  if (quoted) out += '"';
  append_checked(text, kCsvKinds, out, [&](char byte) {
    if (byte == '"') out += '"';
    out += byte;
  });
  if (quoted) out += '"';
}

void append_base64(std::string_view bytes, std::string& out) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - at);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (size_t i = 0; i < 4; ++i) {
      out += i <= count ? kAlphabet[group >> (18 - 6 * i) & 63] : '=';
    }
  }
}

}  // namespace bowshot
