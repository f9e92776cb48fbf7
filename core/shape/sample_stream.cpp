#include "shape/sample_stream.hpp"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "query/literal.hpp"
#include "shape/arrow_result.hpp"

namespace bowshot {

namespace {

/// What a piece may weigh: each costs a look at every row group, so they are large.
constexpr int64_t kPieceBytesTarget = 64 << 20;
constexpr int64_t kPieceRowsMax = 100'000;

/// `_row IN (...)`.
ExpressionPtr is_one_of(std::span<const int64_t> rows) {
  std::vector<ExpressionPtr> arguments = {row_number_expression()};
  for (const int64_t row : rows) arguments.push_back(make_grid_literal(arrow::int64(), row));
  return make_call(arrow::boolean(), Function::kIn, std::move(arguments));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> SampleStream::next() {
  if (!outcome_) return fail(outcome_.error());
  if (sent_ == chosen_.rows.size()) return nullptr;
  auto batch = next_batch();
  if (!batch) outcome_ = fail(batch.error());
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> SampleStream::next_batch() {
  if (!std::exchange(is_open_, true)) BOWSHOT_TRY(open());
  BOWSHOT_ASSIGN(auto batch, stream_ ? stream_->next() : next_piece());
  if (!batch) return fail(ErrorCode::kBadData, "rows that were found cannot be read again");
  arrow::ArrayVector columns = batch->columns();
  if (!chosen_.weights.empty()) {
    BOWSHOT_ASSIGN(auto column, weights(batch->num_rows()));
    columns.push_back(std::move(column));
  }
  sent_ += static_cast<size_t>(batch->num_rows());
  return arrow::RecordBatch::Make(schema(), batch->num_rows(), std::move(columns));
}

Result<void> SampleStream::open() {
  std::vector<int64_t> rows;
  rows.reserve(chosen_.rows.size());
  for (const KeyedRow& row : chosen_.rows) rows.push_back(row.row);
  BOWSHOT_ASSIGN(stream_, sub_plans_.start_rows(output_plan(), std::move(rows)));
  return {};
}

/// What is selected, of whatever rows.
Plan SampleStream::output_plan() const {
  Plan plan = sub_plans_.make(Plan::Kind::kRows);
  plan.filter = nullptr;  // rows were found by it
  plan.select = sub_plans_.plan().select;
  arrow::FieldVector fields = schema()->fields();
  fields.resize(plan.select.size());
  plan.schema = arrow::schema(std::move(fields));
  return plan;
}

Result<std::shared_ptr<arrow::RecordBatch>> SampleStream::next_piece() {
  if (piece_rows_ == 0) piece_rows_ = static_cast<size_t>(kFirstBatchRowsMax);
  const size_t rows = std::min(piece_rows_, chosen_.rows.size() - sent_);
  BOWSHOT_ASSIGN(auto batch, fetch(std::span(chosen_.rows).subspan(sent_, rows)));
  // Rows are alike: the next piece is as long as this one says.
  const int64_t row_bytes =
      std::max<int64_t>(1, arrow::util::TotalBufferSize(*batch) / batch->num_rows());
  piece_rows_ =
      static_cast<size_t>(std::clamp<int64_t>(kPieceBytesTarget / row_bytes, 1, kPieceRowsMax));
  return batch;
}

Result<std::shared_ptr<arrow::Array>> SampleStream::weights(int64_t rows) const {
  arrow::DoubleBuilder builder;
  BOWSHOT_TRY(from_arrow_call(builder.AppendValues(chosen_.weights.data() + sent_, rows)));
  return from_arrow_call(builder.Finish());
}

/// The selected columns of `rows`, in that order.
Result<std::shared_ptr<arrow::RecordBatch>> SampleStream::fetch(
    std::span<const KeyedRow> rows) const {
  std::vector<int64_t> ascending;
  for (const KeyedRow& row : rows) ascending.push_back(row.row);
  std::ranges::sort(ascending);
  Plan plan = output_plan();
  plan.filter = is_one_of(ascending);
  BOWSHOT_ASSIGN(const auto batch, sub_plans_.collect(std::move(plan)));
  if (!batch || batch->num_rows() != static_cast<int64_t>(rows.size()))
    return fail(ErrorCode::kBadData, "rows that were found cannot be read again");
  arrow::Int64Builder positions;
  for (const KeyedRow& row : rows)
    BOWSHOT_TRY(from_arrow_call(
        positions.Append(std::ranges::lower_bound(ascending, row.row) - ascending.begin())));
  BOWSHOT_ASSIGN(const auto indices, from_arrow_call(positions.Finish()));
  BOWSHOT_ASSIGN(const auto taken, from_arrow_call(arrow::compute::Take(batch, indices)));
  return taken.record_batch();
}

}  // namespace bowshot
