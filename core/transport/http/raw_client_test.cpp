#include "transport/http/raw_client_test.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "transport/http/syntax.hpp"
#include "transport/http/test_certificate_test.hpp"

namespace bowshot::http::testing {

namespace {

void require(bool succeeded, const char* what) {
  if (!succeeded) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

/// The client's side of TLS, on memory.
struct RawClient::Tls {
  Tls()
      : context(SSL_CTX_new(TLS_client_method())),
        ssl(SSL_new(context)),
        input(BIO_new(BIO_s_mem())),
        output(BIO_new(BIO_s_mem())) {
    BIO_set_mem_eof_return(input, -1);
    SSL_set_bio(ssl, input, output);
    SSL_set_connect_state(ssl);
  }
  ~Tls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  std::string take_output() {
    std::string bytes(BIO_ctrl_pending(output), '\0');
    if (!bytes.empty()) BIO_read(output, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

  SSL_CTX* context;
  SSL* ssl;
  BIO* input;
  BIO* output;
  bool has_shaken_hands = false;
};

RawClient::RawClient() {
  if (is_tls_run()) tls_ = std::make_unique<Tls>();
}

RawClient RawClient::over_unix_socket(const std::string& path) {
  RawClient client;
  client.speak_plainly();
  client.descriptor_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(client.descriptor_ >= 0, "socket");
  sockaddr_un peer{};
  peer.sun_family = AF_UNIX;
  path.copy(peer.sun_path, sizeof(peer.sun_path) - 1);
  require(::connect(client.descriptor_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) == 0,
          "connect");
  return client;
}

void RawClient::speak_plainly() {
  tls_ = nullptr;
}

void RawClient::offer_protocols(const std::string& names) {
  if (!tls_) tls_ = std::make_unique<Tls>();
  SSL_set_alpn_protos(tls_->ssl, reinterpret_cast<const unsigned char*>(names.data()),
                      static_cast<unsigned>(names.size()));
}

std::string RawClient::protocol() {
  const unsigned char* name = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(tls_->ssl, &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

std::string RawClient::tls_version() {
  return SSL_get_version(tls_->ssl);
}

/// Ends without hands shaken when the server closes: what is read then says how.
void RawClient::shake_hands() {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (SSL_do_handshake(tls_->ssl) != 1) {
    send_all(tls_->take_output());
    if (!read_more(deadline)) return;
  }
  tls_->has_shaken_hands = true;
  send_all(tls_->take_output());
}

RawClient::RawClient(uint16_t port, std::string_view address) : RawClient() {
  if (address.find(':') == std::string_view::npos) {
    descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(descriptor_ >= 0, "socket");
    connect(port);
    return;
  }
  descriptor_ = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(descriptor_ >= 0, "socket");
  sockaddr_in6 peer{};
  peer.sin6_family = AF_INET6;
  peer.sin6_port = htons(port);
  require(inet_pton(AF_INET6, std::string(address).c_str(), &peer.sin6_addr) == 1, "address");
  require(::connect(descriptor_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) == 0, "connect");
}

RawClient RawClient::unconnected() {
  RawClient client;
  client.descriptor_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  require(client.descriptor_ >= 0, "socket");
  return client;
}

RawClient::~RawClient() {
  close();
}

RawClient::RawClient(RawClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      tls_(std::move(other.tls_)),
      buffer_(std::move(other.buffer_)),
      end_(other.end_) {}

void RawClient::connect(uint16_t port) {
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(port);
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  require(::connect(descriptor_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) == 0, "connect");
}

void RawClient::shrink_receive_buffer() {
  const int bytes = 4096;
  require(setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) == 0, "SO_RCVBUF");
}

void RawClient::send(std::string_view bytes) {
  if (!tls_) return send_all(bytes);
  if (!tls_->has_shaken_hands) shake_hands();
  if (bytes.empty() || end_ != StreamEnd::kOpen) return;
  SSL_write(tls_->ssl, bytes.data(), static_cast<int>(bytes.size()));
  send_all(tls_->take_output());
}

void RawClient::send_all(std::string_view bytes) {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (!bytes.empty()) {
    const ssize_t sent =
        ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    // A server that refuses may close before it has all: the test looks at what it answered.
    if (errno == EPIPE || errno == ECONNRESET) return;
    require(errno == EAGAIN, "send");
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("send: deadline");
    pollfd wait{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    poll(&wait, 1, 100);
  }
}

void RawClient::end_output() {
  shutdown(descriptor_, SHUT_WR);
}

void RawClient::reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  require(setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0, "SO_LINGER");
  close();
}

void RawClient::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

/// Whether anything for the reader came of it; with TLS records may have to be whole first.
bool RawClient::take(std::string_view bytes) {
  if (!tls_) {
    buffer_ += bytes;
    return true;
  }
  BIO_write(tls_->input, bytes.data(), static_cast<int>(bytes.size()));
  if (!tls_->has_shaken_hands) return true;
  const size_t before = buffer_.size();
  std::array<char, 16'384> plain;
  int count;
  while ((count = SSL_read(tls_->ssl, plain.data(), plain.size())) > 0)
    buffer_.append(plain.data(), static_cast<size_t>(count));
  return buffer_.size() > before;
}

bool RawClient::read_more(std::chrono::steady_clock::time_point deadline) {
  while (end_ == StreamEnd::kOpen) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw std::runtime_error("the server neither answered nor closed");
    pollfd wait{.fd = descriptor_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, static_cast<int>(left.count())) <= 0) continue;
    std::array<char, 65'536> bytes;
    const ssize_t count = recv(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
      if (take({bytes.data(), static_cast<size_t>(count)})) return true;
      continue;
    }
    const bool is_cut = tls_ && (SSL_get_shutdown(tls_->ssl) & SSL_RECEIVED_SHUTDOWN) == 0;
    if (count == 0) end_ = is_cut ? StreamEnd::kCut : StreamEnd::kClosed;
    if (count < 0 && errno == ECONNRESET) end_ = StreamEnd::kReset;
  }
  return false;
}

bool RawClient::read_at_least(size_t bytes) {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (buffer_.size() < bytes)
    if (!read_more(deadline)) return false;
  return true;
}

bool RawClient::is_readable_within(std::chrono::milliseconds time) const {
  pollfd wait{.fd = descriptor_, .events = POLLIN, .revents = 0};
  return poll(&wait, 1, static_cast<int>(time.count())) > 0;
}

std::string RawClient::read_to_end() {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  while (read_more(deadline)) {
  }
  return std::exchange(buffer_, {});
}

bool RawClient::read_line(std::string& line) {
  const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
  size_t end;
  while ((end = buffer_.find("\r\n")) == std::string::npos)
    if (!read_more(deadline)) return false;
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return true;
}

RawAnswer RawClient::read_answer(bool head_only) {
  RawAnswer answer;
  std::string line;
  if (!read_line(line) || !line.starts_with("HTTP/1.1 ")) return answer;
  answer.status = std::stoi(line.substr(9));
  while (read_line(line) && !line.empty()) {
    const size_t colon = line.find(": ");
    answer.headers[lower_case(line.substr(0, colon))] = line.substr(colon + 2);
  }
  const bool has_body =
      !head_only && answer.status != 204 && answer.status != 304 && answer.status >= 200;
  if (!has_body) {
    answer.complete = true;
  } else if (answer.headers.contains("transfer-encoding")) {
    read_chunks(answer);
  } else if (answer.headers.contains("content-length")) {
    const size_t length = std::stoul(answer.headers["content-length"]);
    answer.complete = read_at_least(length);
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
  } else {
    answer.body = read_to_end();
    answer.complete = end_ == StreamEnd::kClosed;
  }
  return answer;
}

void RawClient::read_chunks(RawAnswer& answer) {
  std::string line;
  while (read_line(line)) {
    const size_t size = std::stoul(line, nullptr, 16);
    const bool whole = read_at_least(size + 2);
    answer.body += buffer_.substr(0, size);
    buffer_.erase(0, size + 2);
    if (!whole) return;
    if (size == 0) {
      answer.complete = true;
      return;
    }
  }
}

}  // namespace bowshot::http::testing
