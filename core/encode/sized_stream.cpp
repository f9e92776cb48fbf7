#include "encode/sized_stream.hpp"

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "encode/arrow_status.hpp"
#include "encode/encoder.hpp"

namespace bowshot {
namespace {

int64_t bitmap_bytes(int64_t rows) {
  return (rows + 7) / 8;
}

/// slice_bytes of one column; `first` counts from the array's own offset.
int64_t column_bytes(const arrow::ArrayData& array, int64_t first, int64_t rows) {
  int64_t bytes = array.MayHaveNulls() ? bitmap_bytes(rows) : 0;
  switch (array.type->id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LIST: {
      if (rows == 0) return bytes;
      const int32_t* offsets = array.GetValues<int32_t>(1) + first;
      bytes += (rows + 1) * static_cast<int64_t>(sizeof(int32_t));
      const int64_t values = offsets[rows] - offsets[0];
      if (array.type->id() != arrow::Type::LIST) return bytes + values;
      return bytes + column_bytes(*array.child_data[0], offsets[0], values);
    }
    case arrow::Type::STRUCT:
      for (const auto& child : array.child_data) {
        bytes += column_bytes(*child, array.offset + first, rows);
      }
      return bytes;
    case arrow::Type::DICTIONARY: {
      const auto& type = static_cast<const arrow::DictionaryType&>(*array.type);
      return bytes + rows * type.index_type()->byte_width();
    }
    case arrow::Type::BOOL:
      return bytes + bitmap_bytes(rows);
    default:
      return bytes + rows * std::max(array.type->byte_width(), 0);
  }
}

/// The most rows of `batch` from `first` on, at most `rows_max`, that take at most `bytes_max`; at
/// least one.
int64_t rows_within(const arrow::RecordBatch& batch, int64_t first, int64_t rows_max,
                    int64_t bytes_max) {
  const int64_t rows = std::min(rows_max, batch.num_rows() - first);
  if (slice_bytes(batch, first, rows) <= bytes_max) return std::max<int64_t>(rows, 1);
  int64_t fits = 1;
  int64_t exceeds = rows;
  while (exceeds - fits > 1) {
    const int64_t middle = fits + (exceeds - fits) / 2;
    (slice_bytes(batch, first, middle) <= bytes_max ? fits : exceeds) = middle;
  }
  return fits;
}

/// Holds at most one batch of the stream below (`rest_`) besides what it joins.
class SizedStream final : public BatchStream {
 public:
  SizedStream(std::unique_ptr<BatchStream> stream, SteadyClock clock)
      : stream_(std::move(stream)), clock_(std::move(clock)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return stream_->schema(); }

  void rest() override {
    bytes_before_ = 0;
    stream_->rest();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    const auto deadline = clock_() + kJoinTimeMax;  // rows that took longer to come leave at once
    BOWSHOT_TRY(fill());
    if (!rest_) return nullptr;
    const int64_t rows_max = is_first_ ? kFirstBatchRowsMax : kBatchRowsMax;
    Part first = take(rows_max, kBatchBytesTarget);
    if (std::exchange(is_first_, false)) return std::move(first.batch);  // never waits for more
    return join(std::move(first), deadline);
  }

 private:
  struct Part {
    std::shared_ptr<arrow::RecordBatch> batch;
    int64_t bytes = 0;
  };

  /// Makes `rest_` hold rows, unless the stream has ended.
  Result<void> fill() {
    while (!rest_ && !ended_) {
      BOWSHOT_ASSIGN(rest_, stream_->next());
      rest_first_ = 0;
      ended_ = !rest_;
      if (rest_ && rest_->num_rows() == 0) rest_.reset();
    }
    return {};
  }

  /// The next rows of `rest_`, as a slice.
  Part take(int64_t rows_max, int64_t bytes_max) {
    const int64_t rows = rows_within(*rest_, rest_first_, rows_max, bytes_max);
    Part part{.batch = rest_->Slice(rest_first_, rows),
              .bytes = slice_bytes(*rest_, rest_first_, rows)};
    rest_first_ += rows;
    if (rest_first_ == rest_->num_rows()) rest_.reset();
    return part;
  }

  /// `first` and what follows it, as one batch. Only batches that fit whole are joined, and only
  /// while less than half a batch is there: large ones pass without copies. The first are smaller,
  /// so that little is held for a reader who takes little.
  Result<std::shared_ptr<arrow::RecordBatch>> join(Part first,
                                                   std::chrono::steady_clock::time_point deadline) {
    int64_t rows = first.batch->num_rows();
    int64_t bytes = first.bytes;
    std::vector<std::shared_ptr<arrow::RecordBatch>> parts{std::move(first.batch)};
    const int64_t enough = std::clamp(bytes_before_, kSmallBatchBytes, kBatchBytesTarget) / 2;
    while (rows < kBatchRowsMax / 2 && bytes < enough && clock_() < deadline) {
      BOWSHOT_TRY(fill());  // an error drops the parts: the answer is broken anyway
      if (!rest_) break;
      const int64_t more_rows = rest_->num_rows() - rest_first_;
      const int64_t more_bytes = slice_bytes(*rest_, rest_first_, more_rows);
      if (rows + more_rows > kBatchRowsMax || bytes + more_bytes > kBatchBytesTarget) break;
      parts.push_back(rest_->Slice(rest_first_, more_rows));
      rest_.reset();
      rows += more_rows;
      bytes += more_bytes;
    }
    bytes_before_ += bytes;
    if (parts.size() == 1) return std::move(parts.front());
    return from_arrow(arrow::ConcatenateRecordBatches(parts));
  }

  std::unique_ptr<BatchStream> stream_;
  SteadyClock clock_;
  std::shared_ptr<arrow::RecordBatch> rest_;  // rows not handed out yet, from rest_first_ on
  int64_t rest_first_ = 0;
  static constexpr int64_t kSmallBatchBytes = 512 << 10;
  int64_t bytes_before_ = 0;  // since the start, or a rest
  bool is_first_ = true;
  bool ended_ = false;
};

}  // namespace

int64_t slice_bytes(const arrow::RecordBatch& batch, int64_t first, int64_t rows) {
  int64_t bytes = 0;
  for (const auto& column : batch.column_data()) {
    bytes += column_bytes(*column, first, rows);
  }
  return bytes;
}

std::unique_ptr<BatchStream> make_sized_stream(std::unique_ptr<BatchStream> stream,
                                               SteadyClock clock) {
  return std::make_unique<SizedStream>(std::move(stream), std::move(clock));
}

std::unique_ptr<BatchStream> make_sized_stream(std::unique_ptr<BatchStream> stream) {
  return make_sized_stream(std::move(stream), &std::chrono::steady_clock::now);
}

}  // namespace bowshot
