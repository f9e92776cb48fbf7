#include "engine/duckdb/row_search.hpp"

#include <arrow/record_batch.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/duckdb/row_bytes.hpp"
#include "engine/duckdb/row_order.hpp"
#include "engine/duckdb/scan_range.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

/// Statements grow, for a filter over long text itself decodes a row group from its start each
/// time.
constexpr int64_t kGrowth = 8;
/// Of a chunk in which it found little, DuckDB holds everything while nobody takes it: of 2,048
/// numbers 16 KiB.
constexpr int64_t kStatementRowsMax = 8'000'000;

}  // namespace

RowSearch::RowSearch(const QueryContext& context, RowRange range, int64_t first_rows,
                     std::vector<int> computed_outputs)
    : context_(context),
      linked_(context.stop, [this] { stop_.request_stop(context_.stop.reason()); }),
      range_(range),
      computed_outputs_(std::move(computed_outputs)),
      rows_(first_rows),
      rows_max_(std::min(kStatementRowsMax,
                         statement_rows_max(largest_group(*context.plan, computed_outputs_)))) {}

RowSearch::~RowSearch() {
  stop_.request_stop(StopReason::kClientLeft);
}

RowSearch::Found RowSearch::next() {
  for (;;) {
    BOWSHOT_ASSIGN(auto found, more());
    if (found || range_.begin >= range_.end || range_.rows_left == 0) return found;
    BOWSHOT_TRY(start());
  }
}

RowSearch::Found RowSearch::more() {
  return ahead_.valid() ? ahead_.get() : gather();
}

void RowSearch::run_ahead() {
  if (ahead_.valid() || !statement_ || !computed_outputs_.empty()) return;
  ahead_ = std::async([this] { return gather(); });  // later, where there is no thread to be had
}

RowSearch::Found RowSearch::gather() {
  // Numbers alone are gathered for a batch of rows.
  const int64_t rows_wanted = computed_outputs_.empty() ? kBatchRowsMax : 1;
  std::vector<std::shared_ptr<arrow::RecordBatch>> gathered;
  for (int64_t rows = 0; statement_ && rows < rows_wanted;) {
    BOWSHOT_ASSIGN(auto found, statement_->next());
    if (!found) {
      statement_.reset();
      break;
    }
    rows += found->num_rows();
    if (range_.rows_left) *range_.rows_left -= found->num_rows();
    gathered.push_back(std::move(found));
  }
  return gathered.empty() ? nullptr : join_batches(gathered);
}

Result<void> RowSearch::start() {
  const Plan& plan = *context_.plan;
  RowsQuery query;
  for (const int output : computed_outputs_)
    query.outputs.push_back(plan.select[static_cast<size_t>(output)].expression);
  query.row_number = true;
  query.ordered = !keeps_row_order(plan);
  query.limit = range_.rows_left;
  query.scan.dataset = plan.dataset.get();
  query.scan.begin = range_.begin;
  query.scan.end = scan_end(*plan.dataset, range_.begin,
                            range_.begin + std::min({range_.end - range_.begin, rows_, rows_max_}));
  range_.begin = query.scan.end;
  rows_ = rows_ < rows_max_ / kGrowth ? rows_ * kGrowth : rows_max_;
  BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
  BOWSHOT_ASSIGN(statement_, RunningQuery::start(context_.database, sql, stop_.token()));
  return {};
}

}  // namespace bowshot
