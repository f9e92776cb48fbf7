// What happens while an answer runs: clients that leave or read slowly, cut answers, limits, stop.
#include "transport/http/server.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <tuple>

#include "transport/http/test_server_test.hpp"

namespace bowshot::http::testing {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

Timeouts short_timeouts() {
  return {.head = 150ms, .idle = 150ms, .stalled_reader = 150ms};
}

void answer_ok(const Request&, ResponseWriter& writer, const StopToken&) {
  EXPECT_TRUE(writer.send(200, {}, "ok"));
}

std::string piece_of(size_t bytes) {
  return std::string(bytes, 'p');
}

/// A handler that says when it runs, and what stopped it.
struct StopWatcher {
  Mailbox<bool> running;
  Mailbox<StopReason> reasons;

  Handler handler() {
    return [this](const Request&, ResponseWriter&, const StopToken& stop) {
      running.put(true);
      reasons.put(wait_for_stop(stop));
    };
  }
};

enum class Leaving { kReset, kClose, kEndOutput };

class ClientLeaves : public ::testing::TestWithParam<std::tuple<Leaving, size_t>> {};

/// Also behind pipelined bytes, few or more than the server reads ahead. (Behind more than the
/// receive buffer takes, the end of input stays with the client's kernel: only a reset shows.)
TEST_P(ClientLeaves, StopsTheAnswerAtOnce) {
  const auto [leaving, pipelined_bytes] = GetParam();
  StopWatcher watcher;
  const auto server = start_server(test_options(watcher.handler()));
  RawClient client(server->port());
  client.send(kGet);
  client.send(piece_of(pipelined_bytes));
  watcher.running.take();
  EXPECT_EQ(watcher.reasons.size(), 0U);
  const auto left = std::chrono::steady_clock::now();
  if (leaving == Leaving::kReset) client.reset();
  if (leaving == Leaving::kClose) client.close();
  if (leaving == Leaving::kEndOutput) client.end_output();
  EXPECT_EQ(watcher.reasons.take(), StopReason::kClientLeft);
  // Far above what it takes, far below what a missed event would cost.
  EXPECT_LT(std::chrono::steady_clock::now() - left, 2s);
}

INSTANTIATE_TEST_SUITE_P(Server, ClientLeaves,
                         ::testing::Combine(::testing::Values(Leaving::kReset, Leaving::kClose,
                                                              Leaving::kEndOutput),
                                            ::testing::Values(0, 100, 40'000, 90'000)));

TEST(Server, AClientThatReadsNothingAndLeavesWakesTheWriter) {
  for (const bool half : {false, true}) {
    Mailbox<ErrorCode> failures;
    Mailbox<bool> running;
    const auto server =
        start_server(test_options([&](const Request&, ResponseWriter& writer, const StopToken&) {
          const std::string piece = piece_of(4 << 20);
          const std::string_view pieces[] = {piece};
          EXPECT_TRUE(writer.start(200, {}, std::nullopt));
          running.put(true);
          while (true) {
            const auto written = writer.write(pieces);
            if (written) continue;
            failures.put(written.error().code);
            return writer.abort({});
          }
        }));
    RawClient client(server->port());
    client.send(kGet);
    running.take();
    EXPECT_TRUE(client.read_at_least(1));
    half ? client.end_output() : client.reset();
    EXPECT_EQ(failures.take(), ErrorCode::kCancelled);
  }
}

TEST(Server, AReaderThatStallsIsGivenUp) {
  Mailbox<Error> failures;
  ServerOptions options =
      test_options([&](const Request&, ResponseWriter& writer, const StopToken& stop) {
        const std::string piece = piece_of(1 << 20);
        const std::string_view pieces[] = {piece};
        EXPECT_TRUE(writer.start(200, {}, std::nullopt));
        Result<void> written;
        while ((written = writer.write(pieces))) {
        }
        EXPECT_FALSE(stop.stop_requested());
        failures.put(written.error());
        EXPECT_FALSE(writer.write(pieces));
        EXPECT_FALSE(writer.finish());
        writer.abort(pieces);
      });
  options.timeouts = short_timeouts();
  const auto server = start_server(std::move(options));
  RawClient client(server->port());
  client.send(kGet);
  EXPECT_EQ(failures.take().code, ErrorCode::kDeadlineExceeded);
  client.read_to_end();
  EXPECT_EQ(client.end(), StreamEnd::kReset);
}

/// Reads as much as it can whenever it reads, with pauses shorter than the deadline in between.
TEST(Server, ASlowReaderIsWaitedFor) {
  constexpr int kPieces = 16;
  ServerOptions options =
      test_options([](const Request&, ResponseWriter& writer, const StopToken&) {
        const std::string piece = piece_of(1 << 20);
        const std::string_view pieces[] = {piece};
        EXPECT_TRUE(writer.start(200, {}, std::nullopt));
        for (int i = 0; i < kPieces; ++i) EXPECT_TRUE(writer.write(pieces));
        EXPECT_TRUE(writer.finish());
      });
  options.timeouts = Timeouts{.head = 10s, .idle = 10s, .stalled_reader = 10s};
  const auto server = start_server(std::move(options));
  RawClient client = RawClient::unconnected();
  client.shrink_receive_buffer();
  client.connect(server->port());
  client.send(kGet);
  const RawAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body.size(), size_t{kPieces} << 20);
}

