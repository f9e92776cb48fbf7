#include "conversion_reporter.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "log.hpp"

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
      log_event(spdlog::level::info, "conversion begun",
                {{"dataset", dataset}, {"bytes", std::to_string(progress.bytes_total)}});
  }
  if (is_terminal_ && now - shown_ >= kDrawEvery) {
    shown_ = now;
    draw(dataset, progress);
  } else if (!is_terminal_ && now - shown_ >= kLogEvery) {
    shown_ = now;
    log_event(spdlog::level::info, "converting",
              {{"dataset", dataset},
               {"percent", fmt::format("{:.0f}", 100 * fraction_of(progress))},
               {"rows", std::to_string(progress.rows)},
               {"pass", std::to_string(progress.pass)}});
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
    log_event(spdlog::level::err, "conversion failed",
              {{"dataset", dataset},
               {"code", std::string(error_info(error->code).name)},
               {"detail", error->detail}});
  } else if (was_converted) {
    log_event(spdlog::level::info, "converted",
              {{"dataset", dataset},
               {"rows", std::to_string(progress.rows)},
               {"bytes", std::to_string(progress.bytes_total)},
               {"seconds", fmt::format("{:.1f}", seconds_since(begun_))}});
  } else {
    log_event(spdlog::level::info, "a cached conversion is used", {{"dataset", dataset}});
  }
  dataset_.clear();
}

}  // namespace bowshot
