#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/engine.hpp"

namespace bowshot {

struct CacheCounts;
struct ParquetCaches;

inline constexpr int64_t kPageCacheBytes = 256 << 20;

/// Reads windows of rows straight from Parquet: plans without filter, computation or order (but
/// ascending `_row`). The rows of a window are found by the footers' prefix sums and the page
/// indexes, so that a few rows anywhere cost a few pages, and a long scan streams page by page.
/// Safe from any thread; streams may outlive it.
///   auto engine = ParquetEngine::make(); if (engine->accepts(*plan)) engine->run(plan, stop);
class ParquetEngine : public Engine {
 public:
  static std::unique_ptr<ParquetEngine> make(int64_t page_cache_bytes = kPageCacheBytes);
  ~ParquetEngine() override;

  EngineCapabilities capabilities() const override;
  bool accepts(const Plan& plan) const override;
  Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan> plan,
                                           const StopToken& stop) override;

  /// The plan's outputs, dataset columns and `_row`, of these rows in this order; see
  /// ScatteredRows.
  bool reads_rows(const Plan& plan) const override;
  Result<std::unique_ptr<BatchStream>> read_rows(std::shared_ptr<const Plan> plan,
                                                 std::vector<int64_t> rows,
                                                 const StopToken& stop) override;
  /// What the cache of decoded pages did.
  CacheCounts page_cache_counts() const;

 private:
  explicit ParquetEngine(int64_t page_cache_bytes);
  std::shared_ptr<ParquetCaches> caches_;  // shared with the streams, which may outlive this
};

}  // namespace bowshot
