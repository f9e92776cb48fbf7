#include "engine/duckdb/raw_batches.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <spdlog/spdlog.h>

#include "base/check.hpp"

namespace bowshot {

Error arrow_failure(const arrow::Status& status) {
  if (status.IsOutOfMemory())
    return {.code = ErrorCode::kOutOfMemory, .detail = "not enough memory for a batch"};
  spdlog::error("rows cannot be joined or imported: {}", status.message());
  return {.code = ErrorCode::kInternal, .detail = "the engine failed"};
}

Result<std::shared_ptr<arrow::RecordBatch>> join_batches(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
  BOWSHOT_CHECK(!batches.empty());
  if (batches.size() == 1) return batches.front();
  auto joined = arrow::ConcatenateRecordBatches(batches);
  if (!joined.ok()) return fail(arrow_failure(joined.status()));
  return *std::move(joined);
}

const int64_t* row_numbers(const arrow::RecordBatch& batch, int column) {
  const auto& array = static_cast<const arrow::Int64Array&>(*batch.column(column));
  BOWSHOT_CHECK(array.type_id() == arrow::Type::INT64 && array.null_count() == 0);
  return array.raw_values();
}

Result<std::shared_ptr<arrow::RecordBatch>> StatementBatches::next() {
  if (!query_) {
    BOWSHOT_ASSIGN(query_, RunningQuery::start(context_.database, sql_, context_.stop));
  }
  return query_->next();
}

Result<std::shared_ptr<arrow::RecordBatch>> collect(const QueryContext& context,
                                                    const std::string& sql) {
  StatementBatches rows(context, sql);
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (;;) {
    BOWSHOT_ASSIGN(auto batch, rows.next());
    if (!batch) break;
    batches.push_back(std::move(batch));
  }
  if (batches.empty()) return nullptr;
  return join_batches(batches);
}

}  // namespace bowshot
