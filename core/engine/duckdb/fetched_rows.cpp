#include "engine/duckdb/fetched_rows.hpp"

#include <arrow/array.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/duckdb/stored_rows.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

/// Whether an output is read by row number straight from Parquet.
bool is_read_by_number(const Expression& expression) {
  const auto* column = std::get_if<ColumnReference>(&expression.node);
  return column && column->kind != ColumnReference::Kind::kComputed;
}

/// The outputs that are read so, or those that are computed.
std::vector<int> outputs_where(const Plan& plan, bool by_number) {
  std::vector<int> outputs;
  for (size_t i = 0; i < plan.select.size(); ++i)
    if (is_read_by_number(*plan.select[i].expression) == by_number)
      outputs.push_back(static_cast<int>(i));
  return outputs;
}

/// A plan of `outputs` alone.
std::shared_ptr<const Plan> plan_of(const Plan& plan, const std::vector<int>& outputs) {
  auto part = std::make_shared<Plan>();
  part->dataset = plan.dataset;
  arrow::FieldVector fields;
  for (const int output : outputs) {
    part->select.push_back(plan.select[static_cast<size_t>(output)]);
    fields.push_back(plan.schema->field(output));
  }
  part->schema = arrow::schema(std::move(fields));
  return part;
}

/// `batch`, whose last column is `_row`, in the order of `rows`.
Result<std::shared_ptr<arrow::RecordBatch>> in_order(
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

}  // namespace

FetchedRows::FetchedRows(QueryContext context, Engine* windows, std::vector<int64_t> rows)
    : context_(std::move(context)), windows_(windows), rows_(std::move(rows)) {}

Result<std::shared_ptr<arrow::RecordBatch>> FetchedRows::next() {
  if (!has_begun_) {
    has_begun_ = true;
    BOWSHOT_TRY(begin());
  }
  if (!stored_) return std::exchange(computed_, nullptr);
  BOWSHOT_ASSIGN(auto batch, stored_->next());
  if (!batch || !computed_) return batch;
  const auto beside = computed_->Slice(given_rows_, batch->num_rows());
  given_rows_ += batch->num_rows();
  return put_together(context_.plan->select.size(), {&stored_outputs_, batch.get()},
                      {&computed_outputs_, beside.get()});
}

Result<void> FetchedRows::begin() {
  const Plan& plan = *context_.plan;
  if (rows_.empty()) return {};
  if (!windows_) {
    computed_outputs_.resize(plan.select.size());
    std::iota(computed_outputs_.begin(), computed_outputs_.end(), 0);
  } else {
    stored_outputs_ = outputs_where(plan, true);
    computed_outputs_ = outputs_where(plan, false);
  }
  if (!computed_outputs_.empty()) {
    BOWSHOT_ASSIGN(computed_, compute());
  }
  if (stored_outputs_.empty()) return {};
  BOWSHOT_ASSIGN(stored_,
                 windows_->read_rows(plan_of(plan, stored_outputs_), rows_, context_.stop));
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> FetchedRows::compute() const {
  const Plan& plan = *context_.plan;
  RowsQuery query;
  query.scan.dataset = plan.dataset.get();
  query.scan.end = plan.dataset->rows();
  for (const int output : computed_outputs_)
    query.outputs.push_back(plan.select[static_cast<size_t>(output)].expression);
  query.row_number = true;
  query.filtered = false;
  query.scan.rows = rows_;
  std::ranges::sort(query.scan.rows);
  BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
  BOWSHOT_ASSIGN(auto batch, collect(context_, sql));
  if (!batch || batch->num_rows() != static_cast<int64_t>(rows_.size()))
    return fail(ErrorCode::kBadData, "rows that were found cannot be read again");
  BOWSHOT_ASSIGN(batch, in_order(batch, rows_));
  auto without_rows = batch->RemoveColumn(batch->num_columns() - 1);
  if (!without_rows.ok()) return fail(arrow_failure(without_rows.status()));
  return *std::move(without_rows);
}

}  // namespace bowshot
