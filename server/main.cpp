#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "app.hpp"
#include "options.hpp"
#include "problem.hpp"
#include "version.hpp"

namespace bowshot {
namespace {

/// Running answers have 10 s in all; the rest is for breaking off those that have not ended.
constexpr auto kShutdownGrace = std::chrono::milliseconds(7'500);

void start_log(const ServeOptions& options) {
  auto log = spdlog::stderr_logger_mt("bowshot");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  log->set_level(spdlog::level::from_str(options.log_level));
  spdlog::set_default_logger(std::move(log));
}

int tell_error(const Error& error) {
  fmt::print(stderr, "bowshot: {}\n", error.detail);
  return 1;
}

/// SIGTERM and SIGINT are blocked in every thread and waited for here.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
  return signals;
}

/// Batches are made by several threads and let go by others. Arrow's own choice, mimalloc, keeps
/// what a foreign thread let go: 16 slow readers hold 317 MiB, and for good; with jemalloc 130 MiB,
/// which go back within seconds, at the same throughput. Before anything asks Arrow for memory;
/// the operator's own choice stays.
void choose_memory_pool() {
  constexpr int kKeep = 0;
  setenv("ARROW_DEFAULT_MEMORY_POOL", "jemalloc", kKeep);
}

int serve(const ServeOptions& options) {
  start_log(options);
  const sigset_t stop_signals = block_stop_signals();

  auto app = App::make(options);
  if (!app) return tell_error(app.error());

  auto server = http::Server::make({
      .host = options.host,
      .port = options.port,
      .limits = options.limits,
      .handler = [&](const http::Request& request, http::ResponseWriter& writer,
                     const StopToken& stop) { (*app)->handle(request, writer, stop); },
      .error_writer = write_problem,
  });
  if (!server) return tell_error(server.error());
  (*app)->watch(server->get());

  (*server)->start();
  fmt::print("bowshot: listening on {}\n", (*server)->url());
  std::fflush(stdout);
  (*app)->start();
  spdlog::info("started version={} url={}", kVersion, (*server)->url());

  int signal = 0;
  sigwait(&stop_signals, &signal);
  spdlog::info("stopping signal={}", signal);
  (*app)->stop();
  (*server)->stop(kShutdownGrace);
  spdlog::info("stopped");
  return 0;
}

}  // namespace
}  // namespace bowshot

int main(int argc, char** argv) {
  bowshot::choose_memory_pool();
  const auto options = bowshot::parse_command_line(argc, argv);
  if (const int* exit_code = std::get_if<int>(&options)) return *exit_code;
  return bowshot::serve(std::get<bowshot::ServeOptions>(options));
}
