#include "transport/http/head.hpp"

#include <algorithm>
#include <array>

#include "transport/http/syntax.hpp"

namespace bowshot::http {

namespace {

/// RFC 9112, 2.2: at least one empty line before the request line is to be ignored. Some clients
/// send one after a body; a flood of them is refused.
constexpr int kEmptyLinesMax = 4;

/// Request line bytes beside the target: the longest method served, two blanks, HTTP/1.1, CRLF.
constexpr size_t kRequestLineSlack = 32;

constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD", "OPTIONS", "POST",
                                                      "QUERY", "PUT",  "DELETE"};

}  // namespace

Result<bool> HeadReader::read(std::string_view input) {
  while (!done_ && position_ < input.size()) {
    const char c = input[position_];
    const bool after_return = position_ > line_start_ && input[position_ - 1] == '\r';
    if (c == '\n' && !after_return)
      return fail(ErrorCode::kBadRequest, "a line ends with LF alone; lines end with CR LF");
    if (c != '\n' && after_return)
      return fail(ErrorCode::kBadRequest, "a CR is not followed by LF");
    if (c != '\n' && c != '\r' && is_control(c))
      return fail(ErrorCode::kBadRequest, "the head holds a control character");
    if (++position_ > size_max()) return fail(too_large());
    if (c != '\n') continue;
    const std::string_view line = input.substr(line_start_, position_ - line_start_ - 2);
    line_start_ = position_;
    BOWSHOT_TRY(take_line(line));
  }
  if (done_) BOWSHOT_TRY(finish());
  return done_;
}

/// Of what has come: until the request line is whole only the target can be long.
size_t HeadReader::size_max() const {
  const bool in_request_line = head_.request.method.empty();
  const auto head_bytes = static_cast<size_t>(limits_->head_bytes);
  const auto target_bytes = static_cast<size_t>(limits_->target_bytes);
  return in_request_line ? target_bytes + kRequestLineSlack : head_bytes;
}

Error HeadReader::too_large() const {
  if (head_.request.method.empty())
    return {.code = ErrorCode::kTargetTooLong,
            .detail = "the target has more than " + std::to_string(limits_->target_bytes) +
                      " bytes (target_bytes)"};
  return {.code = ErrorCode::kHeadTooLarge,
          .detail = "the head has more than " + std::to_string(limits_->head_bytes) +
                    " bytes (head_bytes)"};
}

Result<void> HeadReader::take_line(std::string_view line) {
  if (head_.request.method.empty()) {
    if (!line.empty()) return take_request_line(line);
    if (++empty_lines_ > kEmptyLinesMax)
      return fail(ErrorCode::kBadRequest, "too many empty lines before the request line");
    return {};
  }
  if (line.empty()) {
    done_ = true;
    return {};
  }
  BOWSHOT_ASSIGN(const FieldLine field, parse_field_line(line));
  head_.request.headers.add(std::string(field.name), std::string(field.value));
  return {};
}

Result<void> HeadReader::take_request_line(std::string_view line) {
  BOWSHOT_ASSIGN(const RequestLine parsed, parse_request_line(line));
  if (parsed.target.size() > static_cast<size_t>(limits_->target_bytes)) return fail(too_large());
  if (std::ranges::find(kMethods, parsed.method) == kMethods.end())
    return fail(ErrorCode::kUnknownMethod,
                "the methods served are GET, HEAD, OPTIONS, POST, QUERY, PUT and DELETE");
  BOWSHOT_ASSIGN(const Target target, parse_target(parsed.method, parsed.target));
  head_.request.method = parsed.method;
  head_.request.path = target.path;
  head_.request.query = target.query;
  head_.version_minor = parsed.version_minor;
  if (target.authority) target_authority_ = *target.authority;
  return {};
}

Result<void> HeadReader::finish() {
  BOWSHOT_TRY(finish_host());
  BOWSHOT_TRY(finish_framing());
  BOWSHOT_TRY(finish_expectation());
  return finish_keep_alive();
}

