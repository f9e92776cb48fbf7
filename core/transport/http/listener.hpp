#pragma once

#include <sys/stat.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace bowshot::http {

using Socket = boost::asio::generic::stream_protocol::socket;

/// Where the other end of a connection is.
enum class PeerKind { kOtherMachine, kSameMachine, kUnixSocket };

/// Nothing, when the connection is gone already.
std::optional<PeerKind> peer_kind(const Socket& socket);

/// A socket that listens: TCP, or Unix-domain with its file. The event loop's thread once it runs.
class Listener {
 public:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

  /// `host` is an IP address, with or without brackets, or `localhost`; port 0: any.
  static Result<std::unique_ptr<Listener>> listen_tcp(boost::asio::io_context& loop,
                                                      std::string host, uint16_t port);
  /// The file gets mode 0600. One that is there is replaced when it is a socket that nobody listens
  /// at, else it is an error.
  static Result<std::unique_ptr<Listener>> listen_unix(boost::asio::io_context& loop,
                                                       const std::string& path);
  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Acceptor& acceptor() { return acceptor_; }
  bool is_unix_socket() const { return !path_.empty(); }
  uint16_t port() const { return port_; }  // 0: a Unix socket
  /// `127.0.0.1:8765`, `[::1]:8765`, `unix:/run/bowshot.sock`.
  const std::string& address() const { return address_; }
  /// Idempotent. Removes the socket's file, unless another has taken its place.
  void close();

 private:
  explicit Listener(boost::asio::io_context& loop) : acceptor_(loop) {}
  Result<void> bind_unix(const std::string& path);

  Acceptor acceptor_;
  std::string address_;
  uint16_t port_ = 0;
  std::string path_;  // of a Unix socket
  struct stat file_{};
};

}  // namespace bowshot::http
