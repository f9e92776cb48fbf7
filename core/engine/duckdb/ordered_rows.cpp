#include "engine/duckdb/ordered_rows.hpp"

#include <arrow/record_batch.h>

#include <algorithm>
#include <vector>

#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/duckdb/fetched_rows.hpp"
#include "engine/duckdb/row_bytes.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

std::vector<ExpressionPtr> select_expressions(const Plan& plan) {
  std::vector<ExpressionPtr> expressions;
  for (const NamedExpression& item : plan.select) expressions.push_back(item.expression);
  return expressions;
}

RowsQuery base_query(const Plan& plan) {
  RowsQuery query;
  query.scan.dataset = plan.dataset.get();
  query.scan.end = plan.dataset->rows();
  return query;
}

/// Whether the sort carries every column that is put out anyway.
bool is_covered_by_order(const Plan& plan) {
  std::vector<int> carried;
  for (const OrderItem& item : plan.order) {
    const auto columns = referenced_columns(*item.expression, plan.computed);
    carried.insert(carried.end(), columns.begin(), columns.end());
  }
  return std::ranges::all_of(plan.select, [&](const NamedExpression& item) {
    if (is_cut_by_duckdb(*item.expression->type)) return false;
    return std::ranges::all_of(
        referenced_columns(*item.expression, plan.computed),
        [&](int column) { return std::ranges::find(carried, column) != carried.end(); });
  });
}

/// Sorts keys and `_row` alone, then fetches the rows that it found by number.
class FetchedWindow : public RawBatches {
 public:
  FetchedWindow(QueryContext context, Engine* windows)
      : context_(std::move(context)), windows_(windows) {}

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    if (!rows_) {
      BOWSHOT_ASSIGN(std::vector<int64_t> found, find_rows());
      rows_ = std::make_unique<FetchedRows>(context_, windows_, std::move(found));
    }
    return rows_->next();
  }

 private:
  Result<std::vector<int64_t>> find_rows() const {
    const Plan& plan = *context_.plan;
    RowsQuery query = base_query(plan);
    query.row_number = true;
    query.ordered = true;
    query.offset = plan.offset;
    query.limit = plan.limit;
    BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
    BOWSHOT_ASSIGN(const auto batch, collect(context_, sql));
    if (!batch) return std::vector<int64_t>();
    const int64_t* numbers = row_numbers(*batch, 0);
    return std::vector<int64_t>(numbers, numbers + batch->num_rows());
  }

  QueryContext context_;
  Engine* windows_;  // outlives this: the maker's promise; may be null
  std::unique_ptr<FetchedRows> rows_;
};

}  // namespace

Result<std::unique_ptr<RawBatches>> make_ordered_rows(QueryContext context, Engine* windows) {
  const Plan& plan = *context.plan;
  const bool is_window = plan.limit && *plan.limit <= kFetchedRowsMax;
  if (is_window && !is_covered_by_order(plan))
    return std::make_unique<FetchedWindow>(std::move(context), windows);
  RowsQuery query = base_query(plan);
  query.outputs = select_expressions(plan);
  query.ordered = true;
  query.offset = plan.offset;
  query.limit = plan.limit;
  BOWSHOT_ASSIGN(std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
  return std::make_unique<StatementBatches>(std::move(context), std::move(sql));
}

}  // namespace bowshot
