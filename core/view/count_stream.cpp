#include "view/count_stream.hpp"

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/scalar.h>

#include "engine/duckdb/duckdb_engine.hpp"

namespace bowshot {
namespace {

/// One batch, then the end.
class OneBatch : public BatchStream {
 public:
  explicit OneBatch(std::shared_ptr<arrow::RecordBatch> batch)
      : schema_(batch->schema()), batch_(std::move(batch)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    return std::exchange(batch_, nullptr);
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::RecordBatch> batch_;
};

}  // namespace

Result<std::unique_ptr<BatchStream>> CountStream::open() {
  const auto view = context_.store->get(match_counts_request(plan()), context_.stop);
  if (!view && is_stop(view.error(), context_.stop)) return fail(view.error());
  if (!view) return open_without({});
  BOWSHOT_TRY(plan().dataset->check_unchanged());
  const auto column = arrow::MakeArrayFromScalar(arrow::Int64Scalar(view_rows(**view)), 1);
  if (!column.ok()) return fail(ErrorCode::kOutOfMemory, "no memory for the answer");
  return std::make_unique<OneBatch>(arrow::RecordBatch::Make(
      plan().schema, /*num_rows=*/1, arrow::ArrayVector(plan().measures.size(), *column)));
}

}  // namespace bowshot
