#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "transport/http/body_limit.hpp"

namespace bowshot::http {

/// Reads a chunked body (RFC 9112, 7.1) from bytes as they come. Extensions are skipped, trailer
/// fields checked and dropped; both within head_bytes for the whole body. One thread.
class ChunkedReader {
 public:
  explicit ChunkedReader(const Limits& limits, bool is_stream = false)
      : body_limit_(body_limit(limits, is_stream)), overhead_bytes_max_(limits.head_bytes) {}

  /// Appends what it decodes to `body` and returns how many bytes of `input` it took; the rest
  /// belongs to the next request. Errors: `bad_request`, `body_too_large`, `head_too_large`.
  Result<size_t> read(std::string_view input, std::string& body);
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State { kSizeLine, kData, kDataEnd, kTrailerLine, kDone };

  Result<size_t> read_line(std::string_view input);
  Result<void> take_line(std::string_view line);
  Result<void> take_size_line(std::string_view line);

  BodyLimit body_limit_;
  int64_t body_bytes_ = 0;  // by the chunks' sizes so far
  int64_t overhead_bytes_max_;
  int64_t overhead_bytes_ = 0;  // of extensions and trailers
  State state_ = State::kSizeLine;
  std::string line_;  // the part of a line that has come
  int64_t data_left_ = 0;
};

}  // namespace bowshot::http
