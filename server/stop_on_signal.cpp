#include "stop_on_signal.hpp"

#include <ctime>

namespace bowshot {

StopOnSignal::StopOnSignal(StopReason reason) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  watcher_ = std::jthread([this, reason](const std::stop_token& ended) {
    constexpr timespec kLook = {.tv_sec = 0, .tv_nsec = 50'000'000};
    while (!ended.stop_requested())
      if (::sigtimedwait(&signals_, nullptr, &kLook) > 0) stop_.request_stop(reason);
  });
}

}  // namespace bowshot
