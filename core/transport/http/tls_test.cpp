// What only TLS has: certificates, ALPN, plain HTTP at a TLS port, ends; and Unix sockets.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "transport/http/test_server_test.hpp"

namespace bowshot::http::testing {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

void answer_ok(const Request& request, ResponseWriter& writer, const StopToken&) {
  EXPECT_TRUE(writer.send(200, {}, request.is_secure ? "secure" : "plain"));
}

class TlsTest : public ::testing::Test {
 protected:
  ServerOptions options(Handler handler = answer_ok) {
    ServerOptions made = test_options(std::move(handler));
    made.tls = certificate_.context();
    return made;
  }
  static RawClient client(const Server& server) {
    RawClient made(server.port());
    made.offer_protocols("\x08http/1.1");
    return made;
  }
  TestCertificate certificate_;
};

TEST_F(TlsTest, SpeaksHttp11OverTls13) {
  const auto server = start_server(options());
  EXPECT_TRUE(server->url().starts_with("https://127.0.0.1:"));
  RawClient made = client(*server);
  made.send(std::string(kGet) + std::string(kGet));
  EXPECT_EQ(made.protocol(), "http/1.1");
  EXPECT_EQ(made.tls_version(), "TLSv1.3");
  EXPECT_EQ(made.read_answer().body, "secure");
  EXPECT_EQ(made.read_answer().body, "secure");
}

TEST_F(TlsTest, AClientWithoutOurProtocolIsToldSoByTls) {
  const auto server = start_server(options());
  RawClient made(server->port());
  made.offer_protocols("\x02h2");
  made.send(kGet);
  EXPECT_EQ(made.read_to_end(), "");
  EXPECT_NE(made.end(), StreamEnd::kOpen);
}

TEST_F(TlsTest, PlainHttpIsAnsweredPlainly) {
  const auto server = start_server(options());
  RawClient made(server->port());
  made.speak_plainly();
  made.send(kGet);
  const RawAnswer answer = made.read_answer();
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("https://"), std::string::npos);
  EXPECT_EQ(made.read_to_end(), "");
  EXPECT_EQ(made.end(), StreamEnd::kClosed);
}

TEST_F(TlsTest, NoiseEndsTheConnectionAndOnlyThat) {
  const auto server = start_server(options());
  for (const std::string& noise : {std::string(300, '\xff'), std::string(300, '\0'),
                                   std::string("\x16\x03\x01\xff\xff") + std::string(40, 'x')}) {
    RawClient made(server->port());
    made.speak_plainly();
    made.send(noise);
    made.end_output();
    made.read_to_end();
    EXPECT_NE(made.end(), StreamEnd::kOpen);
  }
  RawClient healthy = client(*server);
  healthy.send(kGet);
  EXPECT_EQ(healthy.read_answer().status, 200);
}

TEST_F(TlsTest, AHandshakeHasADeadline) {
  ServerOptions made = options();
  made.timeouts = Timeouts{.head = 150ms, .idle = 20s, .stalled_reader = 20s};
  const auto server = start_server(std::move(made));
  RawClient silent(server->port());
  silent.speak_plainly();
  silent.send("\x16\x03\x01");
  silent.read_to_end();
  EXPECT_NE(silent.end(), StreamEnd::kOpen);
}

TEST_F(TlsTest, AWholeAnswerEndsWithTheWordForItACutOneWithout) {
  const auto server =
      start_server(options([](const Request& request, ResponseWriter& writer, const StopToken&) {
        const std::string_view pieces[] = {"begun"};
        EXPECT_TRUE(writer.start(200, {}, std::nullopt));
        EXPECT_TRUE(writer.write(pieces));
        request.path == "/whole" ? (void)writer.finish() : writer.abort({});
      }));
  for (const bool is_whole : {true, false}) {
    RawClient made = client(*server);
    made.send(is_whole ? "GET /whole HTTP/1.0\r\n\r\n" : "GET /cut HTTP/1.0\r\n\r\n");
    EXPECT_EQ(made.read_answer().body, "begun");
    EXPECT_EQ(made.end(), is_whole ? StreamEnd::kClosed : StreamEnd::kReset);
  }
}

