#include "engine/duckdb/long_rows.hpp"

#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "base/check.hpp"
#include "engine/duckdb/duckdb_dialect.hpp"
#include "engine/statement.hpp"

namespace bowshot {
namespace {

/// Searches begin small, for an early first batch, and grow, for a filter over long text itself
/// decodes a row group from its start each time.
constexpr int64_t kFirstSearchRows = 2'048;
constexpr int64_t kSearchGrowth = 8;

/// A gap of more rows than this is not read through.
constexpr int64_t kGapRowsMax = 4'096;

bool is_stored(const Expression& expression) {
  const auto* column = std::get_if<ColumnReference>(&expression.node);
  return column && column->kind == ColumnReference::Kind::kDataset;
}

/// The plan's stored outputs, without filter and order.
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

LongRows::LongRows(QueryContext context, RowRange range, Engine* windows)
    : context_(std::move(context)), range_(range), windows_(windows), search_rows_(kFirstSearchRows) {
  for (int i = 0; i < static_cast<int>(context_.plan->select.size()); ++i) {
    const bool stored = is_stored(*context_.plan->select[static_cast<size_t>(i)].expression);
    (stored ? stored_outputs_ : computed_outputs_).push_back(i);
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> LongRows::next() {
  while (!found_ || found_used_ == found_->num_rows()) {
    BOWSHOT_ASSIGN(const bool has_more, find_more());
    if (!has_more) return nullptr;
  }
  if (stored_outputs_.empty()) {
    found_used_ = found_->num_rows();
    return found_->RemoveColumn(found_->num_columns() - 1).ValueOrDie();
  }
  BOWSHOT_TRY(move_to(row_numbers(*found_, found_->num_columns() - 1)[found_used_]));
  return take_found();
}

Result<bool> LongRows::find_more() {
  for (;;) {
    if (!search_) {
      if (range_.begin >= range_.end || range_.rows_left == 0) return false;
      BOWSHOT_TRY(start_search());
    }
    BOWSHOT_ASSIGN(found_, search_->next());
    found_used_ = 0;
    if (found_) {
      if (range_.rows_left) *range_.rows_left -= found_->num_rows();
      return true;
    }
    search_.reset();
  }
}

Result<void> LongRows::start_search() {
  const Plan& plan = *context_.plan;
  RowsQuery query;
  for (const int output : computed_outputs_)
    query.outputs.push_back(plan.select[static_cast<size_t>(output)].expression);
  query.row_number = true;
  query.limit = range_.rows_left;
  query.scan.dataset = plan.dataset.get();
  query.scan.begin = range_.begin;
  query.scan.end = std::min(range_.end, range_.begin + search_rows_);
  for (const DatasetFile& file : plan.dataset->files()) {  // a search stays within a file
    const int64_t file_end = file.first_row + file.file->rows();
    if (file.first_row <= range_.begin && range_.begin < file_end)
      query.scan.end = std::min(query.scan.end, file_end);
  }
  range_.begin = query.scan.end;
  search_rows_ *= kSearchGrowth;
  BOWSHOT_ASSIGN(const std::string sql, rows_statement(plan, DuckDbDialect(), std::move(query)));
  BOWSHOT_ASSIGN(search_, RunningQuery::start(context_.database, sql, context_.stop));
  return {};
}

Result<void> LongRows::open_window(int64_t row) {
  Plan plan = window_plan(*context_.plan, stored_outputs_);
  plan.offset = row;
  window_.reset();
  window_begin_ = window_end_ = row;
  window_plan_ = std::make_shared<const Plan>(std::move(plan));
  BOWSHOT_CHECK(windows_->accepts(*window_plan_));
  BOWSHOT_ASSIGN(stream_, windows_->run(window_plan_, context_.stop));
  return {};
}

Result<void> LongRows::move_to(int64_t row) {
  if (window_ && row < window_end_) return {};
  if (!stream_ || row - window_end_ > kGapRowsMax) BOWSHOT_TRY(open_window(row));
  while (row >= window_end_) {
    window_.reset();  // before the next one is read
    BOWSHOT_ASSIGN(window_, stream_->next());
    if (!window_) return fail(ErrorCode::kBadData, "the data has fewer rows than its footer says");
    window_begin_ = window_end_;
    window_end_ += window_->num_rows();
  }
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> LongRows::take_found() {
  const int64_t* numbers = row_numbers(*found_, found_->num_columns() - 1);
  const int64_t first = found_used_;
  arrow::Int64Builder builder;
  for (; found_used_ < found_->num_rows() && numbers[found_used_] < window_end_; ++found_used_)
    if (auto status = builder.Append(numbers[found_used_] - window_begin_); !status.ok())
      return fail(arrow_failure(status));
  const int64_t rows = found_used_ - first;
  auto indices = builder.Finish();
  if (!indices.ok()) return fail(arrow_failure(indices.status()));
  const bool is_whole = rows == window_->num_rows();
  auto taken = is_whole ? arrow::Result<arrow::Datum>(window_)
                        : arrow::compute::Take(window_, *indices);
  if (!taken.ok()) return fail(arrow_failure(taken.status()));

  const auto stored = taken->record_batch();
  const auto computed = found_->Slice(first, rows);
  std::vector<std::shared_ptr<arrow::Array>> columns(context_.plan->select.size());
  arrow::FieldVector fields(columns.size());
  const auto put = [&](int output, const std::shared_ptr<arrow::Array>& column) {
    columns[static_cast<size_t>(output)] = column;
    fields[static_cast<size_t>(output)] = arrow::field("", column->type());
  };
  for (size_t i = 0; i < stored_outputs_.size(); ++i)
    put(stored_outputs_[i], stored->column(static_cast<int>(i)));
  for (size_t i = 0; i < computed_outputs_.size(); ++i)
    put(computed_outputs_[i], computed->column(static_cast<int>(i)));
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(columns));
}

}  // namespace bowshot
