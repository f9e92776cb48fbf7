#include "transport/http/server.hpp"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/check.hpp"
#include "base/guarded.hpp"
#include "transport/http/connection.hpp"
#include "transport/http/listener.hpp"
#include "transport/http/server_state.hpp"

namespace bowshot::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kFastTick{10};
/// How long accepting rests when the process has no descriptor left.
constexpr std::chrono::milliseconds kAcceptRest{100};
/// Where there are as many connections as there may be, one that has asked nothing for so long
/// gives its place to the next; and if all ask, a reader that one write has waited for so long.
constexpr std::chrono::seconds kUnusedMin{1};
constexpr std::chrono::seconds kSlowReaderMin{10};
/// Connections beyond the limit that are being told so; further ones wait in the backlog.
constexpr size_t kRefusalsMax = 64;

class AsioServer final : public Server {
 public:
  explicit AsioServer(ServerOptions options);
  ~AsioServer() override { stop(std::chrono::milliseconds(0)); }
  Result<void> listen();

  uint16_t port() const override { return port_; }
  std::vector<std::string> addresses() const override { return addresses_; }
  void set_limits(const Limits& limits) override;
  void set_tls(std::shared_ptr<const TlsContext> tls) override;
  void start() override;
  void stop(std::chrono::milliseconds grace) override;
  ServerCounters counters() const override;

 private:
  enum class Phase { kListening, kStarted, kStopped };
  using Clock = Connection::Clock;

  void accept(Listener& listener);
  void accept_all();
  void accept_resting();
  void on_accept(Listener& listener, error_code error, Socket socket);
  void admit(const Listener& listener, Socket socket);
  bool make_room();
  void close_listeners();
  void on_closed(Connection& connection);
  void schedule_tick(std::chrono::milliseconds interval);
  void tick();
  void begin_stop();
  std::vector<std::shared_ptr<Connection>> snapshot() const;

  ServerState state_;
  uint16_t port_ = 0;
  std::vector<std::string> addresses_;
  std::mutex phase_mutex_;  // start() and stop(), whole
  Phase phase_ = Phase::kListening;
  std::thread loop_thread_;
  Guarded<bool> is_empty_{false};  // the server stops and no connection is left

  // The loop's thread only.
  std::vector<std::unique_ptr<Listener>> listeners_;
  asio::steady_timer accept_rest_;
  asio::steady_timer tick_timer_;
  Clock::time_point next_tick_ = Clock::time_point::max();  // max: none is due
  std::vector<Listener*> resting_;  // accept later: when a connection has closed, or soon
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
};

AsioServer::AsioServer(ServerOptions options)
    : state_(std::move(options)), accept_rest_(state_.loop), tick_timer_(state_.loop) {
  state_.on_closed = [this](Connection& connection) { on_closed(connection); };
  state_.on_fast_ticks_wanted = [this] { schedule_tick(kFastTick); };
}

Result<void> AsioServer::listen() {
  const ServerOptions& options = state_.options;
  if (options.listens_on_tcp) {
    BOWSHOT_ASSIGN(auto tcp, Listener::listen_tcp(state_.loop, options.host, options.port));
    port_ = tcp->port();
    addresses_.push_back((options.tls ? "https://" : "http://") + tcp->address());
    listeners_.push_back(std::move(tcp));
  }
  for (const std::string& path : options.unix_sockets) {
    BOWSHOT_ASSIGN(auto listener, Listener::listen_unix(state_.loop, path));
    addresses_.push_back(listener->address());
    listeners_.push_back(std::move(listener));
  }
  if (listeners_.empty()) return fail(ErrorCode::kInternal, "there is nothing to listen on");
  return {};
}

void AsioServer::set_limits(const Limits& limits) {
  asio::post(state_.loop, [this, limits] { state_.set_limits(limits); });
}

void AsioServer::set_tls(std::shared_ptr<const TlsContext> tls) {
  asio::post(state_.loop, [this, tls = std::move(tls)] { state_.tls = tls; });
}

void AsioServer::start() {
  std::lock_guard lock(phase_mutex_);
  if (phase_ != Phase::kListening) return;
  phase_ = Phase::kStarted;
  asio::post(state_.loop, [this] { accept_all(); });
  loop_thread_ = std::thread([this] {
    // The loop ends when begin_stop() has closed the acceptor and no connection is left.
    state_.loop.run();
  });
}

void AsioServer::stop(std::chrono::milliseconds grace) {
  std::lock_guard lock(phase_mutex_);
  if (std::exchange(phase_, Phase::kStopped) != Phase::kStarted) {
    close_listeners();
    return;
  }
  asio::post(state_.loop, [this] { begin_stop(); });
  const auto is_empty = [](bool empty) { return empty; };
  const bool in_time = is_empty_.wait_until(Clock::now() + grace, is_empty, is_empty);
  if (!in_time) {
    state_.shutdown.signal();
    asio::post(state_.loop, [this] {
      for (const auto& connection : snapshot()) connection->stop_running();
    });
  }
  // Handlers return once their token stops; what is left to write or read has short deadlines.
  loop_thread_.join();
  state_.workers.stop();
}

void AsioServer::begin_stop() {
  state_.stopping = true;
  close_listeners();
  accept_rest_.cancel();
  for (const auto& connection : snapshot()) connection->stop_serving();
  if (connections_.empty()) {
    is_empty_.with([](bool& empty) { empty = true; });
    is_empty_.notify();
  }
}

