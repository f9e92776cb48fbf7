#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <optional>

#include "app.hpp"
#include "cpu_pool.hpp"
#include "log.hpp"
#include "memory_pool.hpp"
#include "options.hpp"
#include "problem.hpp"
#include "reload.hpp"
#include "stop_with_input.hpp"
#include "version.hpp"

namespace bowshot {
namespace {

/// Running answers have 10 s in all; the rest is for breaking off those that have not ended.
constexpr auto kShutdownGrace = std::chrono::milliseconds(7'500);

int tell_error(const Error& error) {
  fmt::print(stderr, "bowshot: {}\n", error.detail);
  return 1;
}

/// SIGTERM, SIGINT and SIGHUP are blocked in every thread and waited for here.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
  return signals;
}

/// SIGHUP: all that changed, or, where anything is wrong with it, nothing.
void reload_configuration(int argc, const char* const* argv, ServeOptions& options, App& app,
                          http::Server& server) {
  const auto reloaded = [&]() -> Result<std::vector<std::string>> {
    BOWSHOT_ASSIGN(ServeOptions wanted, reload_options(argc, argv));
    return reload(options, std::move(wanted), app, server);
  }();
  if (!reloaded)
    return log_event(spdlog::level::err, "configuration not reloaded, all stays as it was",
                     {{"what", reloaded.error().detail}});
  log_event(spdlog::level::info, "configuration reloaded", {});
  for (const std::string& key : *reloaded)
    log_event(spdlog::level::warn, "this key changes at a restart only", {{"key", key}});
}

http::ServerOptions server_options(const ServeOptions& options, App& app,
                                   std::shared_ptr<const http::TlsContext> tls) {
  return {
      .listens_on_tcp = !options.no_tcp,
      .host = options.host,
      .port = options.port,
      .unix_sockets = options.unix_sockets(),
      .tls = std::move(tls),
      .limits = options.limits,
      .handler = [&app](const http::Request& request, http::ResponseWriter& writer,
                        const StopToken& stop) { app.handle(request, writer, stop); },
      .error_writer = [](const Error& error, http::Headers& headers,
                         std::string& body) { write_problem(error, headers, body); },
      .streams_body = [&app](const http::Request& head) { return app.streams_body(head); },
  };
}

void tell_addresses(const http::Server& server) {
  for (const std::string& address : server.addresses()) {
    fmt::print("bowshot: listening on {}\n", address);
    log_event(spdlog::level::info, "started", {{"version", kVersion}, {"address", address}});
  }
  std::fflush(stdout);
}

int serve(int argc, const char* const* argv, ServeOptions options) {
  start_log(options.log_level, options.log_format);
  const sigset_t signals = block_signals();
  lower_cpu_pool_priority();  // after the signals were blocked, as its threads inherit that
  std::optional<StopWithInput> input;  // a thread, too
  if (options.stop_with_input) input.emplace();

  auto app = App::make(options);
  if (!app) return tell_error(app.error());
  auto tls = make_tls(options);
  if (!tls) return tell_error(tls.error());
  auto server = http::Server::make(server_options(options, **app, *std::move(tls)));
  if (!server) return tell_error(server.error());
  (*app)->watch(server->get());

  (*server)->start();
  tell_addresses(**server);
  (*app)->start();

  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP)
    reload_configuration(argc, argv, options, **app, **server);
  log_event(spdlog::level::info, "stopping", {{"signal", std::to_string(signal)}});
  (*app)->stop();
  (*server)->stop(kShutdownGrace);
  log_event(spdlog::level::info, "stopped", {});
  return 0;
}

}  // namespace
}  // namespace bowshot

int main(int argc, char** argv) {
  bowshot::choose_memory_pool();
  auto options = bowshot::parse_command_line(argc, argv);
  if (const int* exit_code = std::get_if<int>(&options)) return *exit_code;
  return bowshot::serve(argc, argv, std::get<bowshot::ServeOptions>(std::move(options)));
}
