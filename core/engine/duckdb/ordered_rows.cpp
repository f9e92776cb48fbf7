#include "engine/duckdb/ordered_rows.hpp"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/duckdb/row_bytes.hpp"
#include "engine/duckdb/stored_rows.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

/// Measured: rows by number cost about as much as one more column through the sort, up to about so
/// many of them.
constexpr int64_t kFetchedRowsMax = 1'024;

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

ExpressionPtr row_expression() {
  return make_column(arrow::int64(), {.kind = ColumnReference::Kind::kRowNumber});
}

/// The outputs that are read straight from Parquet: all stored ones where rows are long, else those
/// whose values DuckDB would cut.
std::vector<int> outputs_for_windows(const Plan& plan) {
  const bool has_long_rows = is_long(largest_group(plan));
  std::vector<int> outputs;
  for (size_t i = 0; i < plan.select.size(); ++i) {
    const Expression& expression = *plan.select[i].expression;
    if (StoredRows::is_stored(expression) && (has_long_rows || is_cut_by_duckdb(*expression.type)))
      outputs.push_back(static_cast<int>(i));
  }
  return outputs;
}

class FetchedWindow : public RawBatches {
 public:
  FetchedWindow(QueryContext context, Engine* windows)
      : context_(std::move(context)), windows_(windows) {}

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    if (is_done_) return nullptr;
    is_done_ = true;
    BOWSHOT_ASSIGN(const std::vector<int64_t> rows, find_rows());
    if (rows.empty()) return nullptr;
    return fetch(rows);
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

  Result<std::shared_ptr<arrow::RecordBatch>> fetch(const std::vector<int64_t>& rows) const {
    const Plan& plan = *context_.plan;
    RowsQuery query = base_query(plan);
    query.outputs = select_expressions(plan);
    std::vector<int> stored;
    if (windows_) stored = outputs_for_windows(plan);
    // What the windows read is not asked of DuckDB, but for its place among the columns.
    for (const int output : stored) query.outputs[static_cast<size_t>(output)] = row_expression();
    query.row_number = true;
    query.filtered = false;
    query.scan.rows = rows;
    std::ranges::sort(query.scan.rows);
    const std::vector<int64_t> ascending = query.scan.rows;
    BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
    BOWSHOT_ASSIGN(auto batch, collect(context_, sql));
    if (!batch || batch->num_rows() != static_cast<int64_t>(rows.size()))
      return fail(ErrorCode::kBadData, "rows that were found cannot be read again");
    BOWSHOT_ASSIGN(batch, in_order(batch, ascending));  // joins may have moved them
    if (!stored.empty()) {
      BOWSHOT_ASSIGN(batch, with_stored(batch, ascending, stored));
    }
    BOWSHOT_ASSIGN(batch, in_order(batch, rows));
    auto without_rows = batch->RemoveColumn(batch->num_columns() - 1);
    if (!without_rows.ok()) return fail(arrow_failure(without_rows.status()));
    return *std::move(without_rows);
  }

  /// `batch`, whose rows ascend, with columns read straight from Parquet.
  Result<std::shared_ptr<arrow::RecordBatch>> with_stored(std::shared_ptr<arrow::RecordBatch> batch,
                                                          const std::vector<int64_t>& ascending,
                                                          const std::vector<int>& outputs) const {
    StoredRows reader(context_, outputs, windows_);
    std::vector<std::shared_ptr<arrow::RecordBatch>> pieces;
    for (std::span<const int64_t> left = ascending; !left.empty();) {
      BOWSHOT_ASSIGN(auto piece, reader.take(left));
      left = left.subspan(static_cast<size_t>(piece->num_rows()));
      pieces.push_back(std::move(piece));
    }
    BOWSHOT_ASSIGN(const auto stored, join_batches(pieces));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const auto column = stored->column(static_cast<int>(i));
      auto replaced = batch->SetColumn(outputs[i], arrow::field("", column->type()), column);
      if (!replaced.ok()) return fail(arrow_failure(replaced.status()));
      batch = *std::move(replaced);
    }
    return batch;
  }

  /// `batch`, whose last column is `_row`, in the order of `rows`.
  static Result<std::shared_ptr<arrow::RecordBatch>> in_order(
      const std::shared_ptr<arrow::RecordBatch>& batch, const std::vector<int64_t>& rows) {
    const int64_t* numbers = row_numbers(*batch, batch->num_columns() - 1);
    std::vector<int64_t> by_row(rows.size());  // positions in the batch by ascending row number
    std::iota(by_row.begin(), by_row.end(), 0);
    std::ranges::sort(by_row, {}, [&](int64_t position) { return numbers[position]; });
    arrow::Int64Builder positions;
    for (const int64_t row : rows) {
      const auto found =
          std::ranges::lower_bound(by_row, row, {}, [&](int64_t p) { return numbers[p]; });
      BOWSHOT_CHECK(found != by_row.end() && numbers[*found] == row);
      if (auto status = positions.Append(*found); !status.ok()) return fail(arrow_failure(status));
    }
    auto indices = positions.Finish();
    if (!indices.ok()) return fail(arrow_failure(indices.status()));
    auto taken = arrow::compute::Take(batch, *indices);
    if (!taken.ok()) return fail(arrow_failure(taken.status()));
    return taken->record_batch();
  }

  QueryContext context_;
  Engine* windows_;  // outlives this: the maker's promise
  bool is_done_ = false;
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
