// Bodies that their handler reads as they come.
#include <gtest/gtest.h>

#include "transport/http/test_server_test.hpp"

namespace bowshot::http::testing {
namespace {

constexpr int64_t kPublishBytes = 8 << 20;

/// Counts the body of `PUT /count`; `PUT /refuse` answers without reading a byte, `PUT /taste`
/// after the first piece.
class BodyStreams : public ::testing::Test {
 protected:
  BodyStreams() {
    ServerOptions options = test_options([this](const Request& request, ResponseWriter& writer,
                                                const StopToken&) { answer(request, writer); });
    options.limits.body_bytes = 100;
    options.limits.publish_bytes = kPublishBytes;
    options.timeouts = Timeouts{
        .head = std::chrono::seconds(1), .idle = kTestDeadline, .stalled_reader = kTestDeadline};
    options.streams_body = [](const Request& head) { return head.method == "PUT"; };
    server_ = start_server(std::move(options));
  }

  void answer(const Request& request, ResponseWriter& writer) {
    if (!request.body_stream) return (void)writer.send(200, {}, "buffered " + request.body);
    if (request.path == "/refuse") return (void)writer.send(403, {}, "no");
    size_t bytes = 0;
    while (true) {
      const auto more = request.body_stream->next();
      if (!more) {
        outcomes_.put(std::string(error_info(more.error().code).name));
        return (void)writer.send(error_info(more.error().code).status, {}, more.error().detail);
      }
      if (request.path == "/taste") return (void)writer.send(403, {}, "bad taste");
      if (more->empty()) break;
      EXPECT_LE(more->size(), size_t{4} << 20);
      if (bytes == 0) begun_.put(true);
      bytes += more->size();
    }
    outcomes_.put("whole");
    (void)writer.send(200, {}, std::to_string(bytes));
  }

  RawClient client() { return RawClient(server_->port()); }

  Mailbox<bool> begun_;  // the first bytes have come
  Mailbox<std::string> outcomes_;
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kPut = "PUT /count HTTP/1.1\r\nHost: h\r\n";
constexpr std::string_view kNext = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";

std::string with_length(std::string_view head, size_t bytes) {
  return fmt::format("{}Content-Length: {}\r\n\r\n", head, bytes);
}

TEST_F(BodyStreams, ALongBodyPassesAndTheConnectionGoesOn) {
  auto connection = client();
  const std::string body(5'000'000, 'x');
  connection.send(with_length(kPut, body.size()));
  connection.send(body);
  connection.send(kNext);
  EXPECT_EQ(connection.read_answer().body, "5000000");
  EXPECT_EQ(connection.read_answer().body, "buffered ");
}

TEST_F(BodyStreams, AChunkedBodyPassesAndTheConnectionGoesOn) {
  auto connection = client();
  connection.send(std::string(kPut) + "Transfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = fmt::format("{:x}\r\n{}\r\n", 100'000, std::string(100'000, 'x'));
  for (int i = 0; i < 30; ++i) connection.send(chunk);
  connection.send("0\r\n\r\n" + std::string(kNext));
  EXPECT_EQ(connection.read_answer().body, "3000000");
  EXPECT_EQ(connection.read_answer().body, "buffered ");
}

TEST_F(BodyStreams, AnEmptyBodyIsWhole) {
  auto connection = client();
  connection.send(with_length(kPut, 0));
  EXPECT_EQ(connection.read_answer().body, "0");
}

TEST_F(BodyStreams, TooLongIsRefusedByItsOwnLimit) {
  auto connection = client();
  connection.send(with_length(kPut, kPublishBytes + 1));
  const auto answer = connection.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("publish_bytes is 8388608"), std::string::npos) << answer.body;
}

TEST_F(BodyStreams, OtherBodiesKeepTheirLimit) {
  auto connection = client();
  connection.send(with_length("POST /p HTTP/1.1\r\nHost: h\r\n", 101));
  EXPECT_EQ(connection.read_answer().status, 413);
}

TEST_F(BodyStreams, ContinueIsSaidWhenTheHandlerReads) {
  auto connection = client();
  connection.send(with_length(std::string(kPut) + "Expect: 100-continue\r\n", 5));
  EXPECT_EQ(connection.read_answer().status, 100);
  connection.send("abcde");
  EXPECT_EQ(connection.read_answer().body, "5");
}

TEST_F(BodyStreams, ContinueIsNotSaidToWhatIsRefused) {
  auto connection = client();
  connection.send(
      with_length("PUT /refuse HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n", 1'000));
  const auto answer = connection.read_answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.headers.at("connection"), "close");
}

TEST_F(BodyStreams, ContinueIsNotSaidToAClientThatHasBegun) {
  for (int i = 0; i < 50; ++i) {  // the answer and the word, from two threads, would be mixed
    auto connection = client();
    connection.send(with_length("PUT /taste HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n", 9) +
                    "abc");
    const auto answer = connection.read_answer();
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(connection.read_to_end(), "");
  }
}

TEST_F(BodyStreams, ABodyLeftUnreadEndsTheConnection) {
  auto connection = client();
  connection.send(with_length("PUT /refuse HTTP/1.1\r\nHost: h\r\n", 2'000'000));
  connection.send(std::string(2'000'000, 'x') + std::string(kNext));
  EXPECT_EQ(connection.read_answer().status, 403);
  EXPECT_EQ(connection.read_to_end(), "");
}

TEST_F(BodyStreams, ABodyCutShortIsAnError) {
  auto connection = client();
  connection.send(with_length(kPut, 1'000) + "abc");
  connection.end_output();
  EXPECT_EQ(outcomes_.take(), "bad_request");
}

TEST_F(BodyStreams, AResetIsAnError) {
  auto connection = client();
  connection.send(with_length(kPut, 1'000) + "abc");
  EXPECT_TRUE(begun_.take());
  connection.reset();
  EXPECT_EQ(outcomes_.take(), "cancelled");
}

TEST_F(BodyStreams, ABrokenChunkIsAnErrorAndTheEnd) {
  auto connection = client();
  connection.send(std::string(kPut) + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n" +
                  std::string(kNext));
  const auto answer = connection.read_answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(outcomes_.take(), "bad_request");
  EXPECT_EQ(connection.read_to_end(), "");
}

TEST_F(BodyStreams, AStalledBodyIsNotWaitedFor) {
  auto connection = client();
  connection.send(with_length(kPut, 1'000) + "abc");
  EXPECT_EQ(connection.read_answer().status, 408);
  EXPECT_EQ(outcomes_.take(), "head_too_slow");
}

TEST_F(BodyStreams, StoppingTheServerEndsThem) {
  auto connection = client();
  connection.send(with_length(kPut, 1'000) + "abc");
  EXPECT_TRUE(begun_.take());
  server_->stop(std::chrono::milliseconds(20));
  EXPECT_NE(outcomes_.take(), "whole");
}

}  // namespace
}  // namespace bowshot::http::testing