/// A file of 16 MiB: more than a connection holds. Over TLS it goes through memory.
TEST(Server, SendsFilesToSlowReadersAndNoticesThoseWhoLeave) {
  constexpr int64_t kBytes = 16 << 20;
  std::string contents(kBytes, ' ');
  for (size_t i = 0; i < contents.size(); ++i)
    contents[i] = static_cast<char>(i * 2654435761U >> 24);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  ASSERT_EQ(std::fwrite(contents.data(), 1, contents.size(), file.get()), contents.size());
  ASSERT_EQ(std::fflush(file.get()), 0);
  Mailbox<Result<void>> outcomes;
  const auto server =
      start_server(test_options([&](const Request&, ResponseWriter& writer, const StopToken&) {
        EXPECT_TRUE(writer.start(200, {}, kBytes));
        outcomes.put(
            writer.write_file({.descriptor = fileno(file.get()), .begin = 0, .bytes = kBytes}));
        // A client that left is no more: finish() says so too.
        [[maybe_unused]] const auto finished = writer.finish();
      }));
  const auto small_client = [&] {
    RawClient client = RawClient::unconnected();
    client.shrink_receive_buffer();
    client.connect(server->port());
    client.send(kGet);
    return client;
  };
  RawClient slow = small_client();
  const RawAnswer answer = slow.read_answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body == contents, true);  // not EXPECT_EQ of both: it would print them
  EXPECT_TRUE(outcomes.take());
  for (const bool half : {false, true}) {
    RawClient leaving = small_client();
    EXPECT_TRUE(leaving.read_at_least(1));
    half ? leaving.end_output() : leaving.reset();
    EXPECT_EQ(outcomes.take().error().code, ErrorCode::kCancelled);
  }
}

