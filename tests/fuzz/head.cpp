// A request's head and its chunked body: the same whatever the pieces it comes in.
#include "transport/http/head.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/check.hpp"
#include "fuzz_target.hpp"
#include "transport/http/chunked.hpp"

namespace bowshot::http {

namespace {

/// Small, so that the fuzzer reaches them with small inputs.
Limits small_limits() {
  Limits limits;
  limits.head_bytes = 1'024;
  limits.target_bytes = 256;
  limits.body_bytes = 512;
  return limits;
}

struct Outcome {
  std::optional<ErrorCode> error;
  bool done = false;
  size_t head_bytes = 0;
  std::string method;
  std::string path;
  std::string host;
  std::string body;
  bool operator==(const Outcome&) const = default;
};

void read_body(std::string_view input, size_t step, Outcome& outcome) {
  ChunkedReader reader(small_limits());
  size_t taken = 0;
  while (!reader.done() && taken < input.size()) {
    const auto count = reader.read(input.substr(taken, step), outcome.body);
    if (!count) {
      outcome.error = count.error().code;
      return;
    }
    BOWSHOT_CHECK(*count <= step);
    BOWSHOT_CHECK(*count > 0 || reader.done());
    taken += *count;
  }
}

/// Reads with `step` more bytes at a time.
Outcome read(std::string_view input, size_t step) {
  const Limits limits = small_limits();
  HeadReader reader(&limits);
  Outcome outcome;
  for (size_t size = std::min(step, input.size());; size = std::min(size + step, input.size())) {
    const auto done = reader.read(input.substr(0, size));
    if (!done) {
      outcome.error = done.error().code;
      return outcome;
    }
    if (*done || size == input.size()) {
      outcome.done = *done;
      break;
    }
  }
  if (!outcome.done) return outcome;
  const Head& head = reader.head();
  BOWSHOT_CHECK(reader.size() <= input.size());
  BOWSHOT_CHECK(!(head.is_chunked && head.content_length != 0));
  BOWSHOT_CHECK(head.content_length >= 0 && head.content_length <= limits.body_bytes);
  outcome.head_bytes = reader.size();
  outcome.method = head.request.method;
  outcome.path = head.request.path;
  outcome.host = head.request.host;
  if (head.is_chunked) read_body(input.substr(reader.size()), step, outcome);
  return outcome;
}

}  // namespace

}  // namespace bowshot::http

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using bowshot::http::read;
  const std::string_view input = bowshot::fuzz::as_text(data, size);
  const auto whole = read(input, std::max<size_t>(size, 1));
  const auto by_bytes = read(input, 1);
  // Which of two mistakes is told may depend on what had come; whether there is one may not.
  BOWSHOT_CHECK(whole.error.has_value() == by_bytes.error.has_value());
  BOWSHOT_CHECK(whole.error || whole == by_bytes);
  return 0;
}
