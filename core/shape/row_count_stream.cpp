#include "shape/row_count_stream.hpp"

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>

namespace bowshot {

bool RowCountStream::accepts(const Plan& plan) {
  return plan.kind == Plan::Kind::kAggregate && plan.keys.empty() && !plan.filter &&
         std::ranges::all_of(plan.measures, [](const Measure& measure) {
           return measure.function == MeasureFunction::kCountRows;
         });
}

Result<std::shared_ptr<arrow::RecordBatch>> RowCountStream::next() {
  if (!outcome_) return fail(outcome_.error());
  if (std::exchange(is_done_, true)) return nullptr;
  auto batch = count();
  if (!batch) outcome_ = fail(batch.error());
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> RowCountStream::count() const {
  if (stop_.stop_requested()) return fail(stop_.error());
  BOWSHOT_TRY(plan_->dataset->check_unchanged());
  if (plan_->offset > 0 || plan_->limit == 0) return nullptr;
  const auto column =
      arrow::MakeArrayFromScalar(arrow::Int64Scalar(plan_->dataset->rows()), /*length=*/1);
  if (!column.ok()) return fail(ErrorCode::kOutOfMemory, "no memory for the answer");
  return arrow::RecordBatch::Make(plan_->schema, /*num_rows=*/1,
                                  arrow::ArrayVector(plan_->measures.size(), *column));
}

}  // namespace bowshot
