#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <vector>

#include "transport/http/held_bytes.hpp"
#include "transport/http/server.hpp"
#include "transport/http/worker_pool.hpp"

namespace bowshot::http {

class Connection;

/// A descriptor that becomes readable when signalled, and stays so: wakes every poll() on it.
class WakeDescriptor {
 public:
  WakeDescriptor();  // -1, which poll() passes over, when the process has no descriptor left
  ~WakeDescriptor();
  WakeDescriptor(const WakeDescriptor&) = delete;
  WakeDescriptor& operator=(const WakeDescriptor&) = delete;
  void signal();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// What every connection needs of its server. Outlives them. The event loop's thread owns what is
/// not atomic; workers see the options, `shutdown` and the atomics only.
struct ServerState {
  explicit ServerState(ServerOptions server_options);

  /// Of new requests and connections. The loop's thread only.
  void set_limits(const Limits& new_limits);

  const ServerOptions options;  // limits and tls as they were at the start
  Limits limits;                // the loop's thread only, as timeouts and tls
  Timeouts timeouts;
  std::shared_ptr<const TlsContext> tls;
  boost::asio::io_context loop{1};  // one thread runs it
  WorkerPool workers;
  HeldBytes held;                      // what slow readers hold
  WakeDescriptor shutdown;             // signalled when running answers must end
  std::atomic<bool> stopping = false;  // connections serve no more requests
  std::vector<char> read_buffer;

  std::atomic<int64_t> connections_open = 0;
  std::atomic<int64_t> connections_total = 0;
  std::atomic<int64_t> connections_evicted = 0;
  std::atomic<int64_t> requests_total = 0;
  std::atomic<int64_t> requests_malformed = 0;
  std::atomic<int64_t> bytes_sent = 0;

  std::function<void(Connection&)> on_closed;  // the server forgets the connection
  std::function<void()> on_fast_ticks_wanted;  // ticks come every 100 ms unless one asks for more
};

}  // namespace bowshot::http
