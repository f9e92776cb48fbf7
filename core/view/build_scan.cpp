#include "view/build_scan.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <utility>

#include "base/check.hpp"

namespace bowshot {

ExpressionPtr row_number() {
  return make_column(arrow::int64(), {.kind = ColumnReference::Kind::kRowNumber});
}

Result<void> for_each_batch(Engine& engine, Plan plan, const StopToken& stop,
                            const std::function<Result<bool>(const arrow::RecordBatch&)>& visit) {
  BOWSHOT_ASSIGN(const auto stream,
                 engine.run(std::make_shared<const Plan>(std::move(plan)), stop));
  for (;;) {
    BOWSHOT_ASSIGN(const auto batch, stream->next());
    if (!batch) return {};
    BOWSHOT_ASSIGN(const bool goes_on, visit(*batch));
    if (!goes_on) return {};
  }
}

const int64_t* int64_values(const arrow::RecordBatch& batch, int column) {
  BOWSHOT_CHECK(batch.column(column)->type_id() == arrow::Type::INT64);
  return static_cast<const arrow::Int64Array&>(*batch.column(column)).raw_values();
}

Result<int64_t> count_rows(Engine& engine, const Plan& plan, const StopToken& stop) {
  Plan count = plan;
  count.kind = Plan::Kind::kAggregate;
  count.order.clear();
  count.measures = {{.name = "",
                     .function = MeasureFunction::kCountRows,
                     .arguments = {},
                     .type = arrow::int64()}};
  count.schema = arrow::schema({arrow::field("", arrow::int64())});
  int64_t rows = 0;
  BOWSHOT_TRY(for_each_batch(engine, std::move(count), stop,
                             [&](const arrow::RecordBatch& batch) -> Result<bool> {
                               if (batch.num_rows() > 0) rows = int64_values(batch, 0)[0];
                               return true;
                             }));
  return rows;
}

}  // namespace bowshot
