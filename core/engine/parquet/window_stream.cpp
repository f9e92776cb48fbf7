#include "engine/parquet/window_stream.hpp"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace bowshot {

namespace {

/// Row groups are read together up to this many rows, so that small ones do not make small batches.
constexpr int64_t kRunRows = 1 << 20;
/// Of a stream's first batch, which is waited for.
constexpr double kFirstBatchBytes = 1 << 20;
/// Below this many values the columns of a batch are read on the caller's thread: handing them out
/// would cost more than reading them, and many small windows keep the cores busy anyway.
constexpr int64_t kParallelValuesMin = 100'000;

/// Without lists and structs, whose rows may have to be decoded from the row group's start.
bool is_flat(const arrow::Schema& schema) {
  return std::ranges::none_of(schema.fields(),
                              [](const auto& field) { return field->type()->num_fields() > 0; });
}

/// Row groups from the one that holds `row` (of the file) on, up to about kRunRows or `end_row`.
GroupSpan choose_groups(const std::vector<int64_t>& starts, int64_t row, int64_t end_row) {
  const auto after = std::ranges::upper_bound(starts, row);
  GroupSpan span;
  span.group_begin = static_cast<int>(after - starts.begin()) - 1;
  span.first_row = row - starts[span.group_begin];
  span.group_end = span.group_begin + 1;
  const int groups = static_cast<int>(starts.size()) - 1;
  while (span.group_end < groups && starts[span.group_end] < end_row &&
         starts[span.group_end + 1] - starts[span.group_begin] <= kRunRows)
    ++span.group_end;
  return span;
}

}  // namespace

Result<std::unique_ptr<BatchStream>> WindowStream::make(std::shared_ptr<const Plan> plan,
                                                        std::shared_ptr<PageMapCache> page_maps,
                                                        std::shared_ptr<ReadTurns> turns,
                                                        const StopToken& stop) {
  std::unique_ptr<WindowStream> stream(new WindowStream);
  const int64_t rows = plan->dataset->rows();
  stream->next_row_ = std::min(plan->offset, rows);
  stream->end_row_ =
      stream->next_row_ + std::min(plan->limit.value_or(rows), rows - stream->next_row_);
  stream->plan_ = std::move(plan);
  stream->page_maps_ = std::move(page_maps);
  if (stream->end_row_ - stream->next_row_ > kBatchRowsMax) stream->turns_ = std::move(turns);
  stream->stop_ = stop;
  BOWSHOT_ASSIGN(stream->outputs_, OutputColumns::make(*stream->plan_));
  return stream;
}

Result<std::shared_ptr<arrow::RecordBatch>> WindowStream::next() {
  if (error_) return std::unexpected(*error_);
  auto batch = read_batch();
  if (!batch) {
    error_ = explain(std::move(batch).error());
    run_.reset();
    return std::unexpected(*error_);
  }
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> WindowStream::read_batch() {
  if (stop_.stop_requested()) return std::unexpected(stop_.error());
  if (next_row_ == end_row_) {
    run_.reset();
    BOWSHOT_TRY(check_files_unchanged());
    return nullptr;
  }
  int64_t rows = std::min(end_row_ - next_row_, kBatchRowsMax);
  arrow::ArrayVector columns;
  if (!outputs_.finishers.empty()) {
    std::optional<ReadTurns::Turn> turn;
    if (turns_) {
      BOWSHOT_ASSIGN(auto taken, turns_->take(stop_));
      turn.emplace(std::move(taken));
    }
    if (!run_ || next_row_ == run_end_row_) BOWSHOT_TRY(begin_run());
    rows = std::min({rows, run_end_row_ - next_row_, batch_size_.rows()});
    BOWSHOT_ASSIGN(columns, read_columns(rows));
    BOWSHOT_TRY(plan_->dataset->files()[file_].file->check_unchanged());
    int64_t bytes = 0;
    for (const auto& column : columns) bytes += held_bytes(*column);
    batch_size_.observe(rows, bytes);
  }
  BOWSHOT_ASSIGN(auto outputs,
                 outputs_.arrange(columns, [&] { return row_numbers(next_row_, rows); }));
  next_row_ += rows;
  return arrow::RecordBatch::Make(plan_->schema, rows, std::move(outputs));
}

Result<void> WindowStream::begin_run() {
  run_.reset();  // before the next one takes its memory
  const std::vector<DatasetFile>& files = plan_->dataset->files();
  const auto after = std::ranges::upper_bound(files, next_row_, {}, &DatasetFile::first_row);
  file_ = static_cast<size_t>(after - files.begin()) - 1;
  if (!first_file_) first_file_ = file_;
  const DatasetFile& part = files[file_];
  const auto& starts = part.file->group_starts();
  GroupSpan span = choose_groups(starts, next_row_ - part.first_row, end_row_ - part.first_row);
  run_end_row_ = std::min(end_row_, part.first_row + starts[span.group_end]);
  span.rows = run_end_row_ - next_row_;

  const std::vector<int> columns = outputs_.columns();
  BOWSHOT_ASSIGN(const RowBytes row_bytes,
                 estimate_row_bytes(*part.file, span.group_begin, columns));
  batch_size_.expect(row_bytes);
  const bool is_first = std::exchange(is_first_run_, false);
  if (is_first && is_flat(*plan_->schema) && span.rows > batch_size_.rows()) {
    const auto fitting = static_cast<int64_t>(kFirstBatchBytes / std::max(row_bytes.bytes, 1.0));
    span.rows = std::clamp<int64_t>(fitting, 1, batch_size_.rows());
    run_end_row_ = next_row_ + span.rows;
  }
  BOWSHOT_ASSIGN(
      run_, GroupRun::make(part.file, span, columns,
                           std::max<int64_t>(batch_size_.rows(), kFirstBatchRowsMax), *page_maps_));
  return {};
}

Result<std::shared_ptr<arrow::Array>> WindowStream::read_column(size_t slot, int64_t rows) {
  if (stop_.stop_requested()) return std::unexpected(stop_.error());
  BOWSHOT_ASSIGN(const auto values, run_->next(slot, rows, stop_));
  return outputs_.finishers[slot].finish(*values);
}

Result<arrow::ArrayVector> WindowStream::read_columns(int64_t rows) {
  const size_t count = outputs_.finishers.size();
  const bool in_parallel = rows * static_cast<int64_t>(count) >= kParallelValuesMin;
  return bowshot::read_columns(count, in_parallel,
                               [&](size_t slot) { return read_column(slot, rows); });
}

Error WindowStream::explain(Error error) const {
  if (error.code != ErrorCode::kBadData) return error;
  auto unchanged = check_files_unchanged();
  return unchanged ? error : std::move(unchanged).error();
}

Result<void> WindowStream::check_files_unchanged() const {
  const std::vector<DatasetFile>& files = plan_->dataset->files();
  if (!first_file_) return {};
  for (size_t i = *first_file_; i <= file_; ++i) BOWSHOT_TRY(files[i].file->check_unchanged());
  return {};
}

}  // namespace bowshot
