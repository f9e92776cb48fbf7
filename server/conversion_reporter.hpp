#pragma once

#include <chrono>
#include <string>

#include "source/import/importer.hpp"

namespace bowshot {

/// Shows conversions on standard error: a line that is drawn again and again on a terminal, else
/// lines of the log, now and then. Called from the one thread that converts.
class ConversionReporter : public ConversionObserver {
 public:
  ConversionReporter();
  void progressed(const std::string& dataset, const ConversionProgress& progress) override;
  void ended(const std::string& dataset, const ConversionProgress& progress,
             const Error* error) override;

 private:
  using Clock = std::chrono::steady_clock;
  void draw(const std::string& dataset, const ConversionProgress& progress) const;

  const bool is_terminal_;
  std::string dataset_;  // that is being converted; empty: none
  Clock::time_point begun_;
  Clock::time_point shown_;
};

}  // namespace bowshot
