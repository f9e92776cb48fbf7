#include "transport/http/chunked.hpp"

#include <gtest/gtest.h>

namespace bowshot::http {
namespace {

Limits small_limits() {
  Limits limits;
  limits.body_bytes = 64;
  limits.head_bytes = 128;
  return limits;
}

struct Outcome {
  std::string body;
  std::string rest;  // not taken
  bool done = false;
  ErrorCode code = ErrorCode::kInternal;
  bool failed = false;
};

/// Feeds `input` in steps of `step` bytes, as a network might.
Outcome read_in_steps(std::string_view input, size_t step) {
  ChunkedReader reader(small_limits());
  Outcome outcome;
  while (!input.empty() && !reader.done()) {
    const std::string_view piece = input.substr(0, step);
    const auto taken = reader.read(piece, outcome.body);
    if (!taken) {
      outcome.failed = true;
      outcome.code = taken.error().code;
      return outcome;
    }
    EXPECT_TRUE(*taken == piece.size() || reader.done());
    input.remove_prefix(*taken);
  }
  outcome.rest = input;
  outcome.done = reader.done();
  return outcome;
}

struct GoodCase {
  const char* input;
  const char* body;
  const char* rest;
};

TEST(ChunkedReader, ReadsBodiesHoweverTheyAreCut) {
  const GoodCase cases[] = {
      {"0\r\n\r\n", "", ""},
      {"5\r\nhello\r\n0\r\n\r\nGET", "hello", "GET"},
      {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", ""},
      {"A\r\n0123456789\r\n00\r\n\r\n", "0123456789", ""},
      {"00000000000000000005\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"5;name=value\r\nhello\r\n0;last\r\n\r\n", "hello", ""},
      {"5 ; name=\"a b\"\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", ""},
      {"1\r\na\r\n0\r\nX-Checksum: 1\r\nY: 2\r\n\r\nrest", "a", "rest"},
  };
  for (const GoodCase& c : cases) {
    for (size_t step = 1; step < 40; ++step) {
      const Outcome outcome = read_in_steps(c.input, step);
      EXPECT_FALSE(outcome.failed) << c.input;
      EXPECT_TRUE(outcome.done) << c.input;
      EXPECT_EQ(outcome.body, c.body) << c.input;
      EXPECT_EQ(outcome.rest, c.rest) << c.input;
    }
  }
}

TEST(ChunkedReader, RefusesWhatCouldBeReadInTwoWays) {
  const std::pair<std::string, ErrorCode> cases[] = {
      {"\r\n", ErrorCode::kBadRequest},
      {"x\r\n", ErrorCode::kBadRequest},
      {"-1\r\n", ErrorCode::kBadRequest},
      {"+1\r\na\r\n", ErrorCode::kBadRequest},
      {"0x1\r\na\r\n", ErrorCode::kBadRequest},
      {" 1\r\na\r\n", ErrorCode::kBadRequest},
      {"1 \r\na\r\n", ErrorCode::kBadRequest},
      {"1 2\r\na\r\n", ErrorCode::kBadRequest},
      {";a\r\n", ErrorCode::kBadRequest},
      {"1\na\n0\n\n", ErrorCode::kBadRequest},
      {"1\r\na\n0\r\n\r\n", ErrorCode::kBadRequest},
      {"1\r\nab\r\n", ErrorCode::kBadRequest},
      {"1\r\na0\r\n\r\n", ErrorCode::kBadRequest},
      {"1\ra\r\n", ErrorCode::kBadRequest},
      {std::string("1;\0\r\na", 6), ErrorCode::kBadRequest},
      {"0\r\nno colon\r\n\r\n", ErrorCode::kBadRequest},
      {"0\r\n folded: x\r\n\r\n", ErrorCode::kBadRequest},
      {"0\r\na: b\n\r\n", ErrorCode::kBadRequest},
      {"41\r\n", ErrorCode::kBodyTooLarge},
      {"40\r\n" + std::string(64, 'a') + "\r\n1\r\n", ErrorCode::kBodyTooLarge},
      {"7fffffffffffffff\r\n", ErrorCode::kBodyTooLarge},
      {"ffffffffffffffff\r\n", ErrorCode::kBodyTooLarge},
      {"fffffffffffffffffffffffffffff\r\n", ErrorCode::kBodyTooLarge},
      {"1;" + std::string(300, 'x') + "\r\n", ErrorCode::kHeadTooLarge},
      {"0\r\nX: " + std::string(300, 'x') + "\r\n\r\n", ErrorCode::kHeadTooLarge},
      {std::string(300, '0') + "1\r\na\r\n", ErrorCode::kHeadTooLarge},
  };
  for (const auto& [input, code] : cases) {
    for (const size_t step : {size_t{1}, size_t{3}, input.size()}) {
      const Outcome outcome = read_in_steps(input, step);
      EXPECT_TRUE(outcome.failed) << input;
      EXPECT_EQ(outcome.code, code) << input;
    }
  }
}

TEST(ChunkedReader, BoundsTheNumberOfTrailers) {
  std::string input = "0\r\n";
  for (int i = 0; i < 100; ++i) input += "a:\r\n";
  EXPECT_EQ(read_in_steps(input, input.size()).code, ErrorCode::kHeadTooLarge);
}

TEST(ChunkedReader, TakesABodyOfSingleByteChunks) {
  std::string input;
  for (int i = 0; i < 64; ++i) input += "1\r\nz\r\n";
  const Outcome outcome = read_in_steps(input + "0\r\n\r\n", 7);
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.body, std::string(64, 'z'));
}

}  // namespace
}  // namespace bowshot::http
