#include "engine/parquet/scattered_rows.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <numeric>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace bowshot {

namespace {

/// Rows in no order are read together, so that a page is decoded once, as long as they hold no more
/// than this.
constexpr int64_t kPartBytesMax = 16 << 20;
/// Below this many rows in all columns two threads cost more than they bring: a screen's window
/// touches one or two pages a column.
constexpr int64_t kParallelBlocksMin = 32;
/// A request that needs more than this share of the cache would only push out what others need.
constexpr int64_t kCacheShareMax = 4;

std::unexpected<Error> out_of_memory() {
  return fail(ErrorCode::kOutOfMemory, "not enough memory for a batch of rows");
}

Result<std::shared_ptr<arrow::Array>> as_array(std::span<const int64_t> numbers) {
  arrow::Int64Builder builder;
  if (!builder.AppendValues(numbers.data(), static_cast<int64_t>(numbers.size())).ok())
    return out_of_memory();
  auto array = builder.Finish();
  if (!array.ok()) return out_of_memory();
  return *std::move(array);
}

/// Appends rows of a block one after the other, those that follow one another at once.
class ValueAppender {
 public:
  ValueAppender(const arrow::Array& block, arrow::ArrayBuilder& builder)
      : block_(block), builder_(builder), values_(*block.data()) {
    if (block.type_id() != arrow::Type::DICTIONARY) return;
    codes_ = static_cast<const arrow::DictionaryArray*>(&block);
    dictionary_ = arrow::ArraySpan(*codes_->dictionary()->data());
  }

  arrow::Status append(int64_t first, int64_t rows) {
    if (!codes_) return builder_.AppendArraySlice(values_, first, rows);
    for (int64_t i = first; i < first + rows; ++i) {
      if (block_.IsNull(i)) {
        ARROW_RETURN_NOT_OK(builder_.AppendNull());
        continue;
      }
      const int64_t code = codes_->GetValueIndex(i);
      if (code < 0 || code >= dictionary_.length)
        return arrow::Status::Invalid("a code out of its dictionary");
      ARROW_RETURN_NOT_OK(builder_.AppendArraySlice(dictionary_, code, 1));
    }
    return arrow::Status::OK();
  }

