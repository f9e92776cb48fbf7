#include "transport/http/syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace bowshot::http {

namespace {

std::unexpected<Error> bad_request(std::string detail) {
  return fail(ErrorCode::kBadRequest, std::move(detail));
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

constexpr std::array<bool, 256> make_token_chars() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<uint8_t>(c)] = true;
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kTokenChars = make_token_chars();

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::optional<int64_t> parse_integer(std::string_view text, int base) {
  int64_t value = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// RFC 3986 reg-name or IPv4address, the part of an authority before the port.
bool is_host_name(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '%') {
      if (i + 2 >= name.size() || !is_hex_digit(name[i + 1]) || !is_hex_digit(name[i + 2]))
        return false;
      i += 2;
    } else if (!is_letter(c) && !is_digit(c) &&
               std::string_view("-._~!$&'()*+,;=").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_token_char(char c) {
  return kTokenChars[static_cast<uint8_t>(c)];
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_control(char c) {
  return (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), lower);
  return lowered;
}

std::string_view trim_blanks(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> elements;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (const auto element = trim_blanks(text.substr(0, comma)); !element.empty())
      elements.push_back(element);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return elements;
}

Result<RequestLine> parse_request_line(std::string_view line) {
  const size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos || !is_token(line.substr(0, method_end)))
    return bad_request("the request line does not begin with a method and one space");
  const size_t target_end = line.rfind(' ');
  if (target_end == method_end)
    return bad_request("the request line must be: method, target, HTTP version");
  RequestLine parsed{.method = line.substr(0, method_end),
                     .target = line.substr(method_end + 1, target_end - method_end - 1)};
  const std::string_view version = line.substr(target_end + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7]))
    return bad_request("the request line does not end with an HTTP version");
  if (version[5] != '1')
    return fail(ErrorCode::kUnknownHttpVersion,
                "this server speaks HTTP/1.1, the request is " + std::string(version));
  parsed.version_minor = version[7] - '0';
  const bool is_visible =
      std::ranges::all_of(parsed.target, [](char c) { return c > 0x20 && c < 0x7f; });
  if (parsed.target.empty() || !is_visible)
    return bad_request("the target is empty or holds bytes that must be percent-encoded");
  if (parsed.target.find('#') != std::string_view::npos)
    return bad_request("the target holds a fragment (#)");
  return parsed;
}

Result<FieldLine> parse_field_line(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t'))
    return bad_request("a header line begins with a blank (folded lines are obsolete)");
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad_request("a header line has no colon");
  if (!is_token(line.substr(0, colon)))
    return bad_request("a header's name is empty or holds a byte that names cannot hold");
  if (std::ranges::any_of(line.substr(colon + 1), is_control))
    return bad_request("a header's value holds a control character");
  return FieldLine{.name = line.substr(0, colon), .value = trim_blanks(line.substr(colon + 1))};
}

Result<Target> parse_target(std::string_view method, std::string_view target) {
  Target parsed;
  if (target == "*") {
    if (method != "OPTIONS") return bad_request("the target * is for OPTIONS only");
    parsed.path = target;
    return parsed;
  }
  constexpr std::string_view kScheme = "http://";
  if (equals_ignoring_case(target.substr(0, kScheme.size()), kScheme)) {
    target.remove_prefix(kScheme.size());
    const size_t authority_end = std::min(target.find_first_of("/?"), target.size());
    parsed.authority = target.substr(0, authority_end);
    // RFC 9110, 4.2.1: a URI with an empty host must be refused.
    if (parsed.authority->empty() || parsed.authority->starts_with(':'))
      return bad_request("the target's host is empty");
    target.remove_prefix(authority_end);
  } else if (!target.starts_with('/')) {
    return bad_request("the target must begin with / or http://");
  }
  const size_t question = std::min(target.find('?'), target.size());
  parsed.path = target.substr(0, question);
  parsed.query = target.substr(std::min(question + 1, target.size()));
  if (parsed.path.empty()) parsed.path = method == "OPTIONS" && target.empty() ? "*" : "/";
  return parsed;
}

Result<std::string> parse_host(std::string_view text) {
  size_t name_end = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    const std::string_view address = text.substr(1, std::min(bracket, text.size()) - 1);
    if (bracket == std::string_view::npos || address.size() < 2 ||
        address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos)
      return bad_request("the host is not a valid IPv6 literal");
    name_end = bracket + 1;
  } else if (!is_host_name(text.substr(0, name_end))) {
    return bad_request("the host holds a byte that host names cannot hold");
  }
  std::string_view port = text.substr(name_end);
  if (port.size() > 1) {  // a lone colon, `host:`, is valid
    const auto number = parse_decimal(port.substr(1));
    if (port.front() != ':' || !number || *number > 65'535)
      return bad_request("the host's port is not a number from 0 to 65535");
  } else if (port.size() == 1 && port.front() != ':') {
    return bad_request("the host's IPv6 literal is followed by something else than a port");
  }
  return lower_case(text.substr(0, name_end));
}

std::optional<int64_t> parse_decimal(std::string_view text) {
  return parse_integer(text, 10);
}

std::optional<int64_t> parse_hexadecimal(std::string_view text) {
  return parse_integer(text, 16);
}

}  // namespace bowshot::http
