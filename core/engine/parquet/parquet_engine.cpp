#include "engine/parquet/parquet_engine.hpp"

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/parquet/column_blocks.hpp"
#include "engine/parquet/scattered_rows.hpp"
#include "engine/parquet/window_stream.hpp"
#include "engine/plain_rows.hpp"

namespace bowshot {

namespace {

/// Windows up to this many rows are screens, whose pages are kept; longer ones are read past.
constexpr int64_t kWindowRowsMax = kFirstBatchRowsMax;

}  // namespace

ParquetEngine::ParquetEngine(int64_t page_cache_bytes)
    : caches_(std::make_shared<ParquetCaches>(page_cache_bytes)) {}
ParquetEngine::~ParquetEngine() = default;

std::unique_ptr<ParquetEngine> ParquetEngine::make(int64_t page_cache_bytes) {
  return std::unique_ptr<ParquetEngine>(new ParquetEngine(page_cache_bytes));
}

EngineCapabilities ParquetEngine::capabilities() const {
  return {.row_numbers = true, .cancel = true, .progress = false};
}

bool ParquetEngine::accepts(const Plan& plan) const {
  return !plan.dataset->table() && is_plain_window(plan);
}

bool ParquetEngine::reads_rows(const Plan& plan) const {
  return !plan.dataset->table() && selects_plain_columns(plan);
}

Result<std::unique_ptr<BatchStream>> ParquetEngine::run(std::shared_ptr<const Plan> plan,
                                                        const StopToken& stop) {
  BOWSHOT_CHECK(accepts(*plan));
  const int64_t begin = std::min(plan->offset, plan->dataset->rows());
  const int64_t rows = plan->dataset->rows() - begin;
  if (std::min(plan->limit.value_or(rows), rows) > kWindowRowsMax)
    return WindowStream::make(std::move(plan),
                              std::shared_ptr<PageMapCache>(caches_, &caches_->page_maps),
                              std::shared_ptr<ReadTurns>(caches_, &caches_->turns), stop);
  std::vector<int64_t> numbers(static_cast<size_t>(std::min(plan->limit.value_or(rows), rows)));
  std::iota(numbers.begin(), numbers.end(), begin);
  return ScatteredRows::make(std::move(plan), std::move(numbers), caches_, stop);
}

Result<std::unique_ptr<BatchStream>> ParquetEngine::read_rows(std::shared_ptr<const Plan> plan,
                                                              std::vector<int64_t> rows,
                                                              const StopToken& stop) {
  return ScatteredRows::make(std::move(plan), std::move(rows), caches_, stop);
}

CacheCounts ParquetEngine::page_cache_counts() const {
  return caches_->blocks.counts();
}

}  // namespace bowshot
