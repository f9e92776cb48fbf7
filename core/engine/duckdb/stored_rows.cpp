#include "engine/duckdb/stored_rows.hpp"

#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "base/check.hpp"
#include "engine/duckdb/row_bytes.hpp"
#include "engine/parquet/output_columns.hpp"

namespace bowshot {
namespace {

/// A gap of more bytes than this is not read through: to begin anew costs a page a column.
constexpr int64_t kGapBytesMax = 4 << 20;
/// Below, threads cost more than they bring.
constexpr int64_t kParallelRowsMin = 8'192;

/// The plan's outputs `outputs`, without filter and order.
Plan window_plan(const Plan& plan, const std::vector<int>& outputs) {
  Plan window;
  window.dataset = plan.dataset;
  arrow::FieldVector fields;
  for (const int output : outputs) {
    window.select.push_back(plan.select[static_cast<size_t>(output)]);
    fields.push_back(plan.schema->field(output));
  }
  window.schema = arrow::schema(std::move(fields));
  return window;
}

}  // namespace

StoredRows::StoredRows(QueryContext context, std::vector<int> outputs, Engine* windows)
    : context_(std::move(context)),
      outputs_(std::move(outputs)),
      windows_(windows),
      gap_rows_max_(kGapBytesMax / largest_group(*context_.plan, outputs_).row_bytes()) {}

bool StoredRows::is_stored(const Expression& expression) {
  const auto* column = std::get_if<ColumnReference>(&expression.node);
  return column && column->kind == ColumnReference::Kind::kDataset;
}

Result<void> StoredRows::open(std::span<const int64_t> rows) {
  Plan plan = window_plan(*context_.plan, outputs_);
  stream_end_ = plan.dataset->rows();
  for (size_t i = 1; i < rows.size(); ++i) {  // as far as rows lie near each other
    if (rows[i] - rows[i - 1] <= gap_rows_max_) continue;
    stream_end_ = rows[i - 1] + 1;
    plan.limit = stream_end_ - rows.front();
    break;
  }
  plan.offset = rows.front();
  batch_.reset();
  batch_begin_ = batch_end_ = rows.front();
  auto shared_plan = std::make_shared<const Plan>(std::move(plan));
  BOWSHOT_CHECK(windows_->accepts(*shared_plan));
  BOWSHOT_ASSIGN(stream_, windows_->run(std::move(shared_plan), context_.stop));
  return {};
}

Result<int64_t> StoredRows::read(std::span<const int64_t> rows) {
  const int64_t row = rows.front();
  if (batch_ && row < batch_end_) return batch_end_;
  const bool is_near = stream_ && row < stream_end_ && row - batch_end_ <= gap_rows_max_;
  if (!is_near) BOWSHOT_TRY(open(rows));
  while (row >= batch_end_) {
    batch_.reset();  // before the next one is read
    BOWSHOT_ASSIGN(batch_, stream_->next());
    if (!batch_) return fail(ErrorCode::kBadData, "the data has fewer rows than its footer says");
    batch_begin_ = batch_end_;
    batch_end_ += batch_->num_rows();
  }
  return batch_end_;
}

void StoredRows::rest() {
  // Where pages of nested columns are not known, all of the row group before would be read again.
  const arrow::Schema& schema = *context_.plan->schema;
  for (const int output : outputs_)
    if (schema.field(output)->type()->num_fields() > 0) return;
  stream_.reset();
  batch_.reset();
}

Result<std::shared_ptr<arrow::RecordBatch>> StoredRows::take(std::span<const int64_t> rows) {
  BOWSHOT_TRY(read(rows));
  const auto past = std::ranges::lower_bound(rows, batch_end_);
  const std::span<const int64_t> here(rows.begin(), past);
  const auto count = static_cast<int64_t>(here.size());
  const int64_t first = here.front() - batch_begin_;
  if (here.back() - here.front() + 1 == count)  // ascending: all of these rows
    return count == batch_->num_rows() ? batch_ : batch_->Slice(first, count);
  arrow::Int64Builder builder;
  if (auto status = builder.Reserve(count); !status.ok()) return fail(arrow_failure(status));
  for (const int64_t row : here) builder.UnsafeAppend(row - batch_begin_);
  auto positions = builder.Finish();
  if (!positions.ok()) return fail(arrow_failure(positions.status()));
  const auto take_column = [&](size_t column) -> Result<std::shared_ptr<arrow::Array>> {
    auto taken = arrow::compute::Take(*batch_->column(static_cast<int>(column)), **positions);
    if (!taken.ok()) return fail(arrow_failure(taken.status()));
    return *std::move(taken);
  };
  BOWSHOT_ASSIGN(auto columns,
                 read_columns(outputs_.size(), count >= kParallelRowsMin, take_column));
  return arrow::RecordBatch::Make(batch_->schema(), count, std::move(columns));
}

std::shared_ptr<arrow::RecordBatch> put_together(size_t count, const SomeOutputs& stored,
                                                 const SomeOutputs& computed) {
  std::vector<std::shared_ptr<arrow::Array>> columns(count);
  arrow::FieldVector fields(count);
  for (const SomeOutputs& some : {stored, computed}) {
    for (size_t i = 0; i < some.outputs->size(); ++i) {
      const auto output = static_cast<size_t>((*some.outputs)[i]);
      columns[output] = some.columns->column(static_cast<int>(i));
      fields[output] = arrow::field("", columns[output]->type());
    }
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), stored.columns->num_rows(),
                                  std::move(columns));
}

}  // namespace bowshot
