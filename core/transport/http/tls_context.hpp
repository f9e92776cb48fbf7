#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/error.hpp"

namespace bowshot::http {

/// A certificate with its key, and how TLS is spoken with it: 1.2 or newer, forward secrecy, ALPN
/// `http/1.1`, no renegotiation, no early data. Immutable; shared by the connections made with it,
/// so that a reload leaves those that are open as they are.
class TlsContext {
 public:
  /// Reads PEM files: the certificate followed by its chain, and its key. Errors: `internal`, with
  /// what is wrong with which of the two.
  static Result<std::shared_ptr<const TlsContext>> make(const std::string& certificate_path,
                                                        const std::string& key_path);

  struct SslDeleter {
    void operator()(SSL* ssl) const;
  };
  using Ssl = std::unique_ptr<SSL, SslDeleter>;
  /// The server's side of a new connection, without a way to the socket yet; null when out of
  /// memory.
  Ssl make_ssl() const;

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const;
  };
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  std::unique_ptr<SSL_CTX, Deleter> context_;
};

}  // namespace bowshot::http
