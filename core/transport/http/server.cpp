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
/// Connections beyond the limit that are being told so; further ones wait in the backlog.
constexpr size_t kRefusalsMax = 64;

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, std::string host);
  ~AsioServer() override { stop(std::chrono::milliseconds(0)); }
  Result<void> listen(const tcp::endpoint& endpoint);

  uint16_t port() const override { return port_; }
  std::string url() const override { return "http://" + host_ + ":" + std::to_string(port_); }
  void start() override;
  void stop(std::chrono::milliseconds grace) override;
  ServerCounters counters() const override;

 private:
  enum class Phase { kListening, kStarted, kStopped };
  using Clock = Connection::Clock;

  void accept();
  void on_accept(error_code error, tcp::socket socket);
  void admit(tcp::socket socket);
  void on_closed(Connection& connection);
  void schedule_tick(std::chrono::milliseconds interval);
  void tick();
  void begin_stop();
  std::vector<std::shared_ptr<Connection>> snapshot() const;

  ServerState state_;
  const std::string host_;
  uint16_t port_ = 0;
  std::mutex phase_mutex_;  // start() and stop(), whole
  Phase phase_ = Phase::kListening;
  std::thread loop_thread_;
  Guarded<bool> is_empty_{false};  // the server stops and no connection is left

  // The loop's thread only.
  tcp::acceptor acceptor_;
  asio::steady_timer accept_rest_;
  asio::steady_timer tick_timer_;
  Clock::time_point next_tick_ = Clock::time_point::max();  // max: none is due
  bool is_accept_paused_ = false;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;
};

AsioServer::AsioServer(ServerOptions options, std::string host)
    : state_(std::move(options)),
      host_(std::move(host)),
      acceptor_(state_.loop),
      accept_rest_(state_.loop),
      tick_timer_(state_.loop) {
  state_.on_closed = [this](Connection& connection) { on_closed(connection); };
  state_.on_fast_ticks_wanted = [this] { schedule_tick(kFastTick); };
}

Result<void> AsioServer::listen(const tcp::endpoint& endpoint) {
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error)
    return fail(ErrorCode::kInternal, "cannot listen on " + host_ + ":" +
                                          std::to_string(endpoint.port()) + ": " + error.message());
  return {};
}

void AsioServer::start() {
  std::lock_guard lock(phase_mutex_);
  if (phase_ != Phase::kListening) return;
  phase_ = Phase::kStarted;
  asio::post(state_.loop, [this] { accept(); });
  loop_thread_ = std::thread([this] {
    // The loop ends when begin_stop() has closed the acceptor and no connection is left.
    state_.loop.run();
  });
}

void AsioServer::stop(std::chrono::milliseconds grace) {
  std::lock_guard lock(phase_mutex_);
  if (std::exchange(phase_, Phase::kStopped) != Phase::kStarted) {
    error_code ignored;
    acceptor_.close(ignored);
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
  error_code ignored;
  acceptor_.close(ignored);
  accept_rest_.cancel();
  for (const auto& connection : snapshot()) connection->stop_serving();
  if (connections_.empty()) {
    is_empty_.with([](bool& empty) { empty = true; });
    is_empty_.notify();
  }
}

ServerCounters AsioServer::counters() const {
  return {.connections_open = state_.connections_open,
          .connections_total = state_.connections_total,
          .requests_total = state_.requests_total,
          .requests_malformed = state_.requests_malformed,
          .bytes_sent = state_.bytes_sent};
}

void AsioServer::accept() {
  const auto limit = static_cast<size_t>(state_.options.limits.connections) + kRefusalsMax;
  is_accept_paused_ = connections_.size() >= limit;
  if (is_accept_paused_ || !acceptor_.is_open()) return;
  acceptor_.async_accept(
      [this](error_code error, tcp::socket socket) { on_accept(error, std::move(socket)); });
}

void AsioServer::on_accept(error_code error, tcp::socket socket) {
  if (!acceptor_.is_open()) return;  // the server stops
  if (!error) admit(std::move(socket));
  const bool is_exhausted = error == asio::error::no_descriptors ||
                            error == asio::error::no_memory ||
                            error == asio::error::no_buffer_space ||
                            error == boost::system::errc::too_many_files_open_in_system;
  if (!is_exhausted) return accept();
  accept_rest_.expires_after(kAcceptRest);
  accept_rest_.async_wait([this](error_code wait_error) {
    if (!wait_error) accept();
  });
}

void AsioServer::admit(tcp::socket socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;  // gone already
  socket.set_option(tcp::no_delay(true), error);
  const auto address = peer.address();
  const bool is_same_machine =
      address.is_loopback() ||
      (address.is_v6() && address.to_v6().is_v4_mapped() &&
       asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback());
  const bool is_over_limit =
      connections_.size() >= static_cast<size_t>(state_.options.limits.connections);
  auto connection = std::make_shared<Connection>(&state_, std::move(socket), is_same_machine);
  connections_.emplace(connection.get(), connection);
  state_.connections_total.fetch_add(1, std::memory_order_relaxed);
  state_.connections_open = static_cast<int64_t>(connections_.size());
  schedule_tick(kTick);
  if (is_over_limit)
    connection->refuse({.code = ErrorCode::kOverloaded,
                        .detail = "the server has as many connections as it may (connections, " +
                                  std::to_string(state_.options.limits.connections) + ")"});
  else
    connection->start();
}

void AsioServer::on_closed(Connection& connection) {
  connections_.erase(&connection);  // pending operations keep it until they have ended
  state_.connections_open = static_cast<int64_t>(connections_.size());
  if (is_accept_paused_) accept();
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
  std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return fail(ErrorCode::kInternal, "not an IP address to listen on: " + options.host);
  if (address.is_v6()) host = "[" + host + "]";
  const tcp::endpoint endpoint(address, options.port);
  auto server = std::make_unique<AsioServer>(std::move(options), std::move(host));
  BOWSHOT_TRY(server->listen(endpoint));
  return server;
}

}  // namespace bowshot::http
