#include "stop_with_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace bowshot {
namespace {

/// False at the end of the input, and where there is none.
bool input_goes_on() {
  std::array<char, 512> ignored = {};
  const ssize_t count = ::read(STDIN_FILENO, ignored.data(), ignored.size());
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

}  // namespace

StopWithInput::StopWithInput() {
  watcher_ = std::jthread([](const std::stop_token& ended) {
    constexpr int kLookMs = 200;
    while (!ended.stop_requested()) {
      pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      if (::poll(&input, 1, kLookMs) <= 0 || input_goes_on()) continue;
      ::kill(::getpid(), SIGTERM);
      return;
    }
  });
}

}  // namespace bowshot
