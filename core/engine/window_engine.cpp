#include "engine/window_engine.hpp"

#include <utility>

#include "engine/parquet/column_blocks.hpp"

namespace bowshot {

std::unique_ptr<WindowEngine> WindowEngine::make(int64_t page_cache_bytes) {
  return std::unique_ptr<WindowEngine>(new WindowEngine(ParquetEngine::make(page_cache_bytes)));
}

const Engine& WindowEngine::engine_of(const Plan& plan) const {
  if (plan.dataset->table()) return memory_;
  return *parquet_;
}

Engine& WindowEngine::engine_of(const Plan& plan) {
  return const_cast<Engine&>(std::as_const(*this).engine_of(plan));
}

Result<std::unique_ptr<BatchStream>> WindowEngine::run(std::shared_ptr<const Plan> plan,
                                                       const StopToken& stop) {
  Engine& engine = engine_of(*plan);
  return engine.run(std::move(plan), stop);
}

Result<std::unique_ptr<BatchStream>> WindowEngine::read_rows(std::shared_ptr<const Plan> plan,
                                                             std::vector<int64_t> rows,
                                                             const StopToken& stop) {
  Engine& engine = engine_of(*plan);
  return engine.read_rows(std::move(plan), std::move(rows), stop);
}

CacheCounts WindowEngine::page_cache_counts() const {
  return parquet_->page_cache_counts();
}

}  // namespace bowshot
