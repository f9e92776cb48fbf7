#include "transport/http/server_state.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace bowshot::http {

namespace {

constexpr size_t kReadBufferBytes = 64 << 10;

Timeouts timeouts_of(const ServerOptions& options) {
  if (options.timeouts) return *options.timeouts;
  return {.head = std::chrono::seconds(options.limits.head_seconds),
          .idle = std::chrono::seconds(options.limits.idle_seconds),
          .stalled_reader = std::chrono::seconds(options.limits.stalled_reader_seconds)};
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
      timeouts(timeouts_of(options)),
      // One a connection, and one that has answered but is not idle yet.
      workers(2 * static_cast<size_t>(options.limits.connections)),
      read_buffer(kReadBufferBytes) {}

}  // namespace bowshot::http
