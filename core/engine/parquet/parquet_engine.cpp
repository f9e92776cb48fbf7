#include "engine/parquet/parquet_engine.hpp"

#include <algorithm>
#include <numeric>
#include <variant>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "engine/parquet/column_blocks.hpp"
#include "engine/parquet/scattered_rows.hpp"
#include "engine/parquet/window_stream.hpp"

namespace bowshot {

namespace {

/// Windows up to this many rows are screens, whose pages are kept; longer ones are read past.
constexpr int64_t kWindowRowsMax = kFirstBatchRowsMax;

const ColumnReference* plain_column(const ExpressionPtr& expression) {
  const auto* reference = std::get_if<ColumnReference>(&expression->node);
  return reference && reference->kind != ColumnReference::Kind::kComputed ? reference : nullptr;
}

/// No order means ascending `_row`, and what comes after `_row` decides nothing.
bool is_natural_order(const std::vector<OrderItem>& order) {
  if (order.empty()) return true;
  const auto* reference = plain_column(order[0].expression);
  return reference && reference->kind == ColumnReference::Kind::kRowNumber && !order[0].descending;
}

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
  return plan.kind == Plan::Kind::kRows && !plan.filter && is_natural_order(plan.order) &&
         reads_rows(plan);
}

bool ParquetEngine::reads_rows(const Plan& plan) const {
  return std::ranges::all_of(plan.select, [](const NamedExpression& item) {
    return plain_column(item.expression) != nullptr;
  });
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
