#pragma once

#include <string>
#include <utility>

#include "source/import/conversion_cache.hpp"
#include "source/work_thread.hpp"

namespace bowshot {

/// Tells of conversions; called from the thread that converts.
class ConversionObserver {
 public:
  virtual ~ConversionObserver() = default;
  virtual void progressed(const std::string& dataset, const ConversionProgress& progress) = 0;
  virtual void ended(const std::string& dataset, const ConversionProgress& progress,
                     const Error* error) = 0;
};

/// Converts what datasets need into the cache, on a thread of its own that runs from start() to
/// stop(): both as those of WorkThread.
class Importer {
 public:
  using Work = WorkThread::Work;
  /// `observer`, if any, outlives this.
  Importer(std::string cache_folder, int64_t cache_bytes, ConversionObserver* observer);

  void start() { thread_.start(); }
  void stop() { thread_.stop(); }
  void submit(Work work) { thread_.submit(std::move(work)); }
  const ConversionCache& cache() const { return cache_; }
  ConversionObserver* observer() const { return observer_; }

 private:
  const ConversionCache cache_;
  ConversionObserver* const observer_;
  WorkThread thread_;  // the last: it uses the others until it is joined
};

}  // namespace bowshot
