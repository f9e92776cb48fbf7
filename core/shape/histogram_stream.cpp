#include "shape/histogram_stream.hpp"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <limits>
#include <numeric>

#include "shape/arrow_result.hpp"
#include "shape/equal_bins.hpp"
#include "shape/plan_parts.hpp"

namespace bowshot {

namespace {

Measure measure_of(MeasureFunction function, ExpressionPtr value) {
  return {.name = "", .function = function, .arguments = {value}, .type = value->type};
}

Measure count_of_rows() {
  return {
      .name = "", .function = MeasureFunction::kCountRows, .arguments = {}, .type = arrow::int64()};
}

/// Bins of `bins` with their counts.
Result<std::shared_ptr<arrow::RecordBatch>> make_batch(const std::shared_ptr<arrow::Schema>& schema,
                                                       const EqualBins& bins,
                                                       const std::vector<int64_t>& counts) {
  std::vector<double> edges;
  for (int64_t i = 0; i <= bins.bins(); ++i) edges.push_back(bins.edge(i));
  BOWSHOT_ASSIGN(const auto column, make_edges(edges, schema->field(0)->type()));
  arrow::Int64Builder builder;
  BOWSHOT_TRY(from_arrow_call(builder.AppendValues(counts)));
  BOWSHOT_ASSIGN(auto count, from_arrow_call(builder.Finish()));
  return arrow::RecordBatch::Make(
      schema, bins.bins(), {column->Slice(0, bins.bins()), column->Slice(1), std::move(count)});
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatch>> HistogramStream::next() {
  if (!outcome_) return fail(outcome_.error());
  if (std::exchange(is_done_, true)) return nullptr;
  auto batch = make_answer();
  if (!batch) outcome_ = fail(batch.error());
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> HistogramStream::make_answer() const {
  const auto& part = std::get<HistogramPart>(sub_plans_.plan().derived);
  auto min = part.min;
  auto max = part.max;
  std::optional<std::pair<double, double>> found;
  if (!min || !max) {
    BOWSHOT_ASSIGN(found, find_bounds());
    if (!found) return nullptr;
    min = min.value_or(found->first);
    max = max.value_or(found->second);
    if (*min > *max) return nullptr;  // every value is on the far side of the given bound
  }
  const EqualBins bins(*min, *max, part.bins);
  BOWSHOT_ASSIGN(const std::vector<int64_t> counts, count(bins));
  const bool is_empty = std::reduce(counts.begin(), counts.end()) == 0;
  if (is_empty && !found) {  // no value within the bounds, or no value at all?
    BOWSHOT_ASSIGN(found, find_bounds());
    if (!found) return nullptr;
  }
  return make_batch(schema(), bins, counts);
}

Result<std::optional<std::pair<double, double>>> HistogramStream::find_bounds() const {
  constexpr double kFiniteMax = std::numeric_limits<double>::max();
  Plan plan = sub_plans_.make(Plan::Kind::kAggregate);
  const ExpressionPtr value =
      add_computed(plan, float64_value(std::get<HistogramPart>(sub_plans_.plan().derived).value));
  plan.filter = and_also(plan.filter, is_between(value, -kFiniteMax, kFiniteMax));
  add_measure(plan, measure_of(MeasureFunction::kMin, value));
  add_measure(plan, measure_of(MeasureFunction::kMax, value));
  BOWSHOT_ASSIGN(const auto row, sub_plans_.collect(std::move(plan)));
  if (!row || row->column(0)->IsNull(0)) return std::nullopt;
  const auto at = [&](int column) {
    return static_cast<const arrow::DoubleArray&>(*row->column(column)).Value(0);
  };
  return std::pair(at(0), at(1));
}

Result<std::vector<int64_t>> HistogramStream::count(const EqualBins& bins) const {
  Plan plan = sub_plans_.make(Plan::Kind::kAggregate);
  const ExpressionPtr value =
      add_computed(plan, float64_value(std::get<HistogramPart>(sub_plans_.plan().derived).value));
  plan.filter = and_also(plan.filter, is_between(value, bins.min(), bins.max()));
  const ExpressionPtr place = bins.place(value);
  if (place) add_key(plan, place);
  add_measure(plan, count_of_rows());
  BOWSHOT_ASSIGN(const auto groups, sub_plans_.collect(std::move(plan)));
  std::vector<int64_t> counts(static_cast<size_t>(bins.bins()), 0);
  for (int64_t i = 0; groups && i < groups->num_rows(); ++i) {
    const auto& count = static_cast<const arrow::Int64Array&>(*groups->columns().back());
    const double at =
        place ? static_cast<const arrow::DoubleArray&>(*groups->column(0)).Value(i) : 0;
    counts[static_cast<size_t>(bins.bin_of(at))] += count.Value(i);
  }
  return counts;
}

}  // namespace bowshot
