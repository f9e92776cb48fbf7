#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace bowshot {

/// How far a command is, as one line on standard error that is drawn again and again: of what takes
/// longer than a second, on a terminal; else nothing. Wiped when this ends. Its thread only draws.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  /// Wipes the line; nothing is drawn any more.
  void end() { drawing_ = {}; }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // From any thread.
  std::atomic<int64_t> rows = 0;   // so far; 0: not known
  std::atomic<int64_t> bytes = 0;  // so far
  std::atomic<int64_t> done = 0;   // of `total`, in whatever unit
  std::atomic<int64_t> total = 0;  // 0: not known

 private:
  void draw(double seconds) const;
  std::jthread drawing_;  // last: it reads the others
};

}  // namespace bowshot
