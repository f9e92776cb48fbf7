#include "view/view_builder.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "query/literal.hpp"
#include "view/build_scan.hpp"

namespace bowshot {
namespace {

/// A block is about a row group: the least that an engine reads. Small groups are taken together,
/// for the counts are to stay few; of long ones a part is enough.
constexpr int64_t kBlockRowsMin = 16'384;
constexpr int64_t kBlockRowsMax = 262'144;

int64_t block_rows(const Dataset& dataset) {
  if (dataset.table()) return kBatchRowsMax;
  int64_t group_rows = 1;
  for (const DatasetFile& file : dataset.files()) {
    const auto& starts = file.file->group_starts();
    if (starts.size() > 1) group_rows = std::max(group_rows, starts[1] - starts[0]);
  }
  const auto parts_of = [](int64_t whole, int64_t part) { return (whole + part - 1) / part; };
  if (group_rows > kBlockRowsMax) return parts_of(group_rows, parts_of(group_rows, kBlockRowsMax));
  return group_rows * parts_of(kBlockRowsMin, group_rows);
}

}  // namespace

int64_t EngineOrderBuilder::rows_max() const {
  return kOrderRowsMax;
}

Result<RowOrder> EngineOrderBuilder::build(std::shared_ptr<const Plan> plan, int64_t rows,
                                           const BuildContext& context) {
  if (context.take_room)
    BOWSHOT_TRY(context.take_room(rows * static_cast<int64_t>(sizeof(uint32_t))));
  if (context.steps) context.steps->expect(rows);
  Plan sort = *plan;
  sort.select = {{.name = "", .expression = row_number()}};
  sort.schema = arrow::schema({arrow::field("", arrow::int64(), /*nullable=*/false)});
  std::vector<uint32_t> order;
  order.reserve(static_cast<size_t>(rows));
  const auto append = [&](const arrow::RecordBatch& batch) -> Result<bool> {
    const int64_t count = batch.num_rows();
    if (static_cast<int64_t>(order.size()) + count > rows)
      return fail(ErrorCode::kBadData, "there are more rows than were counted");
    const int64_t* numbers = int64_values(batch, 0);
    order.insert(order.end(), numbers, numbers + count);
    if (context.rows_done) *context.rows_done += count;
    if (context.steps) context.steps->add(count);
    return true;
  };
  BOWSHOT_TRY(for_each_batch(*engine_, std::move(sort), context.stop, append));
  return RowOrder(std::move(order));
}

Result<View> EngineViewBuilder::build(const ViewRequest& request, const BuildContext& context) {
  switch (request.kind) {
    case ViewKind::kMatchCounts:
      return count_matches(*request.plan, context);
    case ViewKind::kMatchedRows:
      return find_matches(*request.plan, context);
    case ViewKind::kRowOrder:
      return put_in_order(request, context);
  }
  BOWSHOT_CHECK(false);
}

Result<RowOrder> EngineViewBuilder::put_in_order(const ViewRequest& request,
                                                 const BuildContext& context) {
  const Plan& plan = *request.plan;
  if (plan.dataset->rows() - 1 > RowOrder::kRowMax)
    return fail(ErrorCode::kOutOfMemory, fmt::format("the dataset has {} rows; orders are kept of "
                                                     "datasets of up to {}",
                                                     plan.dataset->rows(), RowOrder::kRowMax + 1));
  int64_t rows = plan.dataset->rows();
  if (plan.filter) {
    BOWSHOT_ASSIGN(rows, count_rows(*engine_, plan, context.stop));
  }
  const int64_t rows_max =
      std::min(orders_->rows_max(), context.bytes_max / static_cast<int64_t>(sizeof(uint32_t)));
  if (rows > rows_max)
    return fail(
        ErrorCode::kOutOfMemory,
        fmt::format("orders are kept of up to {} rows (view_bytes, 4 a row), this one has {}",
                    rows_max, rows));
  return orders_->build(request.plan, rows, context);
}

Result<MatchedRows> EngineViewBuilder::find_matches(const Plan& plan, const BuildContext& context) {
  const int64_t dataset_rows = plan.dataset->rows();
  if (context.take_room)
    BOWSHOT_TRY(context.take_room(MatchedRows::Builder::bytes_of(dataset_rows)));
  if (context.steps) context.steps->expect(dataset_rows);
  Plan scan = plan;
  scan.select = {{.name = "", .expression = row_number()}};
  scan.schema = arrow::schema({arrow::field("", arrow::int64(), /*nullable=*/false)});
  MatchedRows::Builder matches(dataset_rows);
  int64_t row_reached = 0;
  const auto add = [&](const arrow::RecordBatch& batch) -> Result<bool> {
    const std::span rows(int64_values(batch, 0), static_cast<size_t>(batch.num_rows()));
    matches.add(rows);
    if (context.rows_done) *context.rows_done += batch.num_rows();
    if (context.steps) context.steps->add(rows.back() - std::exchange(row_reached, rows.back()));
    return true;
  };
  BOWSHOT_TRY(for_each_batch(*engine_, std::move(scan), context.stop, add));
  return matches.finish();
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
  const auto add = [&](const arrow::RecordBatch& batch) -> Result<bool> {
    const int64_t* keys = int64_values(batch, 0);
    const int64_t* values = int64_values(batch, 1);
    for (int64_t i = 0; i < batch.num_rows(); ++i) {
      BOWSHOT_CHECK(keys[i] >= 0 && keys[i] < static_cast<int64_t>(blocks));
      starts[static_cast<size_t>(keys[i]) + 1] = values[i];
      if (context.rows_done) *context.rows_done += values[i];
    }
    return true;
  };
  BOWSHOT_TRY(for_each_batch(*engine_, std::move(counts), context.stop, add));
  for (size_t block = 0; block < blocks; ++block) starts[block + 1] += starts[block];
  return MatchCounts(width, std::move(starts));
}

}  // namespace bowshot
