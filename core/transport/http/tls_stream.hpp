#pragma once

#include <openssl/types.h>

#include <vector>

#include "base/guarded.hpp"
#include "transport/http/stream.hpp"
#include "transport/http/tls_context.hpp"

namespace bowshot::http {

/// A connection within TLS. OpenSSL sees memory only, never the socket: so the loop may read while
/// a worker writes, each holding the lock for no longer than the cipher works on one burst, and
/// never over a call into the socket.
///   fill(), handshake() (computes: on a worker), send({}); again until kDone; then as any Stream.
class TlsStream final : public Stream {
 public:
  TlsStream(int descriptor, TlsContext::Ssl ssl);

  enum class Handshake {
    kDone,
    kMore,       // the peer's turn, once what is unsent has left
    kPlainHttp,  // the peer speaks HTTP without TLS
    kFailed,     // an alert may be unsent
  };
  /// Reads from the socket for the handshake: as recv().
  ssize_t fill();
  Handshake handshake();

  ssize_t receive(std::span<char> buffer) override;
  ssize_t send(std::span<const iovec> pieces) override;
  /// Reads a burst into memory: it has to be encrypted.
  ssize_t send_file(int file, off_t position, size_t bytes) override;
  bool has_unsent() const override;
  void end_output() override;

 private:
  struct Session {
    TlsContext::Ssl ssl;
    BIO* input = nullptr;   // the ssl's: what came from the socket
    BIO* output = nullptr;  // the ssl's: what is to go there
  };
  static ssize_t decrypt(Session& session, std::span<char> buffer);
  static ssize_t encrypt(Session& session, std::span<const iovec> pieces);
  void take_output(Session& session);
  ssize_t send_unsent();

  Guarded<Session> session_;
  std::vector<char> unsent_;  // the writer's: encrypted, from unsent_start_ on
  size_t unsent_start_ = 0;
};

}  // namespace bowshot::http
