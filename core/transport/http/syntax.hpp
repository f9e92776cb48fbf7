#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace bowshot::http {

// The grammar of RFC 9110 and RFC 9112, as strictly as the standards allow a server to be: two
// parsers that read one message differently are how requests are smuggled, so nothing is repaired.

/// A tchar: what methods, field names and codings are made of.
bool is_token_char(char c);
bool is_token(std::string_view text);
bool is_digit(char c);
/// Bytes that no line of a head may hold: controls but HTAB, and DEL.
bool is_control(char c);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);
/// Without the blanks (SP, HTAB) at both ends.
std::string_view trim_blanks(std::string_view text);
/// The elements of a comma-separated list, trimmed; empty ones are left out, as RFC 9110 5.6.1
/// says.
std::vector<std::string_view> split_list(std::string_view text);

struct RequestLine {
  std::string_view method;
  std::string_view target;
  int version_minor = 1;  // HTTP/1.x; above 1 it is served as 1.1 (RFC 9110, 2.5)
};
/// `line` without its CRLF. Errors: `bad_request`, `unknown_http_version`.
Result<RequestLine> parse_request_line(std::string_view line);

struct FieldLine {
  std::string_view name;
  std::string_view value;
};
/// A header or trailer line without its CRLF. Error: `bad_request`; also for folded lines.
Result<FieldLine> parse_field_line(std::string_view line);

/// A target in origin-form, absolute-form or, for OPTIONS, asterisk-form.
struct Target {
  std::string_view path;                      // "*" for OPTIONS * and an OPTIONS without a path
  std::string_view query;                     // after the first '?'
  std::optional<std::string_view> authority;  // of the absolute-form: it overrides Host
};
Result<Target> parse_target(std::string_view method, std::string_view target);

/// `host[:port]` -> host in lower case, IPv6 literals with brackets. Error: `bad_request`.
Result<std::string> parse_host(std::string_view text);

/// 1*DIGIT up to 2^63-1; nothing else: no sign, no blanks, no lists.
std::optional<int64_t> parse_decimal(std::string_view text);
/// 1*HEXDIG up to 2^63-1.
std::optional<int64_t> parse_hexadecimal(std::string_view text);

}  // namespace bowshot::http
