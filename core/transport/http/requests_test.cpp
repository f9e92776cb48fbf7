// Raw bytes -> what the server makes of them. Every refused request is followed by another one in
// the same send: it must never be served.
#include <gtest/gtest.h>

#include "transport/http/test_server_test.hpp"

namespace bowshot::http::testing {
namespace {

Limits table_limits() {
  Limits limits;
  limits.head_bytes = 2'048;
  limits.target_bytes = 512;
  limits.body_bytes = 100;
  return limits;
}

/// Answers with what it saw: `GET /path?query host=h body=b`.
void echo(const Request& request, ResponseWriter& writer, const StopToken&) {
  const std::string body = fmt::format("{} {}?{} host={} body={}", request.method, request.path,
                                       request.query, request.host, request.body);
  EXPECT_TRUE(writer.send(200, {}, body));
}

class RequestTable : public ::testing::Test {
 protected:
  RequestTable() {
    ServerOptions options =
        test_options([this](const Request& request, ResponseWriter& writer, const StopToken& stop) {
          seen_.put(request.path);
          echo(request, writer, stop);
        });
    options.limits = table_limits();
    server_ = start_server(std::move(options));
  }

  Mailbox<std::string> seen_;
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kNext = "GET /next HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n";

std::string repeat(std::string_view text, size_t times) {
  std::string repeated;
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

struct Accepted {
  std::string bytes;
  std::string seen;
};

TEST_F(RequestTable, WellFormedRequestsAreServedAndTheConnectionGoesOn) {
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::string post = "POST /p HTTP/1.1\r\nHost: h\r\n";
  const Accepted cases[] = {
      {get + "\r\n", "GET /? host=h body="},
      {"\r\n" + get + "\r\n", "GET /? host=h body="},
      {"\r\n\r\n\r\n\r\n" + get + "\r\n", "GET /? host=h body="},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS *? host=h body="},
      {"OPTIONS /a HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS /a? host=h body="},
      {"QUERY /v1/query HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
       "QUERY /v1/query? host=h body={}"},
      {"PUT /d HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", "PUT /d? host=h body=x"},
      {"DELETE /d HTTP/1.1\r\nHost: h\r\n\r\n", "DELETE /d? host=h body="},
      {"GET /a?b=%2C&c={}|^ HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a?b=%2C&c={}|^ host=h body="},
      {"GET /a?b?c HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a?b?c host=h body="},
      {"GET http://Other.example:81/a?b HTTP/1.1\r\nHost: h\r\n\r\n",
       "GET /a?b host=other.example body="},
      {"GET HTTP://other HTTP/1.1\r\nHost: h\r\n\r\n", "GET /? host=other body="},
      {"GET / HTTP/1.1\r\nHost: LOCALHOST:8765\r\n\r\n", "GET /? host=localhost body="},
      {"GET / HTTP/1.1\r\nHost: [::1]:8765\r\n\r\n", "GET /? host=[::1] body="},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET /? host= body="},
      {"GET / HTTP/1.1\r\nhOsT:h\r\n\r\n", "GET /? host=h body="},
      {"GET / HTTP/1.1\r\nHost: \t h \t\r\n\r\n", "GET /? host=h body="},
      {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", "GET /? host=h body="},
      {get + "X: a\tb \xc3\xa4\r\n\r\n", "GET /? host=h body="},
      {get + "X:\r\n\r\n", "GET /? host=h body="},
      {get + "X: 1\r\nX: 2\r\n\r\n", "GET /? host=h body="},
      {get + "Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET /? host=h body="},
      {get + "Content-Length: 3\r\n\r\nabc", "GET /? host=h body=abc"},
      {post + "Content-Length: 0\r\n\r\n", "POST /p? host=h body="},
      {post + "Content-Length: 0005\r\n\r\nhello", "POST /p? host=h body=hello"},
      {post + "Content-Length: 100\r\n\r\n" + repeat("b", 100),
       "POST /p? host=h body=" + repeat("b", 100)},
      {post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST /p? host=h body="},
      {post + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nT: v\r\n\r\n",
       "POST /p? host=h body=hello!"},
      {post + "Transfer-Encoding: , chunked ,\r\n\r\n1\r\na\r\n0\r\n\r\n",
       "POST /p? host=h body=a"},
      {"GET /" + repeat("a", 511) + " HTTP/1.1\r\nHost: h\r\n\r\n",
       "GET /" + repeat("a", 511) + "? host=h body="},
      {get + "X: " + repeat("x", 2'048 - get.size() - 7) + "\r\n\r\n", "GET /? host=h body="},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /? host= body="},
      {"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nExpect: what\r\n\r\n",
       "GET /? host=h body="},
  };
  for (const Accepted& c : cases) {
    SCOPED_TRACE(c.bytes.substr(0, 200));
    RawClient client(server_->port());
    client.send(c.bytes + std::string(kNext));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body, c.seen);
    EXPECT_EQ(client.read_answer().body, "GET /next? host=next body=");
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(client.end(), StreamEnd::kClosed);
  }
  EXPECT_EQ(server_->counters().requests_malformed, 0);
  EXPECT_EQ(server_->counters().requests_total, static_cast<int64_t>(2 * std::size(cases)));
}

TEST_F(RequestTable, TheSameRequestsOneByteAtATime) {
  for (const std::string bytes :
       {"GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n", "\r\nGET /a?b HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n",
        "POST /a?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}) {
    RawClient client(server_->port());
    for (const char byte : bytes) client.send({&byte, 1});
    EXPECT_EQ(client.read_answer().status, 200) << bytes;
  }
}

struct Refused {
  std::string bytes;
  int status;
  const char* code;
};

std::vector<Refused> bad_request_lines() {
  const std::string host = "\r\nHost: h\r\n\r\n";
  return {
      {"GET /" + host, 400, "bad_request"},  // HTTP/0.9
      {"GET" + host, 400, "bad_request"},
      {"GET  / HTTP/1.1" + host, 400, "bad_request"},
      {"GET /  HTTP/1.1" + host, 400, "bad_request"},
      {" GET / HTTP/1.1" + host, 400, "bad_request"},
      {"GET / HTTP/1.1 " + host, 400, "bad_request"},
      {"GET\t/\tHTTP/1.1" + host, 400, "bad_request"},
      {"GET /a b HTTP/1.1" + host, 400, "bad_request"},
      {"GET /a#b HTTP/1.1" + host, 400, "bad_request"},
      {"GET /\xc3\xa4 HTTP/1.1" + host, 400, "bad_request"},
      {std::string("GET /\0 HTTP/1.1", 15) + host, 400, "bad_request"},
      {"GET a HTTP/1.1" + host, 400, "bad_request"},
      {"GET * HTTP/1.1" + host, 400, "bad_request"},
      {"GET example.com:80 HTTP/1.1" + host, 400, "bad_request"},
      {"GET ftp://h/ HTTP/1.1" + host, 400, "bad_request"},
      {"GET http:///a HTTP/1.1" + host, 400, "bad_request"},
      {"GET http://:80/a HTTP/1.1" + host, 400, "bad_request"},
      {"GET http://user@h/ HTTP/1.1" + host, 400, "bad_request"},
      {"GET / http/1.1" + host, 400, "bad_request"},
      {"GET / HTTP/1" + host, 400, "bad_request"},
      {"GET / HTTP/11.1" + host, 400, "bad_request"},
      {"GET / HTTP/1.1.1" + host, 400, "bad_request"},
      {"G@T / HTTP/1.1" + host, 400, "bad_request"},
      {"\x16\x03\x01\x02\x01\x01\xfc\x03\x03", 400, "bad_request"},  // TLS
      {"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1" + host, 400, "bad_request"},
      {"\nGET / HTTP/1.1" + host, 400, "bad_request"},
      {"get / HTTP/1.1" + host, 501, "unknown_method"},
      {"PATCH / HTTP/1.1" + host, 501, "unknown_method"},
      {"TRACE / HTTP/1.1" + host, 501, "unknown_method"},
      {"CONNECT example.com:80 HTTP/1.1" + host, 501, "unknown_method"},
      {"GETS / HTTP/1.1" + host, 501, "unknown_method"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unknown_http_version"},
      {"GET / HTTP/2.0" + host, 505, "unknown_http_version"},
      {"GET / HTTP/3.0" + host, 505, "unknown_http_version"},
      {"GET / HTTP/0.9" + host, 505, "unknown_http_version"},
      {"GET /" + repeat("a", 512) + " HTTP/1.1" + host, 414, "target_too_long"},
      {"GET /" + repeat("a", 9'000), 414, "target_too_long"},
      {repeat("a", 9'000), 414, "target_too_long"},
  };
}

std::vector<Refused> bad_fields() {
  const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n";
  const std::string bare = "GET / HTTP/1.1\r\n";
  return {
      {bare + "\r\n", 400, "bad_request"},
      {bare + "X: y\r\n\r\n", 400, "bad_request"},
      {get + "Host: h\r\n\r\n", 400, "bad_request"},
      {get + "host: other\r\n\r\n", 400, "bad_request"},
      {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "bad_request"},
      {bare + "Host: a b\r\n\r\n", 400, "bad_request"},
      {bare + "Host: a, b\r\n\r\n", 400, "bad_request"},
      {bare + "Host: a/b\r\n\r\n", 400, "bad_request"},
      {bare + "Host: a@b\r\n\r\n", 400, "bad_request"},
      {bare + "Host: a:99999\r\n\r\n", 400, "bad_request"},
      {bare + "Host: ::1\r\n\r\n", 400, "bad_request"},
      {"GET http://good/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "bad_request"},
      {"GET http://good/ HTTP/1.1\r\n\r\n", 400, "bad_request"},
      {bare + " Host: h\r\n\r\n", 400, "bad_request"},
      {bare + "\tHost: h\r\n\r\n", 400, "bad_request"},
      {bare + "Host : h\r\n\r\n", 400, "bad_request"},
      {get + "X: a\r\n b\r\n\r\n", 400, "bad_request"},
      {get + "X: a\r\n\tb\r\n\r\n", 400, "bad_request"},
      {get + "X\r\n\r\n", 400, "bad_request"},
      {get + ": a\r\n\r\n", 400, "bad_request"},
      {get + "X Y: a\r\n\r\n", 400, "bad_request"},
      {get + "X\xc3\xa4: a\r\n\r\n", 400, "bad_request"},
      {get + "X(: a\r\n\r\n", 400, "bad_request"},
      {get + "X: a\nY: b\r\n\r\n", 400, "bad_request"},
      {get + "X: a\rY: b\r\n\r\n", 400, "bad_request"},
      {get + "X: a\r\r\n\r\n", 400, "bad_request"},
      {get + "X: a\r\n\n", 400, "bad_request"},
      {"GET / HTTP/1.1\nHost: h\n\n", 400, "bad_request"},
      {get + std::string("X: a\0b\r\n\r\n", 10), 400, "bad_request"},
      {get + "X: a\x01\r\n\r\n", 400, "bad_request"},
      {get + "X: a\x7f\r\n\r\n", 400, "bad_request"},
      {get + "X: a\x1b[0m\r\n\r\n", 400, "bad_request"},
      {get + "X: a\x0b\x0c\r\n\r\n", 400, "bad_request"},
      {get + "Connection: a b\r\n\r\n", 400, "bad_request"},
      {get + "Expect: 200-ok\r\n\r\n", 417, "bad_expectation"},
      {get + "Expect: 100-continue, x\r\n\r\n", 417, "bad_expectation"},
      {get + "Expect:\r\n\r\n", 417, "bad_expectation"},
      {get + "X: " + repeat("x", 2'048) + "\r\n\r\n", 431, "head_too_large"},
      {get + repeat("X: y\r\n", 400) + "\r\n", 431, "head_too_large"},
      {get + "X: " + repeat("x", 9'000), 431, "head_too_large"},
  };
}

std::vector<Refused> bad_bodies() {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string chunked = post + "Transfer-Encoding: chunked\r\n";
  return {
      {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
       "bad_request"},
      {chunked + "Content-Length: 5\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: 5, 5\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: -5\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: +5\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: 5 5\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: 0x5\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: 5.0\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: five\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length:\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: 99999999999999999999\r\n\r\nhello", 413, "body_too_large"},
      {post + "Content-Length : 5\r\n\r\nhello", 400, "bad_request"},
      {post + "Content-Length: 101\r\n\r\n", 413, "body_too_large"},
      {post + "Content-Length: 9223372036854775807\r\n\r\n", 413, "body_too_large"},
      {post + "Content-Length: 101\r\nExpect: 100-continue\r\n\r\n", 413, "body_too_large"},
      {post + "Transfer-Encoding: gzip\r\n\r\n", 501, "unknown_transfer_coding"},
      {post + "Transfer-Encoding: identity\r\n\r\n", 501, "unknown_transfer_coding"},
      {post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "unknown_transfer_coding"},
      {post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, "unknown_transfer_coding"},
      {post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {chunked + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {chunked + "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {chunked + "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {post + "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {post + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"},
      {chunked + "\r\nxyz\r\n", 400, "bad_request"},
      {chunked + "\r\n-1\r\n", 400, "bad_request"},
      {chunked + "\r\n0x5\r\nhello\r\n0\r\n\r\n", 400, "bad_request"},
      {chunked + "\r\n5\nhello\n0\n\n", 400, "bad_request"},
      {chunked + "\r\n5\r\nhello!\r\n0\r\n\r\n", 400, "bad_request"},
      {chunked + "\r\n0\r\nbad trailer\r\n\r\n", 400, "bad_request"},
      {chunked + "\r\n65\r\n", 413, "body_too_large"},
      {chunked + "\r\nffffffffffffffffff\r\n", 413, "body_too_large"},
      {chunked + "\r\n64\r\n" + repeat("a", 100) + "\r\n1\r\n", 413, "body_too_large"},
      {chunked + "\r\n1;" + repeat("x", 3'000), 431, "head_too_large"},
      {chunked + "\r\n0\r\n" + repeat("T: v\r\n", 600), 431, "head_too_large"},
  };
}

TEST_F(RequestTable, MalformedRequestsAreRefusedAndNothingAfterThemIsServed) {
  int64_t refused = 0;
  for (const auto& table : {bad_request_lines(), bad_fields(), bad_bodies()}) {
    for (const Refused& c : table) {
      SCOPED_TRACE(c.bytes.substr(0, 200));
      RawClient client(server_->port());
      client.send(c.bytes + std::string(kNext));
      RawAnswer answer = client.read_answer();
      EXPECT_EQ(answer.status, c.status) << answer.body;
      EXPECT_TRUE(answer.body.starts_with(std::string(c.code) + ": ")) << answer.body;
      EXPECT_EQ(answer.headers["connection"], "close");
      EXPECT_EQ(answer.headers["content-type"], "application/problem+json");
      EXPECT_TRUE(answer.headers.contains("date"));
      EXPECT_EQ(client.read_to_end(), "");
      EXPECT_EQ(client.end(), StreamEnd::kClosed);  // a reset could lose the answer on its way
      ++refused;
    }
  }
  EXPECT_GE(refused, 100);
  EXPECT_EQ(seen_.size(), 0U);
  EXPECT_EQ(server_->counters().requests_malformed, refused);
  EXPECT_EQ(server_->counters().requests_total, 0);
}

TEST_F(RequestTable, AnErrorAnswerToHeadHasNoBody) {
  RawClient client(server_->port());
  client.send("HEAD / HTTP/1.1\r\n\r\n");
  const std::string bytes = client.read_to_end();
  EXPECT_TRUE(bytes.starts_with("HTTP/1.1 400 Bad Request\r\n")) << bytes;
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n")) << bytes;
}

TEST_F(RequestTable, InputThatEndsEarlyIsToldSo) {
  for (const char* bytes :
       {"G", "GET / HTTP/1.1\r\nHost: h\r\n", "\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n"}) {
    RawClient client(server_->port());
    client.send(bytes);
    client.end_output();
    EXPECT_EQ(client.read_answer().status, 400) << bytes;
    EXPECT_EQ(client.read_to_end(), "");
  }
  RawClient silent(server_->port());
  silent.end_output();
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(silent.end(), is_tls_run() ? StreamEnd::kCut : StreamEnd::kClosed);
  EXPECT_EQ(seen_.size(), 0U);
}

TEST_F(RequestTable, AnAnswerIsReadableThoughTheRefusedBodyStillComes) {
  RawClient client(server_->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n");
  client.send(repeat("x", 5'000'000));
  const RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_TRUE(answer.complete);
}

TEST_F(RequestTable, ContinueIsSentBeforeTheBodyAndOnlyWhenOneComes) {
  RawClient client(server_->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("hello");
  EXPECT_EQ(client.read_answer().body, "POST /? host=h body=hello");
  client.send(
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("1\r\na\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "POST /? host=h body=a");
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(client.read_answer().body, "POST /? host=h body=ab");
}

TEST_F(RequestTable, PipelinedRequestsAreAnsweredInOrder) {
  RawClient client(server_->port());
  std::string requests;
  for (int i = 0; i < 500; ++i)
    requests += fmt::format(
        "GET /{} HTTP/1.1\r\nHost: h\r\n\r\n"
        "POST /{} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx",
        i, i);
  client.send(requests);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(client.read_answer().body, fmt::format("GET /{}? host=h body=", i));
    EXPECT_EQ(client.read_answer().body, fmt::format("POST /{}? host=h body=x", i));
  }
}

TEST_F(RequestTable, TheConnectionClosesWhenTheClientAsks) {
  for (const char* bytes : {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                            "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, CLOSE\r\n\r\n",
                            "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: x\r\n\r\n"}) {
    RawClient client(server_->port());
    client.send(bytes + std::string(kNext));
    RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers["connection"], "close");
    EXPECT_EQ(client.read_to_end(), "") << bytes;
    EXPECT_EQ(client.end(), StreamEnd::kClosed);
  }
  EXPECT_EQ(seen_.size(), 4U);
}

}  // namespace
}  // namespace bowshot::http::testing
