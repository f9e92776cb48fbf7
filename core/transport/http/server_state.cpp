#include "transport/http/server_state.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "transport/http/stream.hpp"

namespace bowshot::http {

namespace {

Timeouts timeouts_of(const ServerOptions& options, const Limits& limits) {
  if (options.timeouts) return *options.timeouts;
  return {.head = std::chrono::seconds(limits.head_seconds),
          .idle = std::chrono::seconds(limits.idle_seconds),
          .stalled_reader = std::chrono::seconds(limits.stalled_reader_seconds)};
}

/// One a connection, and one that has answered but is not idle yet.
size_t threads_max(const Limits& limits) {
  return 2 * static_cast<size_t>(limits.connections);
}

/// What answers may hold, all together: one with long rows may hold more than its share.
int64_t held_bytes_max(const Limits& limits) {
  return limits.answer_bytes_held * limits.streams_running;
}

}  // namespace

WakeDescriptor::WakeDescriptor() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

WakeDescriptor::~WakeDescriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

void WakeDescriptor::signal() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then it is readable already.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof(one));
}

ServerState::ServerState(ServerOptions server_options)
    : options(std::move(server_options)),
      limits(options.limits),
      timeouts(timeouts_of(options, limits)),
      tls(options.tls),
      workers(threads_max(limits)),
      held(held_bytes_max(limits), kSlowAfter),
      read_buffer(Stream::kReceiveBytesMin) {}

void ServerState::set_limits(const Limits& new_limits) {
  limits = new_limits;
  timeouts = timeouts_of(options, limits);
  workers.set_threads_max(threads_max(limits));
  held.set_bytes_max(held_bytes_max(limits));
}

}  // namespace bowshot::http
