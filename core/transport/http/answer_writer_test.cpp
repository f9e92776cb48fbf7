#include "transport/http/answer_writer.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <regex>

#include "transport/http/server_state.hpp"

namespace bowshot::http {
namespace {

/// What a writer wrote, over a socket pair: bytes go in here and come out there.
class AnswerWriterTest : public ::testing::Test {
 protected:
  static std::array<int, 2> make_pair() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    return ends;
  }
  ~AnswerWriterTest() override {
    for (const int end : ends_) ::close(end);
  }

  AnswerTarget target() {
    return {.stream = &stream_,
            .shutdown_descriptor = shutdown_.descriptor(),
            .stopping = &stopping_,
            .stall_timeout = std::chrono::seconds(10),
            .bytes_sent = &bytes_sent_,
            .held = &held_,
            .stop = stop_.token()};
  }

  /// Everything written, with the date replaced.
  std::string written() {
    shutdown(ends_[0], SHUT_WR);
    std::string text;
    std::array<char, 4096> bytes;
    ssize_t count;
    while ((count = read(ends_[1], bytes.data(), bytes.size())) > 0)
      text.append(bytes.data(), static_cast<size_t>(count));
    EXPECT_EQ(static_cast<int64_t>(text.size()), bytes_sent_);
    static const std::regex kDate(
        "Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} "
        "[0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n");
    return std::regex_replace(text, kDate, "Date: D\r\n");
  }