 private:
  const arrow::Array& block_;
  arrow::ArrayBuilder& builder_;
  arrow::ArraySpan values_;
  const arrow::DictionaryArray* codes_ = nullptr;
  arrow::ArraySpan dictionary_;
};

/// Rows that lie in one row group.
struct GroupRows {
  std::shared_ptr<const DataFile> file;  // shared with the dataset
  int group = 0;
  int64_t begin = 0;  // the dataset's number of the group's first row
  std::span<const int64_t> rows;
};

/// The first of the ascending `rows` and those that lie in the same row group.
GroupRows first_group(const Dataset& dataset, std::span<const int64_t> rows) {
  const std::vector<DatasetFile>& files = dataset.files();
  const auto after = std::ranges::upper_bound(files, rows.front(), {}, &DatasetFile::first_row);
  const DatasetFile& part = *(after - 1);
  const std::vector<int64_t>& starts = part.file->group_starts();
  const auto next = std::ranges::upper_bound(starts, rows.front() - part.first_row);
  const auto count = std::ranges::lower_bound(rows, part.first_row + *next) - rows.begin();
  return {.file = part.file,
          .group = static_cast<int>(next - starts.begin()) - 1,
          .begin = part.first_row + *(next - 1),
          .rows = rows.first(static_cast<size_t>(count))};
}

/// Appends the values of a row group's rows to `builder`.
Result<void> append_rows(ColumnBlocks& blocks, const GroupRows& group, arrow::ArrayBuilder& builder,
                         const StopToken& stop) {
  std::span<const int64_t> rows = group.rows;
  const int64_t group_begin = group.begin;
  while (!rows.empty()) {
    const Block block = blocks.block_of(rows.front() - group_begin);
    BOWSHOT_ASSIGN(const auto values, blocks.values(block, stop));
    ValueAppender appender(*values, builder);
    size_t used = 0;
    while (used < rows.size() && rows[used] - group_begin < block.end) {
      size_t last = used;  // rows that follow one another
      while (last + 1 < rows.size() && rows[last + 1] == rows[last] + 1 &&
             rows[last + 1] - group_begin < block.end)
        ++last;
      const int64_t first = rows[used] - group_begin - block.begin;
      const auto status = appender.append(first, static_cast<int64_t>(last - used) + 1);
      if (status.IsOutOfMemory()) return out_of_memory();
      if (!status.ok()) return fail(ErrorCode::kBadData, status.message());
      used = last + 1;
    }
    rows = rows.subspan(used);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<BatchStream>> ScatteredRows::make(std::shared_ptr<const Plan> plan,
                                                         std::vector<int64_t> rows,
                                                         std::shared_ptr<ParquetCaches> caches,
                                                         const StopToken& stop) {
  for (const int64_t row : rows) BOWSHOT_CHECK(row >= 0 && row < plan->dataset->rows());
  std::unique_ptr<ScatteredRows> stream(new ScatteredRows);
  stream->plan_ = std::move(plan);
  stream->rows_ = std::move(rows);
  stream->is_ascending_ = std::ranges::is_sorted(stream->rows_);
  stream->caches_ = std::move(caches);
  stream->stop_ = stop;
  BOWSHOT_ASSIGN(stream->outputs_, OutputColumns::make(*stream->plan_));
  return stream;
}

Result<std::shared_ptr<arrow::RecordBatch>> ScatteredRows::next() {
  if (error_) return std::unexpected(*error_);
  auto batch = next_batch();
  if (batch) return batch;
  error_ = explain(std::move(batch).error());
  part_.reset();
  return std::unexpected(*error_);
}

Result<std::shared_ptr<arrow::RecordBatch>> ScatteredRows::next_batch() {
  if (stop_.stop_requested()) return std::unexpected(stop_.error());
  if (!part_ || part_used_ == part_->num_rows()) {
    part_.reset();  // before the next one takes its memory
    if (next_row_ == rows_.size()) {
      BOWSHOT_TRY(plan_->dataset->check_unchanged());
      return nullptr;
    }
    BOWSHOT_TRY(read_part());
  }
  int64_t bytes = 0;
  for (const auto& column : part_->columns()) bytes += held_bytes(*column);
  const int64_t fitting = kBatchBytesTarget / std::max<int64_t>(1, bytes / part_->num_rows());
  const int64_t rows_max = std::exchange(is_first_, false) ? kFirstBatchRowsMax : kBatchRowsMax;
  auto batch = part_->Slice(part_used_, std::clamp<int64_t>(fitting, 1, rows_max));
  part_used_ += batch->num_rows();
  return batch;
}

int64_t ScatteredRows::part_rows() {
  const auto left = static_cast<int64_t>(rows_.size() - next_row_);
  if (outputs_.finishers.empty()) return left;
  if (row_bytes_->is_exact) {
    const int64_t bytes = is_ascending_ ? kBatchBytesTarget : kPartBytesMax;
    const double rows = static_cast<double>(bytes) / std::max(row_bytes_->bytes, 1.0);
    return std::clamp<int64_t>(static_cast<int64_t>(rows), 1, left);
  }
  return std::min(left, batch_size_.rows());
}

Result<void> ScatteredRows::estimate() {
  const std::vector<int> columns = outputs_.columns();
  const GroupRows first = first_group(*plan_->dataset, std::span(rows_).subspan(next_row_, 1));
  BOWSHOT_ASSIGN(row_bytes_, estimate_row_bytes(*first.file, first.group, columns));
  batch_size_.expect(*row_bytes_);
  return {};
}

Result<void> ScatteredRows::read_part() {
  if (!row_bytes_ && !outputs_.finishers.empty()) BOWSHOT_TRY(estimate());
  const int64_t count = part_rows();
  const auto rows = std::span(rows_).subspan(next_row_, static_cast<size_t>(count));
  BOWSHOT_ASSIGN(const Sorted sorted, in_ascending_order(rows));
  BOWSHOT_ASSIGN(const arrow::ArrayVector columns, read_columns(sorted));
  int64_t bytes = 0;
  for (const auto& column : columns) bytes += held_bytes(*column);
  batch_size_.observe(count, bytes);
  BOWSHOT_ASSIGN(auto outputs, outputs_.arrange(columns, [&] { return as_array(rows); }));
  part_ = arrow::RecordBatch::Make(plan_->schema, count, std::move(outputs));
  part_used_ = 0;
  next_row_ += static_cast<size_t>(count);
  return {};
}

Result<ScatteredRows::Sorted> ScatteredRows::in_ascending_order(
    std::span<const int64_t> rows) const {
  Sorted sorted{.rows = {rows.begin(), rows.end()}, .places = nullptr};
  if (std::ranges::is_sorted(rows)) return sorted;
  std::vector<int64_t> order(rows.size());  // positions in `rows`, by ascending row
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](int64_t position) { return rows[position]; });
  std::vector<int64_t> places(rows.size());
  for (size_t i = 0; i < order.size(); ++i) {
    sorted.rows[i] = rows[order[i]];
    places[order[i]] = static_cast<int64_t>(i);
  }
  BOWSHOT_ASSIGN(sorted.places, as_array(places));
  return sorted;
}

Result<arrow::ArrayVector> ScatteredRows::read_columns(const Sorted& sorted) {
  const size_t count = outputs_.finishers.size();
  const auto rows = static_cast<int64_t>(sorted.rows.size());
  const int64_t spread = sorted.rows.empty() ? 0 : sorted.rows.back() - sorted.rows.front();
  const bool in_parallel =
      spread >= rows && rows * static_cast<int64_t>(count) >= kParallelBlocksMin;
  std::vector<int64_t> kept_bytes(count);
  auto arrays = bowshot::read_columns(count, in_parallel, [&](size_t slot) {
    return read_column(outputs_.finishers[slot], sorted, kept_bytes[slot]);
  });
  if (arrays) kept_bytes_ += std::accumulate(kept_bytes.begin(), kept_bytes.end(), int64_t{0});
  return arrays;
}

Result<std::shared_ptr<arrow::Array>> ScatteredRows::read_column(const ColumnFinisher& column,
                                                                 const Sorted& sorted,
                                                                 int64_t& kept_bytes) {
  if (stop_.stop_requested()) return std::unexpected(stop_.error());
  auto builder = arrow::MakeBuilder(column.value_type());
  if (!builder.ok()) return out_of_memory();
  const int64_t share = caches_->blocks.bytes_max() / kCacheShareMax;
  for (std::span<const int64_t> left = sorted.rows; !left.empty();) {
    const GroupRows group = first_group(*plan_->dataset, left);
    left = left.subspan(group.rows.size());
    const bool keeps =
        (kept_bytes_ + kept_bytes) * static_cast<int64_t>(outputs_.finishers.size()) < share;
    BOWSHOT_ASSIGN(auto blocks, ColumnBlocks::make({.file = group.file,
                                                    .group = group.group,
                                                    .column = &column,
                                                    .caches = caches_.get(),
                                                    .keeps = keeps}));
    BOWSHOT_TRY(append_rows(blocks, group, **builder, stop_));
    kept_bytes += blocks.kept_bytes();
    BOWSHOT_TRY(group.file->check_unchanged());
  }
  auto values = (*builder)->Finish();
  if (!values.ok()) return out_of_memory();
  auto array = *std::move(values);
  if (sorted.places) {
    auto taken = arrow::compute::Take(*array, *sorted.places);
    if (!taken.ok()) return out_of_memory();
    array = *std::move(taken);
  }
  return column.complete(std::move(array));
}

Error ScatteredRows::explain(Error error) const {
  if (error.code != ErrorCode::kBadData) return error;
  auto unchanged = plan_->dataset->check_unchanged();
  return unchanged ? error : std::move(unchanged).error();
}

}  // namespace bowshot
