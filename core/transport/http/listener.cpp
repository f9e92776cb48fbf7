#include "transport/http/listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace bowshot::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr mode_t kSocketMode = 0600;

bool is_loopback(const asio::ip::address& address) {
  if (address.is_v4() || !address.to_v6().is_v4_mapped()) return address.is_loopback();
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
}

std::unexpected<Error> cannot_listen(const std::string& address, const std::string& why) {
  return fail(ErrorCode::kInternal, "cannot listen on " + address + ": " + why);
}

std::string last_error() {
  return std::generic_category().message(errno);
}

/// Whether somebody accepts, or could: only a refusal says that the file is a leftover.
bool is_listened_at(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return true;
  const int outcome = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const bool is_refused = outcome != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return !is_refused;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

std::optional<PeerKind> peer_kind(const Socket& socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return std::nullopt;
  if (peer.data()->sa_family == AF_UNIX) return PeerKind::kUnixSocket;
  tcp::endpoint endpoint;
  if (peer.size() > endpoint.capacity()) return PeerKind::kOtherMachine;
  endpoint.resize(peer.size());
  std::memcpy(endpoint.data(), peer.data(), peer.size());
  return is_loopback(endpoint.address()) ? PeerKind::kSameMachine : PeerKind::kOtherMachine;
}

Result<std::unique_ptr<Listener>> Listener::listen_tcp(asio::io_context& loop, std::string host,
                                                       uint16_t port) {
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto ip = asio::ip::make_address(host, error);
  if (error) return fail(ErrorCode::kInternal, "not an IP address to listen on: " + host);
  if (ip.is_v6()) host = "[" + host + "]";
  auto listener = std::unique_ptr<Listener>(new Listener(loop));
  Acceptor& acceptor = listener->acceptor_;
  const tcp::endpoint wanted(ip, port);
  acceptor.open(wanted.protocol(), error);
  if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(wanted, error);
  if (!error) acceptor.listen(Acceptor::max_listen_connections, error);
  if (error) return cannot_listen(host + ":" + std::to_string(port), error.message());
  tcp::endpoint bound;
  const auto local = acceptor.local_endpoint(error);
  bound.resize(std::min(local.size(), bound.capacity()));
  std::memcpy(bound.data(), local.data(), bound.size());
  listener->port_ = bound.port();
  listener->address_ = host + ":" + std::to_string(bound.port());
  return listener;
}

Result<std::unique_ptr<Listener>> Listener::listen_unix(asio::io_context& loop,
                                                        const std::string& path) {
  auto listener = std::unique_ptr<Listener>(new Listener(loop));
  listener->address_ = "unix:" + path;
  BOWSHOT_TRY(listener->bind_unix(path));
  return listener;
}

Result<void> Listener::bind_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path))
    return cannot_listen(address_, "a socket's path has 1 to " +
                                       std::to_string(sizeof(address.sun_path) - 1) +
                                       " bytes, this one " + std::to_string(path.size()));
  path.copy(address.sun_path, path.size());
  struct stat there{};
  if (lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode))
      return cannot_listen(address_, "a file that is no socket is there");
    if (is_listened_at(address)) return cannot_listen(address_, "another server listens there");
    if (unlink(path.c_str()) != 0) return cannot_listen(address_, last_error());
  }
  error_code error;
  acceptor_.open(asio::local::stream_protocol(), error);
  if (!error) acceptor_.bind(asio::local::stream_protocol::endpoint(path), error);
  if (error) return cannot_listen(address_, error.message());
  path_ = path;  // from here on the file is ours to remove
  // Nobody can connect before listen(): the mode is never wider than it should be.
  if (chmod(path.c_str(), kSocketMode) != 0 || lstat(path.c_str(), &file_) != 0)
    return cannot_listen(address_, last_error());
  acceptor_.listen(Acceptor::max_listen_connections, error);
  if (error) return cannot_listen(address_, error.message());
  return {};
}

void Listener::close() {
  if (!acceptor_.is_open()) return;
  error_code ignored;
  acceptor_.close(ignored);
  struct stat there{};
  if (is_unix_socket() && lstat(path_.c_str(), &there) == 0 && is_same_file(there, file_))
    unlink(path_.c_str());
}

}  // namespace bowshot::http
