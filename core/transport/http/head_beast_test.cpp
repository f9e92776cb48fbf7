// Boost.Beast as an independent reader: what HeadReader accepts, Beast reads in the same way.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/src.hpp>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "transport/http/head.hpp"
#include "transport/http/syntax.hpp"

namespace bowshot::http {
namespace {

namespace beast_http = boost::beast::http;

/// Heads that are valid or a small step away from it: fragments that meet at their seams.
std::string random_head(std::mt19937_64& random) {
  const auto pick = [&](std::initializer_list<const char*> choices) {
    return std::string(choices.begin()[random() % choices.size()]);
  };
  std::string head = pick({"GET", "GET", "POST", "HEAD", "QUERY", "get", "G T", ""}) +
                     pick({" ", " ", " ", "  ", "\t"}) +
                     pick({"/", "/a?b=c", "/%41", "http://h/x", "*", "/\x80", "/#f", ""}) +
                     pick({" ", " ", " ", "  "}) +
                     pick({"HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.", "HTTP"}) +
                     pick({"\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r"}) +
                     pick({"Host: h\r\n", "Host: h\r\n", "Host: h:80\r\n", "host:\r\n", ""});
  for (auto fields = random() % 4; fields > 0; --fields)
    head += pick({"A", "Content-Length", "Transfer-Encoding", "Connection", "X-y", "a b", "\xc3"}) +
            pick({":", ": ", ": ", ":\t", " :", ""}) +
            pick({"", "1", "0", "chunked", "close", "keep-alive, x", "gzip, chunked", "\x80",
                  "\x01", "1, 1", "-1", "a\tb", "a  "}) +
            pick({"\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\n "});
  return head + pick({"\r\n", "\r\n", "\r\n", "\n", "\r"});
}

void expect_same(const std::string& input, HeadReader& ours,
                 const beast_http::request_parser<beast_http::empty_body>& beast) {
  const Request& request = ours.head().request;
  const auto& message = beast.get();
  EXPECT_EQ(request.method, std::string(message.method_string())) << input;
  if (!message.target().starts_with("http:")) {
    const std::string query = request.query.empty() ? "" : "?" + request.query;
    EXPECT_EQ(request.path + query, std::string(message.target())) << input;
  }
  // In HTTP/1.0 Beast lets keep-alive win over close; RFC 9112, 9.3 says that close wins.
  EXPECT_TRUE(beast.keep_alive() || !ours.head().keep_alive) << input;
  EXPECT_TRUE(ours.head().version_minor == 0 || ours.head().keep_alive == beast.keep_alive())
      << input;
  EXPECT_EQ(ours.head().is_chunked, beast.chunked()) << input;
  EXPECT_EQ(ours.head().content_length, static_cast<int64_t>(beast.content_length().value_or(0)))
      << input;
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& field : message) fields.emplace_back(field.name_string(), field.value());
  auto by_name = [](const auto& a, const auto& b) {
    return lower_case(a.first) < lower_case(b.first);
  };
  auto ours_sorted = request.headers.fields();
  std::ranges::stable_sort(ours_sorted, by_name);
  std::ranges::stable_sort(fields, by_name);
  EXPECT_EQ(ours_sorted, fields) << input;
}

TEST(HeadReader, ReadsWhatItAcceptsAsBeastDoes) {
  const char* given_seed = std::getenv("BOWSHOT_TEST_SEED");
  const uint64_t seed =
      given_seed != nullptr ? std::strtoull(given_seed, nullptr, 10) : std::random_device()();
  SCOPED_TRACE("BOWSHOT_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Limits limits;
  int accepted = 0;
  for (int i = 0; i < 200'000 && !::testing::Test::HasFailure(); ++i) {
    const std::string input = random_head(random);
    HeadReader reader(&limits);
    const auto done = reader.read(input);
    if (!done || !*done) continue;
    ++accepted;
    beast_http::request_parser<beast_http::empty_body> beast;
    boost::beast::error_code error;
    const size_t size = beast.put(boost::asio::buffer(input), error);
    EXPECT_FALSE(error && error != beast_http::error::need_more) << error.message() << "\n"
                                                                 << input;
    EXPECT_TRUE(beast.is_header_done()) << input;
    EXPECT_EQ(size, reader.size()) << input;
    expect_same(input, reader, beast);
  }
  EXPECT_GT(accepted, 1'000);
}

}  // namespace
}  // namespace bowshot::http