TEST_F(TlsTest, LargeAnswersArriveWhole) {
  std::string large;
  for (int i = 0; i < 3'000'000; ++i) large += static_cast<char>(i * 7 + i / 253);
  const auto server =
      start_server(options([&](const Request&, ResponseWriter& writer, const StopToken&) {
        const std::string_view text = large;
        const std::string_view pieces[] = {text.substr(0, 10), text.substr(10, 20'000),
                                           text.substr(20'010, 1), text.substr(20'011)};
        EXPECT_TRUE(writer.start(200, {}, std::nullopt));
        EXPECT_TRUE(writer.write(pieces));
        EXPECT_TRUE(writer.finish());
      }));
  RawClient made = client(*server);
  made.send(kGet);
  EXPECT_EQ(made.read_answer().body, large);
}

TEST_F(TlsTest, ANewCertificateIsForNewConnections) {
  const auto server = start_server(options());
  RawClient before = client(*server);
  before.send(kGet);
  EXPECT_EQ(before.read_answer().status, 200);
  const TestCertificate other;
  server->set_tls(other.context());
  before.send(kGet);
  EXPECT_EQ(before.read_answer().status, 200);
  RawClient after = client(*server);
  after.send(kGet);
  EXPECT_EQ(after.read_answer().status, 200);
}

TEST_F(TlsTest, FilesThatAreNoCertificateAreErrorsThatNameThem) {
  const TestCertificate other;
  const auto missing = TlsContext::make("/nowhere/a.pem", certificate_.key_path());
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find("/nowhere/a.pem"), std::string::npos);
  const auto swapped = TlsContext::make(certificate_.key_path(), certificate_.certificate_path());
  EXPECT_FALSE(swapped);
  const auto foreign = TlsContext::make(certificate_.certificate_path(), other.key_path());
  ASSERT_FALSE(foreign);
  EXPECT_NE(foreign.error().detail.find(other.key_path()), std::string::npos);
}

class UnixSocketTest : public ::testing::Test {
 protected:
  UnixSocketTest() {
    std::string folder = std::filesystem::temp_directory_path() / "bowshot-unix-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~UnixSocketTest() override { std::filesystem::remove_all(folder_); }
  ServerOptions options() {
    ServerOptions made =
        test_options([](const Request& request, ResponseWriter& writer, const StopToken&) {
          EXPECT_TRUE(request.is_unix_socket);
          EXPECT_TRUE(request.is_same_machine);
          EXPECT_TRUE(writer.send(200, {}, "ok"));
        });
    made.listens_on_tcp = false;
    made.unix_sockets = {path()};
    return made;
  }
  std::string path() const { return folder_ / "bowshot.sock"; }
  std::filesystem::path folder_;
};

TEST_F(UnixSocketTest, ServesThenRemovesItsFile) {
  const auto server = start_server(options());
  EXPECT_EQ(server->url(), "unix:" + path());
  EXPECT_EQ(server->port(), 0);
  struct stat file{};
  ASSERT_EQ(stat(path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0600U);
  RawClient made = RawClient::over_unix_socket(path());
  made.send(kGet);
  EXPECT_EQ(made.read_answer().body, "ok");
  server->stop(5s);
  EXPECT_NE(stat(path().c_str(), &file), 0);
}

TEST_F(UnixSocketTest, ALeftoverIsReplacedALiveOneAndAnyOtherFileAreNot) {
  {
    auto first = *Server::make(options());
    first->start();
    const auto second = Server::make(options());
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().detail.find("another server"), std::string::npos);
    RawClient made = RawClient::over_unix_socket(path());
    made.send(kGet);
    EXPECT_EQ(made.read_answer().status, 200);
    // As after a kill: the file stays behind.
    std::filesystem::rename(path(), path() + ".kept");
    first->stop(5s);
    std::filesystem::rename(path() + ".kept", path());
  }
  EXPECT_TRUE(Server::make(options()));
  std::ofstream(path()) << "a file";
  const auto refused = Server::make(options());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("no socket"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_regular_file(path()));
}

TEST_F(UnixSocketTest, PathsThatAreTooLongAreErrors) {
  ServerOptions made = options();
  made.unix_sockets = {folder_ / std::string(200, 'x')};
  const auto refused = Server::make(std::move(made));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("107"), std::string::npos);
}

}  // namespace
}  // namespace bowshot::http::testing
