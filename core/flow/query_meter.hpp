#pragma once

#include <atomic>
#include <chrono>

#include "base/stop.hpp"
#include "flow/metrics.hpp"

namespace bowshot {

/// Counts a query from the engine's start to its being idle, and how long a stop took.
class QueryMeter {
 public:
  /// `metrics` outlive it.
  QueryMeter(FlowMetrics* metrics, const StopToken& stop)
      : metrics_(metrics), stopped_(stop, [this] { stopped_at_ = Clock::now(); }) {
    ++metrics_->queries_running;
    ++metrics_->queries_total;
  }
  ~QueryMeter() {
    --metrics_->queries_running;
    const Clock::time_point stopped_at = stopped_at_;
    if (stopped_at != Clock::time_point{})
      metrics_->cancel_seconds.observe(
          std::chrono::duration<double>(Clock::now() - stopped_at).count());
  }
  QueryMeter(const QueryMeter&) = delete;
  QueryMeter& operator=(const QueryMeter&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  FlowMetrics* metrics_;  // outlives every run
  std::atomic<Clock::time_point> stopped_at_ = Clock::time_point{};
  StopCallback stopped_;
};

}  // namespace bowshot
