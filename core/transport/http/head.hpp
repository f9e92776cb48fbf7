#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "transport/http/body_limit.hpp"
#include "transport/http/message.hpp"
#include "transport/http/server.hpp"

namespace bowshot::http {

/// A request's head: everything before the body, and how the body is framed.
struct Head {
  Request request;  // without body and is_same_machine
  int version_minor = 1;
  bool keep_alive = true;
  bool expects_continue = false;
  bool is_chunked = false;
  int64_t content_length = 0;  // where not chunked
  bool is_body_stream = false;
};

/// Reads one head from bytes as they come, and refuses as soon as a byte is wrong: a client that
/// sends garbage without a line end is not waited for. One thread.
///   HeadReader reader(&limits);
///   auto done = reader.read(input);          // again, with more input, while it is false
///   Head head = std::move(reader.head());    // then; reader.size() bytes of input were the head
class HeadReader {
 public:
  /// What is pointed at outlives the reader. Without `streams_body` no body is a stream.
  explicit HeadReader(const Limits* limits, const StreamsBody* streams_body = nullptr)
      : limits_(limits), streams_body_(streams_body) {}

  /// `input` begins where the head begins and only ever grows between calls. True: whole.
  /// Errors: `bad_request`, `target_too_long`, `head_too_large`, `unknown_http_version`,
  /// `unknown_method`, `unknown_transfer_coding`, `bad_expectation`, `body_too_large`.
  Result<bool> read(std::string_view input);
  /// How many bytes of the input belong to the head.
  size_t size() const { return position_; }
  Head& head() { return head_; }
  /// Whether the request line is known to be a HEAD: its error answers have no body either.
  bool is_head_method() const { return head_.request.method == "HEAD"; }

 private:
  Result<void> take_line(std::string_view line);
  Result<void> take_request_line(std::string_view line);
  size_t size_max() const;
  Error too_large() const;
  Result<void> finish();
  Result<void> finish_host();
  Result<void> finish_framing();
  Result<void> take_transfer_encoding(std::string_view value);
  Result<void> take_content_length(std::string_view value);
  Result<void> finish_expectation();
  Result<void> finish_keep_alive();

  const Limits* limits_;
  const StreamsBody* streams_body_;
  Head head_;
  std::optional<std::string> target_authority_;  // of an absolute-form target
  size_t position_ = 0;
  size_t line_start_ = 0;
  int empty_lines_ = 0;
  bool done_ = false;
};

}  // namespace bowshot::http
