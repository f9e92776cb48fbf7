#include "progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

namespace bowshot {

namespace {

constexpr auto kFirst = std::chrono::seconds(1);
constexpr auto kEvery = std::chrono::milliseconds(200);
constexpr double kMegabyte = 1e6;

}  // namespace

ProgressLine::ProgressLine() {
  if (::isatty(STDERR_FILENO) != 1) return;
  drawing_ = std::jthread([this](const std::stop_token& ended) {
    const auto begun = std::chrono::steady_clock::now();
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    auto next = begun + kFirst;
    bool is_drawn = false;
    while (!changed.wait_until(lock, ended, next, [&] { return ended.stop_requested(); }) &&
           !ended.stop_requested()) {
      const auto now = std::chrono::steady_clock::now();
      draw(std::chrono::duration<double>(now - begun).count());
      is_drawn = true;
      next = now + kEvery;
    }
    if (is_drawn) fmt::print(stderr, "\r\033[K");
  });
}

ProgressLine::~ProgressLine() = default;

void ProgressLine::draw(double seconds) const {
  constexpr int kBarCells = 30;
  std::string line;
  if (const int64_t whole = total; whole > 0 && done > 0) {
    const double part =
        std::min(1.0, static_cast<double>(done.load()) / static_cast<double>(whole));
    const int cells = static_cast<int>(part * kBarCells);
    line += fmt::format("[{:<{}}] {:3.0f} %  ", std::string(static_cast<size_t>(cells), '#'),
                        kBarCells, 100 * part);
    if (part > 0) line += fmt::format("{:.0f} s left  ", seconds / part - seconds);
  }
  if (rows > 0)
    line += fmt::format("{} rows, {:.0f} rows/s  ", rows.load(),
                        static_cast<double>(rows.load()) / seconds);
  if (bytes > 0) {
    const double megabytes = static_cast<double>(bytes.load()) / kMegabyte;
    line += fmt::format("{:.1f} MB, {:.1f} MB/s  ", megabytes, megabytes / seconds);
  }
  fmt::print(stderr, "\r\033[K{}{:.0f} s", line, seconds);
  std::fflush(stderr);
}

}  // namespace bowshot
