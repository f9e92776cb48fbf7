#pragma once

#include <thread>

namespace bowshot {

/// Asks the process to stop, by SIGTERM, when its standard input ends: a program that starts a
/// server holds the other end of a pipe, and however that program ends, the server does not outlive
/// it. What is read is thrown away.
class StopWithInput {
 public:
  StopWithInput();

 private:
  std::jthread watcher_;
};

}  // namespace bowshot
