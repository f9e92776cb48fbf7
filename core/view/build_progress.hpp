#pragma once

#include <atomic>
#include <cstdint>

namespace bowshot {

/// How far a build has come, for who looks on: steps of about equal length. Safe from any thread.
class BuildSteps {
 public:
  void expect(int64_t steps) { expected_ = steps; }
  void add(int64_t steps) { done_ += steps; }
  /// 0..1.
  double share() const {
    const int64_t expected = expected_;
    const int64_t done = done_;
    if (expected <= 0) return 0;
    return done >= expected ? 1 : static_cast<double>(done) / static_cast<double>(expected);
  }
  /// A build that begins anew, by another way.
  void restart() { expected_ = done_ = 0; }

 private:
  std::atomic<int64_t> expected_ = 0;
  std::atomic<int64_t> done_ = 0;
};

}  // namespace bowshot
