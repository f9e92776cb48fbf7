#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/stop.hpp"
#include "transport/http/message.hpp"
#include "transport/http/tls_context.hpp"

namespace bowshot::http {

/// Bytes to write that stay where they are: pointers into buffers that the caller keeps alive until
/// the call returns.
using Pieces = std::span<const std::string_view>;

/// Bytes of an open file, which the caller keeps open until the call returns.
struct FilePart {
  int descriptor = -1;
  int64_t begin = 0;
  int64_t bytes = 0;
};

/// A reader that one write waits for so long is slow.
inline constexpr std::chrono::milliseconds kSlowAfter{100};

/// Writes one answer, from the handler's thread, in blocking calls under a deadline
/// (stalled_reader_seconds without progress; SO_SNDBUF is the only buffer). Exactly one of: send();
/// or start(), write()..., then finish() or abort(). HEAD requests: bodies are counted, not sent.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  /// A whole small answer with Content-Length.
  virtual Result<void> send(int status, const Headers& headers, std::string_view body) = 0;
  /// The status line and headers; written together with the first body bytes. Without a length the
  /// body is chunked (HTTP/1.0: ended by close).
  virtual Result<void> start(int status, const Headers& headers,
                             std::optional<int64_t> content_length) = 0;
  /// `when_slow` is called, within this call, once it has waited for the reader for kSlowAfter: the
  /// time to let go of memory and of what others wait for. May be empty.
  virtual Result<void> write(Pieces pieces, const std::function<void()>& when_slow) = 0;
  Result<void> write(Pieces pieces) { return write(pieces, {}); }
  /// The same for bytes of a file, by sendfile() where the connection is not within TLS. Only in
  /// answers with a length. `bad_data` where the file ends before or cannot be read: then abort().
  /// What the socket has taken but its reader has not read yet is still the file's own memory: a
  /// write to the file shows there.
  virtual Result<void> write_file(const FilePart& part) = 0;
  virtual Result<void> finish() = 0;
  /// After the first byte: writes `last` (may be empty) without a last chunk and resets the
  /// connection, so that no reader takes a part for the whole.
  virtual void abort(Pieces last) = 0;
  /// The status given last; 0: none yet.
  virtual int status() const = 0;
  /// Whether the status line has left.
  virtual bool started() const = 0;
  virtual int64_t bytes_written() const = 0;
};

/// Called on a thread of the request's own. `stop` fires when the client leaves (reset, close, or
/// end of its input) or the server shuts down hard.
using Handler = std::function<void(const Request&, ResponseWriter&, const StopToken& stop)>;

/// Whether a request's body may be as long as publish_bytes, and is read by its handler as a
/// stream. Other bodies are read before the handler is called and end at body_bytes. Called on the
/// loop.
using StreamsBody = std::function<bool(const Request& head)>;

/// How errors that the transport itself finds (malformed heads, ...) are written: problem+json.
using ErrorWriter = std::function<void(const Error&, Headers& headers, std::string& body)>;

/// Waits shorter than the whole seconds of Limits, for tests.
struct Timeouts {
  std::chrono::milliseconds head;
  std::chrono::milliseconds idle;
  std::chrono::milliseconds stalled_reader;
};

struct ServerOptions {
  bool listens_on_tcp = true;
  std::string host = "127.0.0.1";
  uint16_t port = 8765;                   // 0: any
  std::vector<std::string> unix_sockets;  // paths; never with TLS
  std::shared_ptr<const TlsContext> tls;  // none: TCP without TLS
  Limits limits;
  Handler handler;
  ErrorWriter error_writer;
  StreamsBody streams_body = {};  // none: no body is a stream
  std::optional<Timeouts> timeouts =
      {};  // none: head_seconds, idle_seconds, stalled_reader_seconds
};

struct ServerCounters {  // for /metrics
  int64_t connections_open = 0;
  int64_t connections_total = 0;
  int64_t requests_total = 0;
  int64_t requests_malformed = 0;
  int64_t bytes_sent = 0;
  int64_t connections_evicted = 0;  // unused ones, closed for others
  int64_t readers_waited_for = 0;   // answers whose write waits now
  int64_t reader_bytes = 0;         // what they hold
  int64_t readers_ended = 0;        // because all of them held too much
};

/// HTTP/1.1. An event loop on a thread of its own accepts, parses heads, reads bodies, keeps idle
/// connections and notices hang-ups; it never runs a handler and never blocks. A running answer
/// owns a thread (kept for the next one). start() and stop() are idempotent.
///   auto server = Server::make(std::move(options)); (*server)->start(); ... (*server)->stop(10s);
class Server {
 public:
  /// Binds and listens; an error names the address.
  static Result<std::unique_ptr<Server>> make(ServerOptions options);
  virtual ~Server() = default;
  virtual uint16_t port() const = 0;  // 0: without TCP
  /// Where it listens, TCP first: `http://127.0.0.1:8765`, `https://...`, `unix:PATH`.
  virtual std::vector<std::string> addresses() const = 0;
  std::string url() const { return addresses().front(); }
  virtual void start() = 0;
  /// Closes the listening sockets and idle connections at once, lets running answers finish until
  /// `grace` has passed, then stops them (StopReason::kShutdown) and joins every thread.
  virtual void stop(std::chrono::milliseconds grace) = 0;
  /// For requests and connections to come; those under way keep theirs. From any thread, while the
  /// server runs.
  virtual void set_limits(const Limits& limits) = 0;
  virtual void set_tls(std::shared_ptr<const TlsContext> tls) = 0;
  virtual ServerCounters counters() const = 0;
};

}  // namespace bowshot::http