ServerCounters AsioServer::counters() const {
  const HeldBytes::Counters held = state_.held.counters();
  return {.connections_open = state_.connections_open,
          .connections_total = state_.connections_total,
          .requests_total = state_.requests_total,
          .requests_malformed = state_.requests_malformed,
          .bytes_sent = state_.bytes_sent,
          .connections_evicted = state_.connections_evicted,
          .readers_waited_for = held.answers,
          .reader_bytes = held.bytes,
          .readers_ended = held.ended_total};
}

void AsioServer::close_listeners() {
  for (const auto& listener : listeners_) listener->close();
}

void AsioServer::accept_all() {
  for (const auto& listener : listeners_) accept(*listener);
}

/// One accept at work a listener; none while there are as many connections as there may be.
void AsioServer::accept(Listener& listener) {
  const auto limit = static_cast<size_t>(state_.limits.connections) + kRefusalsMax;
  if (connections_.size() >= limit) {
    resting_.push_back(&listener);
    return;
  }
  if (!listener.acceptor().is_open()) return;
  listener.acceptor().async_accept([this, &listener](error_code error, Socket socket) {
    on_accept(listener, error, std::move(socket));
  });
}

void AsioServer::on_accept(Listener& listener, error_code error, Socket socket) {
  if (!listener.acceptor().is_open()) return;  // the server stops
  if (!error) admit(listener, std::move(socket));
  const bool is_exhausted = error == asio::error::no_descriptors ||
                            error == asio::error::no_memory ||
                            error == asio::error::no_buffer_space ||
                            error == boost::system::errc::too_many_files_open_in_system;
  if (!is_exhausted) return accept(listener);
  resting_.push_back(&listener);
  accept_rest_.expires_after(kAcceptRest);
  accept_rest_.async_wait([this](error_code wait_error) {
    if (!wait_error) accept_resting();
  });
}

void AsioServer::accept_resting() {
  for (Listener* const listener : std::exchange(resting_, {})) accept(*listener);
}

void AsioServer::admit(const Listener& listener, Socket socket) {
  const auto peer = peer_kind(socket);
  if (!peer) return;  // gone already
  TlsContext::Ssl ssl;
  if (state_.tls && !listener.is_unix_socket()) {
    ssl = state_.tls->make_ssl();
    if (!ssl) return;  // out of memory: the socket closes
  }
  error_code ignored;
  socket.non_blocking(true, ignored);  // sendfile() has no flag for it
  if (!listener.is_unix_socket()) socket.set_option(tcp::no_delay(true), ignored);
  const bool is_full = connections_.size() >= static_cast<size_t>(state_.limits.connections);
  const bool is_refused = is_full && !make_room();
  auto connection = std::make_shared<Connection>(&state_, std::move(socket), *peer, std::move(ssl));
  connections_.emplace(connection.get(), connection);
  state_.connections_total.fetch_add(1, std::memory_order_relaxed);
  state_.connections_open = static_cast<int64_t>(connections_.size());
  schedule_tick(kTick);
  if (is_refused)
    connection->refuse({.code = ErrorCode::kOverloaded,
                        .detail = "the server has as many connections as it may (connections, " +
                                  std::to_string(state_.limits.connections) + ")"});
  else
    connection->start();
}

/// Idle connections, and heads and bodies that trickle in, keep nobody out: the oldest goes.
bool AsioServer::make_room() {
  const auto newest = Clock::now() - kUnusedMin;
  Connection* oldest = nullptr;
  for (const auto& [pointer, connection] : connections_) {
    if (connection->is_leaving()) return true;
    const auto since = connection->unused_since();
    if (since && *since <= newest && (!oldest || *since < *oldest->unused_since()))
      oldest = connection.get();
  }
  if (!oldest) return state_.held.end_worst(kSlowReaderMin);  // its place is free in a moment
  oldest->evict();
  state_.connections_evicted.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void AsioServer::on_closed(Connection& connection) {
  connections_.erase(&connection);  // pending operations keep it until they have ended
  state_.connections_open = static_cast<int64_t>(connections_.size());
  accept_resting();
  if (!connections_.empty()) return;
  tick_timer_.cancel();
  next_tick_ = Clock::time_point::max();
  if (!state_.stopping) return;
  is_empty_.with([](bool& empty) { empty = true; });
  is_empty_.notify();
}

std::vector<std::shared_ptr<Connection>> AsioServer::snapshot() const {
  std::vector<std::shared_ptr<Connection>> connections;
  connections.reserve(connections_.size());
  for (const auto& [pointer, connection] : connections_) connections.push_back(connection);
  return connections;
}

/// Makes sure that a tick comes within `interval`.
void AsioServer::schedule_tick(std::chrono::milliseconds interval) {
  const auto time = Clock::now() + interval;
  if (time >= next_tick_) return;
  next_tick_ = time;
  tick_timer_.expires_at(time);
  tick_timer_.async_wait([this](error_code error) {
    if (error) return;  // another time was set
    next_tick_ = Clock::time_point::max();
    tick();
  });
}

void AsioServer::tick() {
  const auto now = Clock::now();
  bool fast = false;
  for (const auto& connection : snapshot()) {
    connection->tick(now);
    fast = fast || connection->wants_fast_ticks();
  }
  if (!connections_.empty()) schedule_tick(fast ? kFastTick : kTick);
}

}  // namespace

Result<std::unique_ptr<Server>> Server::make(ServerOptions options) {
  BOWSHOT_CHECK(options.handler != nullptr);
  auto server = std::make_unique<AsioServer>(std::move(options));
  BOWSHOT_TRY(server->listen());
  return server;
}

}  // namespace bowshot::http
