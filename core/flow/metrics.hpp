#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace bowshot {

/// Seconds in fixed buckets, as Prometheus counts them. Safe from any thread.
class SecondsHistogram {
 public:
  static constexpr std::array<double, 12> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                     0.1,   0.25,   0.5,   1,    5,     60};
  void observe(double seconds);
  /// Appends `name_bucket{le="..."}`, `name_sum` and `name_count`.
  void write(std::string& out, std::string_view name, std::string_view help) const;

 private:
  std::array<std::atomic<int64_t>, kBounds.size() + 1> counts_{};  // each bucket alone; last: +Inf
  std::atomic<int64_t> microseconds_ = 0;
};

/// What flow/ counts. `write_metric` below spells them.
struct FlowMetrics {
  std::atomic<int64_t> queries_running = 0;
  std::atomic<int64_t> queries_total = 0;
  std::atomic<int64_t> queries_failed = 0;
  std::atomic<int64_t> queries_cancelled = 0;
  std::atomic<int64_t> rows_total = 0;
  std::atomic<int64_t> body_bytes_total = 0;
  SecondsHistogram queue_seconds;
  SecondsHistogram first_batch_seconds;
  SecondsHistogram cancel_seconds;  // from the stop to the engine's being idle
};

/// Appends one sample with its HELP and TYPE lines; `type` is gauge or counter.
void write_metric(std::string& out, std::string_view name, std::string_view type,
                  std::string_view help, double value);

}  // namespace bowshot
