#include "query/percent.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "query/request.hpp"
#include "query/utf8.hpp"

namespace bowshot {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_left_bare(char c) {
  return is_letter_or_digit(c) || std::string_view("-._~,:()").contains(c);
}

Error decoding_error(std::string detail, size_t position) {
  return {.code = ErrorCode::kBadParameter,
          .detail = std::move(detail),
          .position = static_cast<int64_t>(position)};
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_left_bare(c))
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string decode_unreserved(std::string_view text) {
  constexpr std::string_view kMarks = "-._~";
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    const char c = low >= 0 ? static_cast<char>(high * 16 + low) : '\0';
    const bool is_unreserved = is_letter_or_digit(c) || (c != '\0' && kMarks.contains(c));
    decoded += is_unreserved ? c : text[i];
    if (is_unreserved) i += 2;
  }
  return decoded;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(
            decoding_error("a `%` is not followed by two hexadecimal digits (a percent sign "
                           "itself is written %25)",
                           decoded.size()));
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  if (const auto position = utf8_error_position(decoded))
    return fail(decoding_error("the text is not valid UTF-8", *position));
  return decoded;
}

}  // namespace bowshot
