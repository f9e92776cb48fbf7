#pragma once

#include <csignal>
#include <thread>

#include "base/stop.hpp"

namespace bowshot {

/// SIGINT and SIGTERM as a stop, for as long as this lives: of a command, not of `serve`. Made
/// before the process has other threads, so that all of them leave the signals to this one.
class StopOnSignal {
 public:
  explicit StopOnSignal(StopReason reason = StopReason::kShutdown);
  StopToken token() const { return stop_.token(); }

 private:
  sigset_t signals_ = {};
  StopSource stop_;
  std::jthread watcher_;
};

}  // namespace bowshot
