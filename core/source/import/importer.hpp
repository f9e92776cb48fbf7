#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/stop.hpp"
#include "source/import/conversion_cache.hpp"

namespace bowshot {

/// Tells of conversions; called from the thread that converts.
class ConversionObserver {
 public:
  virtual ~ConversionObserver() = default;
  virtual void progressed(const std::string& dataset, const ConversionProgress& progress) = 0;
  virtual void ended(const std::string& dataset, const ConversionProgress& progress,
                     const Error* error) = 0;
};

/// One thread that converts what datasets need, one after another: a conversion keeps every core
/// busy by itself. Work that is handed in before start() waits for it. stop() ends what runs, at
/// the next block, and joins the thread; both are idempotent.
class Importer {
 public:
  using Work = std::function<void(const StopToken&)>;
  /// `observer`, if any, outlives this.
  Importer(std::string cache_folder, int64_t cache_bytes, ConversionObserver* observer)
      : cache_(std::move(cache_folder), cache_bytes), observer_(observer) {}
  ~Importer() { stop(); }
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  void start();
  void stop();
  /// Each dataset hands in one piece of work at a time, so the queue is as long as the catalog.
  void submit(Work work);
  const ConversionCache& cache() const { return cache_; }
  ConversionObserver* observer() const { return observer_; }

 private:
  void run();

  const ConversionCache cache_;
  ConversionObserver* const observer_;
  StopSource stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Work> waiting_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace bowshot
