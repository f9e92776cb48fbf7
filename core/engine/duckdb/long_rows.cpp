#include "engine/duckdb/long_rows.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <span>
#include <vector>

#include "base/limits.hpp"
#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/duckdb/row_bytes.hpp"
#include "engine/duckdb/row_order.hpp"
#include "engine/duckdb/scan_range.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

/// Searches grow, for a filter over long text itself decodes a row group from its start each time.
constexpr int64_t kSearchGrowth = 8;
/// Of a chunk in which it found little, DuckDB holds everything while nobody takes it: of 2,048
/// numbers 16 KiB.
constexpr int64_t kSearchRowsMax = 8'000'000;

/// The plan's outputs that are stored columns, or those that are not.
std::vector<int> outputs_where(const Plan& plan, bool stored) {
  std::vector<int> outputs;
  for (size_t i = 0; i < plan.select.size(); ++i)
    if (StoredRows::is_stored(*plan.select[i].expression) == stored)
      outputs.push_back(static_cast<int>(i));
  return outputs;
}

}  // namespace

LongRows::LongRows(QueryContext context, RowRange range, int64_t first_search_rows, Engine* windows)
    : context_(std::move(context)),
      range_(range),
      stored_(context_, outputs_where(*context_.plan, true), windows),
      computed_outputs_(outputs_where(*context_.plan, false)),
      search_rows_(first_search_rows),
      search_rows_max_(std::min(
          kSearchRowsMax, statement_rows_max(largest_group(*context_.plan, computed_outputs_)))) {}

Result<std::shared_ptr<arrow::RecordBatch>> LongRows::next() {
  if (numbers().empty()) {
    BOWSHOT_ASSIGN(const bool has_more, find_more());
    if (!has_more) return nullptr;
  }
  BOWSHOT_ASSIGN(const int64_t read_end, stored_.read(numbers()));
  // A batch that matches as a whole is not copied; but no new search is waited for, and what is
  // computed may be long.
  while (computed_outputs_.empty() && search_ && numbers().back() + 1 < read_end) {
    BOWSHOT_ASSIGN(const bool has_more, find_more());
    if (!has_more) break;
  }
  BOWSHOT_ASSIGN(const auto stored, stored_.take(numbers()));
  return with_computed(*stored);
}

std::span<const int64_t> LongRows::numbers() const {
  if (!found_) return {};
  const int64_t* first = row_numbers(*found_, found_->num_columns() - 1);
  return {first + found_used_, first + found_->num_rows()};
}

Result<bool> LongRows::find_more() {
  // Numbers alone are gathered for a batch of rows.
  const int64_t rows_wanted = computed_outputs_.empty() ? kBatchRowsMax : 1;
  std::vector<std::shared_ptr<arrow::RecordBatch>> gathered;
  int64_t rows = 0;
  while (rows < rows_wanted) {
    if (!search_) {
      if (rows > 0 || range_.begin >= range_.end || range_.rows_left == 0) break;
      BOWSHOT_TRY(start_search());
    }
    BOWSHOT_ASSIGN(auto found, search_->next());
    if (!found) {
      search_.reset();
      continue;
    }
    if (range_.rows_left) *range_.rows_left -= found->num_rows();
    rows += found->num_rows();
    gathered.push_back(std::move(found));
  }
  if (gathered.empty()) return false;
  if (!numbers().empty()) gathered.insert(gathered.begin(), found_->Slice(found_used_));
  found_used_ = 0;
  BOWSHOT_ASSIGN(found_, join_batches(gathered));
  return true;
}

Result<void> LongRows::start_search() {
  const Plan& plan = *context_.plan;
  RowsQuery query;
  for (const int output : computed_outputs_)
    query.outputs.push_back(plan.select[static_cast<size_t>(output)].expression);
  query.row_number = true;
  query.ordered = !keeps_row_order(plan);
  query.limit = range_.rows_left;
  query.scan.dataset = plan.dataset.get();
  query.scan.begin = range_.begin;
  query.scan.end = scan_end(
      *plan.dataset, range_.begin,
      range_.begin + std::min({range_.end - range_.begin, search_rows_, search_rows_max_}));
  range_.begin = query.scan.end;
  search_rows_ = search_rows_ < search_rows_max_ / kSearchGrowth ? search_rows_ * kSearchGrowth
                                                                 : search_rows_max_;
  BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
  BOWSHOT_ASSIGN(search_, RunningQuery::start(context_.database, sql, context_.stop));
  return {};
}

/// The next found rows: their stored columns beside what was computed of them.
std::shared_ptr<arrow::RecordBatch> LongRows::with_computed(const arrow::RecordBatch& stored) {
  const int64_t rows = stored.num_rows();
  const auto computed = found_->Slice(found_used_, rows);
  found_used_ += rows;
  return put_together(context_.plan->select.size(), {&stored_.outputs(), &stored},
                      {&computed_outputs_, computed.get()});
}

}  // namespace bowshot
