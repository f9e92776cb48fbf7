#include "engine/duckdb/answer_stream.hpp"

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace bowshot {
namespace {

/// How long an overwritten file may go unnoticed while rows still come; the end is always checked.
constexpr std::chrono::milliseconds kCheckEvery{100};

/// Of the second batch, from which on they double; and of the one after a rest.
constexpr int64_t kBatchBytesMin = 256 << 10;
constexpr int64_t kRestedBatchBytes = 1 << 20;

bool is_stop(ErrorCode code) {
  return code == ErrorCode::kCancelled || code == ErrorCode::kDeadlineExceeded ||
         code == ErrorCode::kNotReady;
}

}  // namespace

AnswerStream::AnswerStream(QueryContext context, std::unique_ptr<RawBatches> rows)
    : context_(std::move(context)), columns_(context_.plan), rows_(std::move(rows)) {}

const std::shared_ptr<arrow::Schema>& AnswerStream::schema() const {
  return context_.plan->schema;
}

Result<std::shared_ptr<arrow::RecordBatch>> AnswerStream::next() {
  if (error_) return fail(*error_);
  if (!rows_) return nullptr;
  auto batch = next_answer();
  if (!batch) {
    error_ = explained(std::move(batch).error());
    rows_.reset();
    return fail(*error_);
  }
  if (!*batch) rows_.reset();  // ends the query, frees its memory
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> AnswerStream::next_answer() {
  BOWSHOT_ASSIGN(const auto gathered, gather());
  BOWSHOT_TRY(check_files(gathered.empty()));
  if (gathered.empty()) return nullptr;
  BOWSHOT_ASSIGN(const auto joined, join_batches(gathered));
  return columns_.convert(joined);
}

Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> AnswerStream::gather() {
  std::vector<std::shared_ptr<arrow::RecordBatch>> gathered;
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t last_rows = 0;
  int64_t last_bytes = 0;
  do {
    auto batch = std::exchange(next_batch_, nullptr);
    if (!batch) {
      BOWSHOT_ASSIGN(batch, rows_->next());
    }
    if (!batch) break;
    if (!gathered.empty() && !batch->schema()->Equals(*gathered.front()->schema())) {
      next_batch_ = std::move(batch);
      break;
    }
    last_rows = batch->num_rows();
    last_bytes = arrow::util::TotalBufferSize(*batch);
    rows += last_rows;
    bytes += last_bytes;
    gathered.push_back(std::move(batch));
    // One more like the last must fit: to join copies.
  } while (rows + last_rows <= kBatchRowsMax && bytes + last_bytes <= batch_bytes_);
  batch_bytes_ = std::clamp(2 * batch_bytes_, kBatchBytesMin, kBatchBytesTarget);
  return gathered;
}

void AnswerStream::rest() {
  batch_bytes_ = std::min(batch_bytes_, kRestedBatchBytes);
  if (rows_) rows_->rest();
}

Result<void> AnswerStream::check_files(bool is_end) {
  const auto now = Clock::now();
  if (!is_end && now - checked_ < kCheckEvery) return {};
  checked_ = now;
  return context_.plan->dataset->check_unchanged();
}

/// Broken or surprising data may be a file that was overwritten while it was read.
Error AnswerStream::explained(Error error) const {
  if (is_stop(error.code)) return error;
  auto unchanged = context_.plan->dataset->check_unchanged();
  return unchanged ? error : std::move(unchanged).error();
}

}  // namespace bowshot
