#include "conversion_reporter.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

namespace bowshot {

namespace {

constexpr auto kDrawEvery = std::chrono::milliseconds(100);
constexpr auto kLogEvery = std::chrono::seconds(10);

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

double fraction_of(const ConversionProgress& progress) {
  const auto total = static_cast<double>(std::max<int64_t>(1, progress.bytes_total));
  return std::min(1.0, static_cast<double>(progress.bytes_read) / total);
}

}  // namespace

ConversionReporter::ConversionReporter() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}

void ConversionReporter::progressed(const std::string& dataset,
                                    const ConversionProgress& progress) {
  const auto now = Clock::now();
  if (dataset_ != dataset) {
    dataset_ = dataset;
    begun_ = now;
    shown_ = now;
    if (!is_terminal_)
      spdlog::info("conversion begun dataset={} bytes={}", dataset, progress.bytes_total.load());
  }
  if (is_terminal_ && now - shown_ >= kDrawEvery) {
    shown_ = now;
    draw(dataset, progress);
  } else if (!is_terminal_ && now - shown_ >= kLogEvery) {
    shown_ = now;
    spdlog::info("converting dataset={} percent={:.0f} rows={} pass={}", dataset,
                 100 * fraction_of(progress), progress.rows.load(), progress.pass.load());
  }
}

void ConversionReporter::draw(const std::string& dataset,
                              const ConversionProgress& progress) const {
  constexpr int kBarCells = 30;
  const double fraction = fraction_of(progress);
  const double seconds = seconds_since(begun_);
  const int cells = static_cast<int>(fraction * kBarCells);
  const double left = fraction > 0 ? seconds / fraction - seconds : 0;
  fmt::print(stderr, "\r\033[K{} [{}{}] {:3.0f} %  {} rows  {:.0f} s left{}", dataset,
             std::string(static_cast<size_t>(cells), '#'),
             std::string(static_cast<size_t>(kBarCells - cells), ' '), 100 * fraction,
             progress.rows.load(), left, progress.pass > 1 ? "  (again, types changed)" : "");
  std::fflush(stderr);
}

void ConversionReporter::ended(const std::string& dataset, const ConversionProgress& progress,
                               const Error* error) {
  const bool was_converted = dataset_ == dataset;
  if (is_terminal_ && was_converted) fmt::print(stderr, "\r\033[K");
  if (error != nullptr) {
    spdlog::error("conversion failed dataset={} code={} detail=\"{}\"", dataset,
                  error_info(error->code).name, error->detail);
  } else if (was_converted) {
    spdlog::info("converted dataset={} rows={} bytes={} seconds={:.1f}", dataset,
                 progress.rows.load(), progress.bytes_total.load(), seconds_since(begun_));
  } else {
    spdlog::info("a cached conversion is used dataset={}", dataset);
  }
  dataset_.clear();
}

}  // namespace bowshot