/// RFC 9112, 3.2: exactly one Host, except in HTTP/1.0, which knows none. It may be empty. An
/// absolute-form target overrides it, but it must be valid all the same.
Result<void> HeadReader::finish_host() {
  const std::string* host = nullptr;
  for (const auto& [name, value] : head_.request.headers.fields()) {
    if (!equals_ignoring_case(name, "Host")) continue;
    if (host != nullptr) return fail(ErrorCode::kBadRequest, "there are several Host headers");
    host = &value;
  }
  if (host == nullptr && head_.version_minor > 0)
    return fail(ErrorCode::kBadRequest, "the Host header is missing");
  if (host != nullptr) {
    BOWSHOT_ASSIGN(head_.request.host, parse_host(*host));
  }
  if (target_authority_) {
    BOWSHOT_ASSIGN(head_.request.host, parse_host(*target_authority_));
  }
  return {};
}

/// RFC 9112, 6: where two readers could disagree on where the body ends, the request is refused.
Result<void> HeadReader::finish_framing() {
  const std::string* length = nullptr;
  const std::string* transfer_encoding = nullptr;
  for (const auto& [name, value] : head_.request.headers.fields()) {
    const bool is_length = equals_ignoring_case(name, "Content-Length");
    if (!is_length && !equals_ignoring_case(name, "Transfer-Encoding")) continue;
    const std::string*& header = is_length ? length : transfer_encoding;
    if (header != nullptr)
      return fail(ErrorCode::kBadRequest, "there are several " + name + " headers");
    header = &value;
  }
  head_.is_body_stream =
      streams_body_ != nullptr && *streams_body_ && (*streams_body_)(head_.request);
  if (length != nullptr && transfer_encoding != nullptr)
    return fail(ErrorCode::kBadRequest, "both Content-Length and Transfer-Encoding are given");
  if (transfer_encoding != nullptr) return take_transfer_encoding(*transfer_encoding);
  if (length != nullptr) return take_content_length(*length);
  return {};
}

Result<void> HeadReader::take_transfer_encoding(std::string_view value) {
  if (head_.version_minor == 0)
    return fail(ErrorCode::kBadRequest, "HTTP/1.0 knows no Transfer-Encoding");
  const auto codings = split_list(value);
  const auto is_chunked = [](std::string_view c) { return equals_ignoring_case(c, "chunked"); };
  const auto chunked = std::ranges::find_if(codings, is_chunked);
  if (codings.empty() || !std::ranges::all_of(codings, is_token))
    return fail(ErrorCode::kBadRequest, "the Transfer-Encoding is not a list of codings");
  if (chunked != codings.end() && std::next(chunked) != codings.end())
    return fail(ErrorCode::kBadRequest, "the transfer coding chunked must be the last, once");
  if (codings.size() != 1 || chunked == codings.end())
    return fail(ErrorCode::kUnknownTransferCoding, "the only transfer coding known is chunked");
  head_.is_chunked = true;
  return {};
}

Result<void> HeadReader::take_content_length(std::string_view value) {
  const auto bytes = parse_decimal(value);
  const bool is_number = !value.empty() && std::ranges::all_of(value, is_digit);
  if (!is_number) return fail(ErrorCode::kBadRequest, "the Content-Length is not a number");
  const BodyLimit limit = body_limit(*limits_, head_.is_body_stream);
  if (!bytes || *bytes > limit.bytes)  // no value: beyond 2^63
    return fail(ErrorCode::kBodyTooLarge, "the body has " + std::string(value.substr(0, 20)) +
                                              " bytes, " + std::string(limit.name) + " is " +
                                              std::to_string(limit.bytes));
  head_.content_length = *bytes;
  return {};
}

Result<void> HeadReader::finish_expectation() {
  if (head_.version_minor == 0 || !head_.request.headers.has("Expect")) return {};
  if (!equals_ignoring_case(head_.request.headers.get("Expect"), "100-continue"))
    return fail(ErrorCode::kBadExpectation, "the only expectation known is 100-continue");
  head_.expects_continue = true;
  return {};
}

Result<void> HeadReader::finish_keep_alive() {
  const std::string connection = head_.request.headers.get("Connection");
  bool asks_close = false;
  bool asks_keep_alive = head_.version_minor > 0;
  for (const std::string_view option : split_list(connection)) {
    if (!is_token(option))
      return fail(ErrorCode::kBadRequest, "the Connection header is not a list of options");
    asks_close = asks_close || equals_ignoring_case(option, "close");
    asks_keep_alive = asks_keep_alive || equals_ignoring_case(option, "keep-alive");
  }
  head_.keep_alive = asks_keep_alive && !asks_close;
  return {};
}

}  // namespace bowshot::http
