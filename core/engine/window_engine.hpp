#pragma once

#include "engine/memory/memory_engine.hpp"
#include "engine/parquet/parquet_engine.hpp"

namespace bowshot {

/// Windows of rows as they lie, and rows by number, of any dataset: straight from Parquet, or from
/// a table in memory. Safe from any thread; streams may outlive it.
///   auto windows = WindowEngine::make(); if (windows->accepts(*plan)) windows->run(plan, stop);
class WindowEngine : public Engine {
 public:
  static std::unique_ptr<WindowEngine> make(int64_t page_cache_bytes = kPageCacheBytes);

  EngineCapabilities capabilities() const override { return parquet_->capabilities(); }
  bool accepts(const Plan& plan) const override { return engine_of(plan).accepts(plan); }
  Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan> plan,
                                           const StopToken& stop) override;
  bool reads_rows(const Plan& plan) const override { return engine_of(plan).reads_rows(plan); }
  Result<std::unique_ptr<BatchStream>> read_rows(std::shared_ptr<const Plan> plan,
                                                 std::vector<int64_t> rows,
                                                 const StopToken& stop) override;
  /// What the cache of decoded pages did.
  CacheCounts page_cache_counts() const;

 private:
  explicit WindowEngine(std::unique_ptr<ParquetEngine> parquet) : parquet_(std::move(parquet)) {}
  const Engine& engine_of(const Plan& plan) const;
  Engine& engine_of(const Plan& plan);

  std::unique_ptr<ParquetEngine> parquet_;
  MemoryEngine memory_;
};

}  // namespace bowshot