TEST(Server, ACutAnswerArrivesWholeAsFarAsItWentThenResets) {
  for (const size_t bytes : {size_t{1}, size_t{100'000}, size_t{1} << 20}) {
    for (const std::string_view version : {"1.1", "1.0"}) {
      Mailbox<bool> aborted;
      const auto server =
          start_server(test_options([&](const Request&, ResponseWriter& writer, const StopToken&) {
            const std::string piece = piece_of(bytes);
            const std::string_view pieces[] = {piece};
            const std::string_view last[] = {"LA", "", "ST"};
            EXPECT_TRUE(writer.start(200, {}, std::nullopt));
            EXPECT_TRUE(writer.write(pieces));
            writer.abort(last);
            aborted.put(true);
          }));
      RawClient client(server->port());
      client.send(fmt::format("GET / HTTP/{}\r\nHost: h\r\n\r\n", version));
      aborted.take();  // nothing was read so far: what was sent is on its way
      const RawAnswer answer = client.read_answer();
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.body, piece_of(bytes) + "LAST");
      EXPECT_FALSE(answer.complete);
      EXPECT_EQ(client.read_to_end(), "");
      EXPECT_EQ(client.end(), StreamEnd::kReset);
    }
  }
}

TEST(Server, ACutAnswerNeverLooksWhole) {
  const auto server = start_server(
      test_options([](const Request& request, ResponseWriter& writer, const StopToken&) {
        const std::string_view pieces[] = {"12345"};
        const std::string_view rest[] = {"67890"};
        EXPECT_TRUE(writer.start(200, {}, 10));
        if (request.path == "/unsent") return writer.abort(pieces);
        EXPECT_TRUE(writer.write(pieces));
        if (request.path == "/last") return writer.abort(rest);
        if (request.path == "/throw") throw std::runtime_error("x");
        const std::string_view more[] = {"678901"};
        if (request.path == "/short") {
          EXPECT_FALSE(writer.finish());
        } else if (request.path == "/long") {
          EXPECT_FALSE(writer.write(more));
        }
      }));
  for (const char* path : {"/last", "/short", "/throw", "/long", "/forgotten"}) {
    RawClient client(server->port());
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", path));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.body, "12345") << path;
    EXPECT_FALSE(answer.complete) << path;
    EXPECT_EQ(client.end(), StreamEnd::kReset) << path;
  }
  RawClient client(server->port());
  client.send("GET /unsent HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(client.end(), StreamEnd::kReset);
}

TEST(Server, AHandlerThatFailsIsAnInternalError) {
  const auto server = start_server(
      test_options([](const Request& request, ResponseWriter& writer, const StopToken&) {
        if (request.path == "/throw") throw std::runtime_error("x");
        const bool begins = request.path == "/begun";
        EXPECT_TRUE(!begins || writer.start(200, {}, std::nullopt));
      }));
  for (const char* path : {"/throw", "/silent", "/begun"}) {
    RawClient client(server->port());
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", path));
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 500) << path;
    EXPECT_TRUE(answer.body.starts_with("internal: ")) << path;
    EXPECT_TRUE(answer.complete);
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_EQ(client.end(), StreamEnd::kClosed);
  }
}

TEST(Server, SlowHeadsAndBodiesAreToldSoAndIdleConnectionsClose) {
  ServerOptions options = test_options(answer_ok);
  options.timeouts = short_timeouts();
  const auto server = start_server(std::move(options));
  for (const char* bytes : {"G", "\r\n", "GET / HTTP/1.1\r\nHost: h\r\n",
                            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell",
                            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    RawClient client(server->port());
    client.send(bytes);
    const RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 408) << bytes;
    EXPECT_TRUE(answer.body.starts_with("head_too_slow: ")) << answer.body;
    EXPECT_EQ(client.read_to_end(), "");
  }
  RawClient silent(server->port());
  EXPECT_EQ(silent.read_to_end(), "");
  RawClient idle(server->port());
  idle.send(kGet);
  EXPECT_EQ(idle.read_answer().status, 200);
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(idle.end(), StreamEnd::kClosed);
}

/// A byte now and then keeps no connection: it is the head that has a deadline, not the silence.
TEST(Server, AHeadThatTricklesIsTooSlow) {
  ServerOptions options = test_options(answer_ok);
  options.timeouts = short_timeouts();
  const auto server = start_server(std::move(options));
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX: ");
  for (int i = 0; i < 2'000 && !client.is_readable_within(5ms); ++i) client.send("x");
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST(Server, ConnectionsBeyondTheLimitAreToldSo) {
  ServerOptions options = test_options(answer_ok);
  options.limits.connections = 2;
  const auto server = start_server(std::move(options));
  RawClient first(server->port());
  first.send(kGet);
  EXPECT_EQ(first.read_answer().status, 200);
  {
    RawClient second(server->port());
    second.send(kGet);
    EXPECT_EQ(second.read_answer().status, 200);
    for (int i = 0; i < 100; ++i) {  // more than are told so at once
      RawClient third(server->port());
      third.send(kGet);
      RawAnswer answer = third.read_answer();
      EXPECT_EQ(answer.status, 503);
      EXPECT_TRUE(answer.body.starts_with("overloaded: "));
      EXPECT_TRUE(answer.headers.contains("retry-after"));
      EXPECT_EQ(third.read_to_end(), "");
      EXPECT_EQ(third.end(), StreamEnd::kClosed);
    }
  }
  first.send(kGet);
  EXPECT_EQ(first.read_answer().status, 200);
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  int status = 0;
  while (status != 200 && std::chrono::steady_clock::now() < deadline) {
    RawClient again(server->port());
    again.send(kGet);
    status = again.read_answer().status;
  }
  EXPECT_EQ(status, 200);
}

TEST(Server, SurvivesAProcessWithoutDescriptors) {
  if (is_tls_run()) GTEST_SKIP() << "the handshake would wait for the descriptors";
  const auto server = start_server(test_options(answer_ok));
  RawClient open(server->port());
  open.send(kGet);
  EXPECT_EQ(open.read_answer().status, 200);
  RawClient late = RawClient::unconnected();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  late.connect(server->port());  // the kernel's backlog takes it, the server cannot
  late.send(kGet);
  open.send(kGet);
  const int open_status = open.read_answer().status;
  const int64_t accepted = server->counters().connections_total;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(open_status, 200);
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(late.read_answer().status, 200);
}

TEST(Server, ManyAnswersRunAtOnce) {
  constexpr int kClients = 100;
  Mailbox<bool> running;
  Guarded<bool> open{false};
  const auto server =
      start_server(test_options([&](const Request&, ResponseWriter& writer, const StopToken&) {
        running.put(true);
        open.wait_until(
            std::chrono::steady_clock::now() + kTestDeadline, [](bool value) { return value; },
            [](bool value) { EXPECT_TRUE(value); });
        EXPECT_TRUE(writer.send(200, {}, "ok"));
      }));
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back(server->port()).send(kGet);
  for (int i = 0; i < kClients; ++i) running.take();  // all of them, none waits for another
  EXPECT_EQ(server->counters().connections_open, kClients);
  open.with([](bool& value) { value = true; });
  open.notify();
  for (RawClient& client : clients) EXPECT_EQ(client.read_answer().body, "ok");
}

TEST(Server, StopLetsRunningAnswersFinish) {
  Mailbox<bool> running;
  Guarded<bool> open{false};
  const auto server =
      start_server(test_options([&](const Request&, ResponseWriter& writer, const StopToken& stop) {
        running.put(true);
        open.wait_until(
            std::chrono::steady_clock::now() + kTestDeadline, [](bool value) { return value; },
            [](bool) {});
        EXPECT_FALSE(stop.stop_requested());
        EXPECT_TRUE(writer.send(200, {}, "ok"));
      }));
  RawClient idle(server->port());
  RawClient client(server->port());
  client.send(kGet);
  client.send(kGet);  // pipelined: not served any more
  running.take();
  std::thread stopping([&] { server->stop(std::chrono::seconds(20)); });
  EXPECT_EQ(idle.read_to_end(), "");  // at once, while the answer runs
  EXPECT_THROW(RawClient(server->port()), std::system_error);
  open.with([](bool& value) { value = true; });
  open.notify();
  RawAnswer answer = client.read_answer();
  EXPECT_EQ(answer.body, "ok");
  EXPECT_EQ(answer.headers["connection"], "close");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(client.end(), StreamEnd::kClosed);
  client.close();
  stopping.join();
  EXPECT_EQ(server->counters().connections_open, 0);
}

TEST(Server, StopEndsAnswersThatOutlastTheGrace) {
  Mailbox<StopReason> reasons;
  Mailbox<ErrorCode> failures;
  Mailbox<bool> running;
  const auto server = start_server(
      test_options([&](const Request& request, ResponseWriter& writer, const StopToken& stop) {
        const std::string piece = piece_of(request.path == "/stuck" ? 64 << 20 : 1);
        const std::string_view pieces[] = {piece};
        const std::string_view last[] = {"LAST"};
        EXPECT_TRUE(writer.start(200, {}, std::nullopt));
        running.put(true);
        if (request.path == "/stuck") failures.put(writer.write(pieces).error().code);
        EXPECT_TRUE(request.path == "/stuck" || writer.write(pieces));
        reasons.put(wait_for_stop(stop));
        writer.abort(last);
      }));
  RawClient stuck(server->port());
  stuck.send("GET /stuck HTTP/1.1\r\nHost: h\r\n\r\n");
  RawClient patient(server->port());
  patient.send("GET /patient HTTP/1.1\r\nHost: h\r\n\r\n");
  running.take();
  running.take();
  EXPECT_TRUE(patient.read_at_least(50));
  server->stop(50ms);
  EXPECT_EQ(reasons.take(), StopReason::kShutdown);
  EXPECT_EQ(reasons.take(), StopReason::kShutdown);
  EXPECT_EQ(failures.take(), ErrorCode::kNotReady);
  const RawAnswer answer = patient.read_answer();
  EXPECT_EQ(answer.body, "pLAST");
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(patient.end(), StreamEnd::kReset);
  stuck.read_to_end();
  EXPECT_EQ(stuck.end(), StreamEnd::kReset);
}

TEST(Server, StartAndStopAreIdempotent) {
  auto server = *Server::make(test_options(answer_ok));
  server->start();
  server->start();
  RawClient client(server->port());
  client.send(kGet);
  EXPECT_EQ(client.read_answer().status, 200);
  server->stop(1s);
  server->stop(1s);
  server->start();  // a stopped server stays so
  EXPECT_THROW(RawClient(server->port()), std::system_error);
  auto never_started = *Server::make(test_options(answer_ok));
  never_started->stop(1s);
  never_started->start();
  EXPECT_THROW(RawClient(never_started->port()), std::system_error);
}

TEST(Server, SaysWhereItListensOrWhyNot) {
  const auto server = start_server(test_options(answer_ok));
  EXPECT_EQ(server->url(),
            fmt::format("{}://127.0.0.1:{}", is_tls_run() ? "https" : "http", server->port()));
  ServerOptions taken = test_options(answer_ok);
  taken.port = server->port();
  const auto second = Server::make(std::move(taken));
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find(std::to_string(server->port())), std::string::npos);
  ServerOptions unknown = test_options(answer_ok);
  unknown.host = "not an address";
  EXPECT_FALSE(Server::make(std::move(unknown)));
}

TEST(Server, ListensOnIpv6) {
  ServerOptions options =
      test_options([](const Request& request, ResponseWriter& writer, const StopToken&) {
        EXPECT_TRUE(request.is_same_machine);
        EXPECT_TRUE(writer.send(200, {}, request.host));
      });
  options.host = "[::1]";
  auto made = Server::make(std::move(options));
  if (!made) GTEST_SKIP() << made.error().detail;
  (*made)->start();
  EXPECT_TRUE((*made)->url().ends_with(fmt::format("://[::1]:{}", (*made)->port())));
  RawClient client((*made)->port(), "::1");
  client.send("GET / HTTP/1.1\r\nHost: [::1]:1\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "[::1]");
}

TEST(Server, CountsWhatItDid) {
  const auto server = start_server(
      test_options([](const Request& request, ResponseWriter& writer, const StopToken&) {
        EXPECT_TRUE(request.is_same_machine);
        EXPECT_TRUE(writer.send(200, {}, "ok"));
      }));
  RawClient client(server->port());
  client.send(std::string(kGet) + std::string(kGet) + "bad\r\n");
  const std::string answers = client.read_to_end();
  client.close();
  server->stop(5s);
  const ServerCounters counters = server->counters();
  EXPECT_EQ(counters.connections_open, 0);
  EXPECT_EQ(counters.connections_total, 1);
  EXPECT_EQ(counters.requests_total, 2);
  EXPECT_EQ(counters.requests_malformed, 1);
  EXPECT_EQ(counters.bytes_sent, static_cast<int64_t>(answers.size()));
}

}  // namespace
}  // namespace bowshot::http::testing
