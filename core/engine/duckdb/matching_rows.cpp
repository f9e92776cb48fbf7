#include "engine/duckdb/matching_rows.hpp"

#include <arrow/record_batch.h>

#include <algorithm>
#include <string>

#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/duckdb/row_order.hpp"
#include "engine/duckdb/scan_range.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

/// At most `limit` matching rows of [begin, end).
Result<void> append_matches(const QueryContext& context, const MatchSlice& scan,
                            std::vector<int64_t>& rows) {
  const Plan& plan = *context.plan;
  RowsQuery query;
  query.scan.dataset = plan.dataset.get();
  query.scan.begin = scan.begin;
  query.scan.end = scan.end;
  query.row_number = true;
  query.limit = scan.limit;
  BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
  StatementBatches batches(context, sql);
  for (;;) {
    BOWSHOT_ASSIGN(const auto batch, batches.next());
    if (!batch) return {};
    const int64_t* numbers = row_numbers(*batch, 0);
    rows.insert(rows.end(), numbers, numbers + batch->num_rows());
  }
}

}  // namespace

Result<std::vector<int64_t>> find_matching_rows(const QueryContext& context,
                                                const MatchSlice& slice) {
  const Dataset& dataset = *context.plan->dataset;
  // How many rows match before a scan's end is known when it has run: what is skipped is read too.
  const int64_t wanted = slice.offset + slice.limit;
  const bool keeps_order = keeps_row_order(*context.plan);
  std::vector<int64_t> rows;
  for (int64_t begin = slice.begin; begin < slice.end;) {
    const int64_t end = scan_end(dataset, begin, slice.end);
    const auto found = static_cast<int64_t>(rows.size());
    if (found >= wanted) break;
    const int64_t limit = keeps_order ? wanted - found : end - begin;
    const auto appended = append_matches(context, {begin, end, 0, limit}, rows);
    if (!appended) {
      BOWSHOT_TRY(dataset.check_unchanged());
      return std::unexpected(appended.error());
    }
    std::sort(rows.begin() + found, rows.end());
    begin = end;
  }
  const auto begin = std::min<size_t>(rows.size(), static_cast<size_t>(slice.offset));
  rows.erase(rows.begin(), rows.begin() + static_cast<int64_t>(begin));
  rows.resize(std::min<size_t>(rows.size(), static_cast<size_t>(slice.limit)));
  return rows;
}

}  // namespace bowshot
