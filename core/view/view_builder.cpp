#include "view/view_builder.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "query/literal.hpp"

namespace bowshot {
namespace {

/// A block is about a row group: the least that an engine reads. Small groups are taken together,
/// for the counts are to stay few; of long ones a part is enough.
constexpr int64_t kBlockRowsMin = 16'384;
constexpr int64_t kBlockRowsMax = 262'144;

int64_t block_rows(const Dataset& dataset) {
  int64_t group_rows = 1;
  for (const DatasetFile& file : dataset.files()) {
    const auto& starts = file.file->group_starts();
    if (starts.size() > 1) group_rows = std::max(group_rows, starts[1] - starts[0]);
  }
  const auto parts_of = [](int64_t whole, int64_t part) { return (whole + part - 1) / part; };
  if (group_rows > kBlockRowsMax) return parts_of(group_rows, parts_of(group_rows, kBlockRowsMax));
  return group_rows * parts_of(kBlockRowsMin, group_rows);
}

ExpressionPtr row_number() {
  return make_column(arrow::int64(), {.kind = ColumnReference::Kind::kRowNumber});
}

/// Calls `visit` with every batch of the plan's answer.
template <class Visit>
Result<void> for_each_batch(Engine& engine, Plan plan, const StopToken& stop, const Visit& visit) {
  BOWSHOT_ASSIGN(const auto stream,
                 engine.run(std::make_shared<const Plan>(std::move(plan)), stop));
  for (;;) {
    BOWSHOT_ASSIGN(const auto batch, stream->next());
    if (!batch) return {};
    BOWSHOT_TRY(visit(*batch));
  }
}

const int64_t* int64_values(const arrow::RecordBatch& batch, int column) {
  BOWSHOT_CHECK(batch.column(column)->type_id() == arrow::Type::INT64);
  return static_cast<const arrow::Int64Array&>(*batch.column(column)).raw_values();
}

}  // namespace

int64_t EngineOrderBuilder::rows_max() const {
  return kOrderRowsMax;
}

Result<RowOrder> EngineOrderBuilder::build(std::shared_ptr<const Plan> plan,
                                           const BuildContext& context) {
  if (plan->dataset->rows() > RowOrder::kRowMax)
    return fail(ErrorCode::kOutOfMemory,
                fmt::format("the dataset has {} rows; orders are kept of up to {}",
                            plan->dataset->rows(), RowOrder::kRowMax));
  Plan sort = *plan;
  sort.select = {{.name = "", .expression = row_number()}};
  sort.schema = arrow::schema({arrow::field("", arrow::int64(), /*nullable=*/false)});
  const int64_t rows_max =
      std::min(kOrderRowsMax, context.bytes_max / static_cast<int64_t>(sizeof(uint32_t)));
  std::vector<uint32_t> rows;
  if (!plan->filter) rows.reserve(static_cast<size_t>(std::min(rows_max, plan->dataset->rows())));
  const auto append = [&](const arrow::RecordBatch& batch) -> Result<void> {
    const int64_t count = batch.num_rows();
    if (static_cast<int64_t>(rows.size()) + count > rows_max)
      return fail(ErrorCode::kOutOfMemory,
                  fmt::format("orders are kept of up to {} rows (view_bytes, 4 a row); this one "
                              "has more",
                              rows_max));
    const int64_t* numbers = int64_values(batch, 0);
    rows.insert(rows.end(), numbers, numbers + count);
    *context.rows_done = static_cast<int64_t>(rows.size());
    return {};
  };
  BOWSHOT_TRY(for_each_batch(*engine_, std::move(sort), context.stop, append));
  rows.shrink_to_fit();
  return RowOrder(std::move(rows));
}

Result<View> EngineViewBuilder::build(const ViewRequest& request, const BuildContext& context) {
  if (request.kind == ViewKind::kMatchCounts) return count_matches(*request.plan, context);
  return orders_->build(request.plan, context);
}

Result<MatchCounts> EngineViewBuilder::count_matches(const Plan& plan,
                                                     const BuildContext& context) {
  const int64_t width = block_rows(*plan.dataset);
  Plan counts = plan;
  counts.kind = Plan::Kind::kAggregate;
  counts.keys = {{.name = "",
                  .expression = make_call(
                      arrow::int64(), Function::kIntegerDivide,
                      {row_number(), make_literal(std::make_shared<arrow::Int64Scalar>(width))})}};
  counts.measures = {{.name = "",
                      .function = MeasureFunction::kCountRows,
                      .arguments = {},
                      .type = arrow::int64()}};
  counts.schema =
      arrow::schema({arrow::field("", arrow::int64()), arrow::field("", arrow::int64())});
  const auto blocks = static_cast<size_t>((plan.dataset->rows() + width - 1) / width);
  std::vector<int64_t> starts(blocks + 1, 0);
  const auto add = [&](const arrow::RecordBatch& batch) -> Result<void> {
    const int64_t* keys = int64_values(batch, 0);
    const int64_t* values = int64_values(batch, 1);
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      BOWSHOT_CHECK(keys[i] >= 0 && keys[i] < static_cast<int64_t>(blocks));
      starts[static_cast<size_t>(keys[i]) + 1] = values[i];
      *context.rows_done += values[i];
    }
    return {};
  };
  BOWSHOT_TRY(for_each_batch(*engine_, std::move(counts), context.stop, add));
  for (size_t block = 0; block < blocks; ++block) starts[block + 1] += starts[block];
  return MatchCounts(width, std::move(starts));
}

}  // namespace bowshot