  std::array<int, 2> ends_ = make_pair();
  PlainStream stream_{ends_[0]};
  WakeDescriptor shutdown_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> bytes_sent_ = 0;
  HeldBytes held_{int64_t{1} << 30, kSlowAfter};
  StopSource stop_;
};

Headers headers_of(std::initializer_list<std::pair<const char*, const char*>> fields) {
  Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return headers;
}

TEST(HttpDate, IsInTheFixedForm) {
  EXPECT_EQ(http_date(std::chrono::sys_seconds(std::chrono::seconds(784'111'777))),
            "Sun, 06 Nov 1994 08:49:37 GMT");  // the example of RFC 9110
  EXPECT_EQ(http_date(std::chrono::sys_seconds(std::chrono::seconds(0))),
            "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(std::chrono::sys_seconds(std::chrono::seconds(1'709'251'199))),
            "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST_F(AnswerWriterTest, SendsASmallAnswerWithItsLength) {
  AnswerWriter writer(target());
  EXPECT_FALSE(writer.started());
  EXPECT_TRUE(writer.send(200, headers_of({{"Content-Type", "text/plain"}}), "hello"));
  EXPECT_TRUE(writer.started());
  EXPECT_EQ(writer.after(), AfterAnswer::kKeepAlive);
  EXPECT_EQ(writer.bytes_written(), bytes_sent_);
  EXPECT_EQ(written(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: D\r\n"
            "Content-Length: 5\r\n\r\nhello");
}

TEST_F(AnswerWriterTest, StreamsInChunksThatHoldTheirPieces) {
  AnswerWriter writer(target());
  const std::string_view first[] = {"ab", "", "cd"};
  const std::string_view nothing[] = {"", ""};
  const std::string long_piece(20, 'x');
  const std::string_view second[] = {long_piece};
  EXPECT_TRUE(writer.start(200, {}, std::nullopt));
  EXPECT_FALSE(writer.started());  // the status line waits for the first bytes
  EXPECT_TRUE(writer.write(nothing));
  EXPECT_FALSE(writer.started());
  EXPECT_TRUE(writer.write(first));
  EXPECT_TRUE(writer.started());
  EXPECT_TRUE(writer.write(nothing));  // must not end the body
  EXPECT_TRUE(writer.write(second));
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(writer.after(), AfterAnswer::kKeepAlive);
  EXPECT_EQ(written(),
            "HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n"
            "4\r\nabcd\r\n14\r\n" +
                long_piece + "\r\n0\r\n\r\n");
}

TEST_F(AnswerWriterTest, AnEmptyStreamIsAWholeAnswer) {
  AnswerWriter writer(target());
  EXPECT_TRUE(writer.start(200, {}, std::nullopt));
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

TEST_F(AnswerWriterTest, AKnownLengthIsNotChunked) {
  AnswerWriter writer(target());
  const std::string_view pieces[] = {"abc"};
  EXPECT_TRUE(writer.start(200, {}, 6));
  EXPECT_TRUE(writer.write(pieces));
  EXPECT_TRUE(writer.write(pieces));
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 6\r\n\r\nabcabc");
}

TEST_F(AnswerWriterTest, Http10StreamsUntilTheConnectionCloses) {
  AnswerTarget old = target();
  old.is_chunkable = false;
  AnswerWriter writer(old);
  const std::string_view pieces[] = {"abc"};
  EXPECT_TRUE(writer.start(200, {}, std::nullopt));
  EXPECT_TRUE(writer.write(pieces));
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(writer.after(), AfterAnswer::kClose);
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\nabc");
}

TEST_F(AnswerWriterTest, Http10IsToldThatTheConnectionStays) {
  AnswerTarget old = target();
  old.is_chunkable = false;
  AnswerWriter writer(old);
  EXPECT_TRUE(writer.send(200, {}, "a"));
  EXPECT_EQ(writer.after(), AfterAnswer::kKeepAlive);
  EXPECT_EQ(written(),
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 1\r\n"
            "Connection: keep-alive\r\n\r\na");
}

TEST_F(AnswerWriterTest, HeadHasTheHeadersOfGetAndNoBody) {
  AnswerTarget head = target();
  head.is_head_method = true;
  AnswerWriter sending(head);
  EXPECT_TRUE(sending.send(200, {}, "hello"));
  AnswerWriter streaming(head);
  const std::string_view pieces[] = {"abc"};
  EXPECT_TRUE(streaming.start(200, {}, std::nullopt));
  EXPECT_TRUE(streaming.write(pieces));
  EXPECT_TRUE(streaming.write(pieces));
  EXPECT_TRUE(streaming.finish());
  head.is_chunkable = false;
  AnswerWriter old(head);
  EXPECT_TRUE(old.start(200, {}, 7));
  EXPECT_TRUE(old.finish());
  EXPECT_EQ(old.after(), AfterAnswer::kKeepAlive);
  EXPECT_EQ(written(),
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 5\r\n\r\n"
            "HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n"
            "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 7\r\n"
            "Connection: keep-alive\r\n\r\n");
}

TEST_F(AnswerWriterTest, SomeStatusesHaveNoBody) {
  AnswerWriter no_content(target());
  EXPECT_TRUE(no_content.send(204, {}, "ignored"));
  AnswerWriter not_modified(target());
  EXPECT_TRUE(not_modified.send(304, headers_of({{"ETag", "W/\"x\""}}), ""));
  EXPECT_EQ(written(),
            "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n"
            "HTTP/1.1 304 Not Modified\r\nETag: W/\"x\"\r\nDate: D\r\n\r\n");
}

TEST_F(AnswerWriterTest, HeadersCannotBreakOutOfTheirLine) {
  AnswerWriter writer(target());
  EXPECT_TRUE(writer.send(200,
                          headers_of({{"X", "a\r\nSet-Cookie: b"},
                                      {"Date", "mine"},
                                      {"Content-Length", "9"},
                                      {"Connection", "close"},
                                      {"transfer-encoding", "chunked"}}),
                          ""));
  EXPECT_EQ(writer.after(), AfterAnswer::kClose);
  EXPECT_EQ(written(),
            "HTTP/1.1 200 OK\r\nX: a  Set-Cookie: b\r\nDate: mine\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_F(AnswerWriterTest, AStoppingServerClosesTheConnection) {
  stopping_ = true;
  AnswerWriter writer(target());
  EXPECT_TRUE(writer.send(200, {}, ""));
  EXPECT_EQ(writer.after(), AfterAnswer::kClose);
}

TEST_F(AnswerWriterTest, AStoppedRequestWritesNoMoreButItsLastBytes) {
  AnswerWriter writer(target());
  const std::string_view pieces[] = {"abc"};
  EXPECT_TRUE(writer.start(200, {}, std::nullopt));
  EXPECT_TRUE(writer.write(pieces));
  stop_.request_stop(StopReason::kShutdown);
  const auto written_after = writer.write(pieces);
  EXPECT_EQ(written_after.error().code, ErrorCode::kNotReady);
  writer.abort(pieces);
  EXPECT_EQ(writer.after(), AfterAnswer::kReset);
  EXPECT_EQ(written(),
            "HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n3\r\nabc\r\n");
}

TEST_F(AnswerWriterTest, MorePiecesThanOneGatherWriteTakes) {
  AnswerWriter writer(target());
  const std::vector<std::string_view> pieces(5'000, "ab");
  std::string expected;
  for (const auto piece : pieces) expected += piece;
  EXPECT_TRUE(writer.start(200, {}, 10'000));
  EXPECT_TRUE(writer.write(pieces));
  EXPECT_TRUE(writer.finish());
  const std::string text = written();
  EXPECT_EQ(text.substr(text.find("\r\n\r\n") + 4), expected);
}

TEST_F(AnswerWriterTest, TellsThatTheReaderIsSlow) {
  AnswerWriter writer(target());
  const std::string piece(600'000, 'x');  // more than the socket takes
  std::string received(2 * piece.size(), ' ');
  int64_t received_bytes = 0;
  int calls = 0;
  const auto read_some = [&] {
    ++calls;
    received_bytes += recv(ends_[1], received.data(), received.size(), MSG_DONTWAIT);
  };
  ASSERT_TRUE(writer.start(200, {}, static_cast<int64_t>(piece.size())));
  const std::string_view pieces[] = {piece};
  ASSERT_TRUE(writer.write(pieces, read_some));
  EXPECT_GE(calls, 1);
  EXPECT_GT(received_bytes, 0);
  EXPECT_GT(bytes_sent_, static_cast<int64_t>(piece.size()));
}

/// A file without a name, gone once its descriptor is closed.
class TestFile {
 public:
  explicit TestFile(std::string_view bytes) : file_(std::tmpfile()) {
    EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), file_), bytes.size());
    EXPECT_EQ(std::fflush(file_), 0);
  }
  ~TestFile() { std::fclose(file_); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  int descriptor() const { return fileno(file_); }

 private:
  std::FILE* file_;
};

TEST_F(AnswerWriterTest, PartsOfFilesFollowTheHeadAndMixWithPieces) {
  const TestFile file("0123456789");
  const std::string_view pieces[] = {"<"};
  AnswerWriter writer(target());
  ASSERT_TRUE(writer.start(200, {}, 6));
  EXPECT_TRUE(writer.write_file({.descriptor = file.descriptor(), .begin = 3, .bytes = 4}));
  EXPECT_TRUE(writer.write(pieces));
  EXPECT_TRUE(writer.write_file({.descriptor = file.descriptor(), .begin = 0, .bytes = 0}));
  EXPECT_TRUE(writer.write_file({.descriptor = file.descriptor(), .begin = 9, .bytes = 1}));
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(writer.bytes_written(), bytes_sent_);
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 6\r\n\r\n3456<9");
}

TEST_F(AnswerWriterTest, AFileThatEndsTooEarlyBreaksTheAnswer) {
  const TestFile file("0123456789");
  AnswerWriter writer(target());
  ASSERT_TRUE(writer.start(200, {}, 20));
  const auto outcome =
      writer.write_file({.descriptor = file.descriptor(), .begin = 5, .bytes = 15});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kBadData);
  writer.abort({});
  EXPECT_EQ(writer.after(), AfterAnswer::kReset);
  EXPECT_TRUE(written().ends_with("\r\n\r\n56789"));
}

TEST_F(AnswerWriterTest, NoMoreOfAFileThanTheLengthSays) {
  const TestFile file("0123456789");
  AnswerWriter writer(target());
  ASSERT_TRUE(writer.start(200, {}, 5));
  EXPECT_FALSE(writer.write_file({.descriptor = file.descriptor(), .begin = 0, .bytes = 6}));
  EXPECT_EQ(writer.after(), AfterAnswer::kReset);
  EXPECT_EQ(written(), "");
}

TEST_F(AnswerWriterTest, AFileIsNotReadForHead) {
  const TestFile file("0123456789");
  AnswerTarget head = target();
  head.is_head_method = true;
  AnswerWriter writer(head);
  ASSERT_TRUE(writer.start(200, {}, 10));
  EXPECT_TRUE(writer.write_file({.descriptor = file.descriptor(), .begin = 0, .bytes = 10}));
  EXPECT_TRUE(writer.finish());
  EXPECT_EQ(written(), "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 10\r\n\r\n");
}

TEST_F(AnswerWriterTest, ErrorAnswersSayWhenToComeBack) {
  const auto write_error = [](const Error& error, Headers& headers, std::string& body) {
    headers.add("Content-Type", "application/problem+json");
    body = error.detail;
  };
  const std::string answer =
      error_answer({.code = ErrorCode::kOverloaded, .detail = "full"}, write_error, false);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << answer;
  EXPECT_NE(answer.find("\r\nRetry-After: 1\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nfull")) << answer;
}

}  // namespace
}  // namespace bowshot::http
