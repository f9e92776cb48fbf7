#include "transport/http/chunked.hpp"

#include <algorithm>
#include <utility>

#include "transport/http/syntax.hpp"

namespace bowshot::http {

namespace {

/// Bytes of a line that are framing rather than overhead: the digits of any size, and CR.
constexpr size_t kLineBytesFree = 17;

constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

}  // namespace

Result<size_t> ChunkedReader::read(std::string_view input, std::string& body) {
  size_t taken = 0;
  while (taken < input.size() && !done()) {
    const std::string_view rest = input.substr(taken);
    if (state_ == State::kData) {
      const auto bytes = std::min(rest.size(), static_cast<size_t>(data_left_));
      body.append(rest.substr(0, bytes));
      data_left_ -= static_cast<int64_t>(bytes);
      taken += bytes;
      if (data_left_ == 0) state_ = State::kDataEnd;
    } else {
      BOWSHOT_ASSIGN(const size_t bytes, read_line(rest));
      taken += bytes;
    }
  }
  return taken;
}

/// Takes input up to and with the next line end; the line is acted on when it is whole.
Result<size_t> ChunkedReader::read_line(std::string_view input) {
  for (size_t i = 0; i < input.size(); ++i) {
    const char c = input[i];
    const bool after_return = line_.ends_with('\r');
    if ((c == '\n') != after_return)
      return fail(ErrorCode::kBadRequest, "a line of the chunked body does not end with CR LF");
    if (c == '\n') {
      line_.pop_back();
      const std::string line = std::exchange(line_, {});
      BOWSHOT_TRY(take_line(line));
      return i + 1;
    }
    if (c != '\r' && is_control(c))
      return fail(ErrorCode::kBadRequest, "a line of the chunked body holds a control character");
    if (state_ == State::kDataEnd && c != '\r')
      return fail(ErrorCode::kBadRequest, "a chunk's data are longer than its size says");
    line_.push_back(c);
    // Sizes and their line ends do not count: a body may come in chunks of one byte.
    const bool is_overhead = state_ == State::kTrailerLine || line_.size() > kLineBytesFree;
    if (is_overhead && ++overhead_bytes_ > overhead_bytes_max_)
      return fail(ErrorCode::kHeadTooLarge,
                  "the chunked body's extensions and trailers exceed head_bytes (" +
                      std::to_string(overhead_bytes_max_) + ")");
  }
  return input.size();
}

Result<void> ChunkedReader::take_line(std::string_view line) {
  switch (state_) {
    case State::kSizeLine:
      return take_size_line(line);
    case State::kDataEnd:
      state_ = State::kSizeLine;
      return {};
    case State::kTrailerLine:
      if (!line.empty()) BOWSHOT_TRY(parse_field_line(line));
      if (line.empty()) state_ = State::kDone;
      return {};
    case State::kData:
    case State::kDone:
      break;
  }
  return {};
}

/// chunk-size [ chunk-ext ], with blanks only before a chunk-ext's semicolon.
Result<void> ChunkedReader::take_size_line(std::string_view line) {
  const size_t size_end = std::min(line.find_first_of("; \t"), line.size());
  const std::string_view extension = trim_blanks(line.substr(size_end));
  if (!extension.starts_with(';') && size_end != line.size())
    return fail(ErrorCode::kBadRequest, "a chunk's size is followed by something else than ;");
  const std::string_view digits = line.substr(0, size_end);
  if (digits.empty() || digits.find_first_not_of(kHexDigits) != std::string_view::npos)
    return fail(ErrorCode::kBadRequest, "a chunk's size is not a hexadecimal number");
  const auto size = parse_hexadecimal(digits);  // none: beyond 2^63
  if (!size || *size > body_limit_.bytes - body_bytes_)
    return fail(ErrorCode::kBodyTooLarge, "the chunked body is larger than " +
                                              std::string(body_limit_.name) + " (" +
                                              std::to_string(body_limit_.bytes) + ")");
  body_bytes_ += *size;
  data_left_ = *size;
  state_ = *size == 0 ? State::kTrailerLine : State::kData;
  return {};
}

}  // namespace bowshot::http
