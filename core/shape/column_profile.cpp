#include "shape/column_profile.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "query/binder_operand.hpp"
#include "query/literal.hpp"
#include "shape/equal_bins.hpp"
#include "shape/plain_text.hpp"
#include "shape/plan_parts.hpp"
#include "source/data_type.hpp"

namespace bowshot {

namespace {

constexpr int64_t kTopValues = 10;
constexpr int64_t kTopDistinctMax = 100'000;
/// So many are listed whole by the scan that all columns share, where there is a filter that a scan
/// for each column would have to run again. Without one, a scan that groups is several times
/// cheaper than a list: 0.1 instead of 0.8 CPU seconds for 1,000 texts in 10M rows.
constexpr int64_t kListedDistinctMax = 1'000;
constexpr int64_t kHistogramBins = 20;
/// Rough counts may be a third off: what is sampled is well beyond what would be too few.
constexpr double kDistinctExactMax = 50'000;
constexpr double kDistinctSample = 32'000;
constexpr double kQuartileExactMax = 150'000;
constexpr double kQuartileSample = 100'000;

/// One row of an aggregate, read from left to right as its measures were added.
class RowReader {
 public:
  explicit RowReader(std::shared_ptr<arrow::RecordBatch> row) : row_(std::move(row)) {}

  const arrow::Array& next() { return *row_->column(column_++); }
  int64_t next_count() { return static_cast<const arrow::Int64Array&>(next()).Value(0); }
  std::optional<double> next_number() {
    const arrow::Array& array = next();
    if (array.IsNull(0)) return std::nullopt;
    return static_cast<const arrow::DoubleArray&>(array).Value(0);
  }
  Result<std::optional<std::string>> next_text() {
    const arrow::Array& array = next();
    if (array.IsNull(0)) return std::nullopt;
    BOWSHOT_ASSIGN(const PlainText text, make_plain_text(array));
    return text(0);
  }

 private:
  std::shared_ptr<arrow::RecordBatch> row_;  // Arrow's way
  int column_ = 0;
};

/// A column on its way: what the first scan found and the second needs.
struct Column {
  ExpressionPtr value;
  ColumnProfile profile;
  int64_t count = 0;  // of what is not null
  double distinct_rough = 0;
  std::optional<EqualBins> bins;  // of its finite values, if it has any
  bool is_filtered = false;

  bool is_nested() const { return type_family(*value->type) == TypeFamily::kNested; }
  bool is_number() const { return bowshot::is_numeric(*value->type); }
  /// A power of two that keeps sums of squares within float64.
  double moment_scale() const {
    constexpr double kSquaredMax = 1e140;
    const bool is_vast =
        bins && std::max(std::abs(bins->min()), std::abs(bins->max())) > kSquaredMax;
    return is_vast ? 0x1p-600 : 1;
  }
  bool is_listed() const {
    // Engines may tell the zeros apart where they list floats; as groups they are one.
    return is_filtered && !is_nested() && !bowshot::is_floating(*value->type) &&
           distinct_rough <= kListedDistinctMax;
  }
};

ExpressionPtr call_boolean(Function function, std::vector<ExpressionPtr> arguments) {
  return make_call(arrow::boolean(), function, std::move(arguments));
}

ExpressionPtr when(ExpressionPtr condition, ExpressionPtr value) {
  auto type = value->type;
  return make_call(std::move(type), Function::kWhen, {std::move(condition), std::move(value)});
}

ExpressionPtr is_not_null(const ExpressionPtr& value) {
  return call_boolean(Function::kNot, {call_boolean(Function::kIsNull, {value})});
}

/// Whether the hash is among the lowest of that share of all of them.
ExpressionPtr is_low(const ExpressionPtr& hash, double share) {
  const double bound = share * 0x1p64;
  return call_boolean(
      Function::kLessEqual,
      {hash, make_literal(std::make_shared<arrow::UInt64Scalar>(static_cast<uint64_t>(bound)))});
}

ExpressionPtr hash_of(const ExpressionPtr& value) {
  return make_call(arrow::uint64(), Function::kHash, {value});
}

void measure(Plan& plan, MeasureFunction function, ExpressionPtr argument,
             std::shared_ptr<arrow::DataType> type, double quantile = 0.5) {
  std::vector<ExpressionPtr> arguments;
  if (argument) arguments.push_back(std::move(argument));
  add_measure(plan, {.name = "",
                     .function = function,
                     .arguments = std::move(arguments),
                     .quantile = quantile,
                     .type = std::move(type)});
}

/// What `min` and `max` are of: text whatever its dictionary.
std::shared_ptr<arrow::DataType> plain_type(const arrow::DataType& type) {
  return is_text(type) ? arrow::utf8() : type.GetSharedPtr();
}

/// The values that bins are of.
ExpressionPtr finite_value(const Column& column) {
  constexpr double kFiniteMax = std::numeric_limits<double>::max();
  ExpressionPtr value = float64_value(column.value);
  if (!bowshot::is_floating(*column.value->type)) return value;
  return when(is_between(value, -kFiniteMax, kFiniteMax), value);
}

// The first scan: counts, rough ones of distinct values, bounds. Added and read in one order.

void add_first(const Column& column, Plan& plan) {
  const ExpressionPtr& value = column.value;
  measure(plan, MeasureFunction::kCount, value, arrow::int64());
  if (column.is_nested()) return;
  measure(plan, MeasureFunction::kApproxCountDistinct, value, arrow::int64());
  if (is_orderable(*value->type))
    for (const auto function : {MeasureFunction::kMin, MeasureFunction::kMax})
      measure(plan, function, value, plain_type(*value->type));
  if (is_binnable(*value->type))
    for (const auto function : {MeasureFunction::kMin, MeasureFunction::kMax})
      measure(plan, function, finite_value(column), arrow::float64());
}

Result<void> read_first(int64_t rows, RowReader& row, Column& column) {
  ColumnProfile& profile = column.profile;
  column.count = row.next_count();
  profile.rows = rows;
  profile.nulls = rows - column.count;
  if (column.is_nested()) return {};
  column.distinct_rough = static_cast<double>(row.next_count());
  if (is_orderable(*column.value->type)) {
    BOWSHOT_ASSIGN(profile.min, row.next_text());
    BOWSHOT_ASSIGN(profile.max, row.next_text());
  }
  if (is_binnable(*column.value->type)) {
    const auto min = row.next_number();
    const auto max = row.next_number();
    if (min && max) column.bins.emplace(*min, *max, kHistogramBins);
  }
  return {};
}

// The second scan: moments, distinct values, quartiles, bins, and the values that are few.

ExpressionPtr distinct_hashes(const Column& column) {
  const ExpressionPtr hash = hash_of(column.value);
  ExpressionPtr condition = is_not_null(column.value);
  if (column.distinct_rough > kDistinctExactMax)
    condition = and_also(condition, is_low(hash, kDistinctSample / column.distinct_rough));
  return when(std::move(condition), hash);
}

ExpressionPtr quartile_values(const Column& column) {
  const auto count = static_cast<double>(column.count);
  if (count <= kQuartileExactMax) return column.value;
  return when(is_low(hash_of(row_number_expression()), kQuartileSample / count), column.value);
}

/// What mean and deviation are of.
ExpressionPtr moment_value(const Column& column) {
  if (bowshot::is_integer(*column.value->type)) return column.value;
  ExpressionPtr value = make_cast(column.value, arrow::float64());
  if (column.moment_scale() == 1) return value;
  return make_call(arrow::float64(), Function::kMultiply,
                   {value, make_float64_literal(column.moment_scale())});
}

std::shared_ptr<arrow::DataType> counts_type(std::shared_ptr<arrow::DataType> value) {
  return arrow::list(arrow::struct_(
      {arrow::field("value", std::move(value)), arrow::field("count", arrow::int64())}));
}

void add_second(const Column& column, Plan& plan) {
  if (column.is_nested()) return;
  measure(plan, MeasureFunction::kCountDistinct, distinct_hashes(column), arrow::int64());
  if (column.is_number())
    for (const auto function : {MeasureFunction::kMean, MeasureFunction::kStddev})
      measure(plan, function, moment_value(column), arrow::float64());
  if (column.is_number())
    for (const double quantile : {0.25, 0.5, 0.75})
      measure(plan, MeasureFunction::kQuantile, quartile_values(column), arrow::float64(),
              quantile);
  const ExpressionPtr place = column.bins ? column.bins->place(finite_value(column)) : nullptr;
  if (place)
    measure(plan, MeasureFunction::kValueCounts, place, counts_type(arrow::float64()));
  else if (column.bins)  // one value: all in the first bin
    measure(plan, MeasureFunction::kCount, finite_value(column), arrow::int64());
  if (column.is_listed()) {
    const auto type = plain_type(*column.value->type);
    measure(plan, MeasureFunction::kValueCounts, make_cast(column.value, type), counts_type(type));
  }
}

/// The counts of a kValueCounts: of each value, by index into `values`.
struct ListedCounts {
  const arrow::Array& values;
  const arrow::Int64Array& counts;
  int64_t begin;
  int64_t end;
};

std::optional<ListedCounts> listed_counts(const arrow::Array& array) {
  const auto& list = static_cast<const arrow::ListArray&>(array);
  if (list.IsNull(0)) return std::nullopt;
  const auto& items = static_cast<const arrow::StructArray&>(*list.values());
  return ListedCounts{*items.field(0), static_cast<const arrow::Int64Array&>(*items.field(1)),
                      list.value_offset(0), list.value_offset(1)};
}

std::vector<int64_t> read_bins(const EqualBins& bins, const arrow::Array& array) {
  std::vector<int64_t> histogram(static_cast<size_t>(bins.bins()), 0);
  const auto listed = listed_counts(array);
  if (!listed) return histogram;
  const auto& places = static_cast<const arrow::DoubleArray&>(listed->values);
  for (int64_t i = listed->begin; i < listed->end; ++i)
    histogram[static_cast<size_t>(bins.bin_of(places.Value(i)))] += listed->counts.Value(i);
  return histogram;
}

/// The most frequent of values that come in their own order.
Result<std::vector<ColumnProfile::Frequent>> read_top(const arrow::Array& array) {
  std::vector<ColumnProfile::Frequent> top;
  const auto listed = listed_counts(array);
  if (!listed) return top;
  std::vector<int64_t> order;
  for (int64_t i = listed->begin; i < listed->end; ++i) order.push_back(i);
  std::ranges::stable_sort(order, std::greater<>(),
                           [&](int64_t i) { return listed->counts.Value(i); });
  order.resize(std::min(order.size(), static_cast<size_t>(kTopValues)));
  BOWSHOT_ASSIGN(const PlainText text, make_plain_text(listed->values));
  for (const int64_t i : order) top.push_back({text(i), listed->counts.Value(i)});
  return top;
}

Result<void> read_second(RowReader& row, Column& column) {
  ColumnProfile& profile = column.profile;
  if (column.is_nested()) return {};
  const auto found = static_cast<double>(row.next_count());
  const bool is_sampled = column.distinct_rough > kDistinctExactMax;
  const double each = is_sampled ? column.distinct_rough / kDistinctSample : 1;
  profile.distinct = std::min(column.count, static_cast<int64_t>(std::round(found * each)));
  if (column.is_number()) {
    profile.mean = row.next_number();
    profile.stddev = row.next_number();
    for (auto* moment : {&profile.mean, &profile.stddev})
      if (*moment) **moment /= column.moment_scale();
    profile.q25 = row.next_number();
    profile.median = row.next_number();
    profile.q75 = row.next_number();
  }
  if (column.bins && column.bins->min() < column.bins->max()) {
    profile.histogram = read_bins(*column.bins, row.next());
  } else if (column.bins) {
    profile.histogram.emplace(static_cast<size_t>(kHistogramBins), 0);
    profile.histogram->front() = row.next_count();
  }
  if (column.is_listed()) {
    BOWSHOT_ASSIGN(profile.top, read_top(row.next()));
  }
  return {};
}

/// The most frequent values of one column, by a scan of its own.
Result<std::vector<ColumnProfile::Frequent>> find_top(const SubPlans& sub_plans,
                                                      const ExpressionPtr& value) {
  Plan plan = sub_plans.make(Plan::Kind::kAggregate);
  plan.filter = and_also(plan.filter, is_not_null(value));
  add_key(plan, make_cast(value, plain_type(*value->type)));
  measure(plan, MeasureFunction::kCountRows, nullptr, arrow::int64());
  plan.order.push_back({.output = 1, .expression = nullptr, .descending = true});
  plan.limit = kTopValues;
  BOWSHOT_ASSIGN(const auto batch, sub_plans.collect(std::move(plan)));
  std::vector<ColumnProfile::Frequent> top;
  if (!batch) return top;
  BOWSHOT_ASSIGN(const PlainText text, make_plain_text(*batch->column(0)));
  const auto& counts = static_cast<const arrow::Int64Array&>(*batch->column(1));
  for (int64_t i = 0; i < batch->num_rows(); ++i) top.push_back({text(i), counts.Value(i)});
  return top;
}

Result<RowReader> run_scan(const SubPlans& sub_plans, Plan plan) {
  BOWSHOT_ASSIGN(auto row, sub_plans.collect(std::move(plan)));
  if (!row) return fail(ErrorCode::kInternal, "an aggregate without keys has no row");
  return RowReader(std::move(row));
}

}  // namespace

Result<std::vector<ColumnProfile>> profile_columns(const SubPlans& sub_plans,
                                                   std::span<const NamedExpression> columns) {
  std::vector<Column> found;
  const bool is_filtered = sub_plans.plan().filter != nullptr;
  for (const NamedExpression& column : columns)
    found.push_back({.value = column.expression, .is_filtered = is_filtered});

  Plan first = sub_plans.make(Plan::Kind::kAggregate);
  measure(first, MeasureFunction::kCountRows, nullptr, arrow::int64());
  for (const Column& column : found) add_first(column, first);
  BOWSHOT_ASSIGN(RowReader first_row, run_scan(sub_plans, std::move(first)));
  const int64_t rows = first_row.next_count();
  for (Column& column : found) BOWSHOT_TRY(read_first(rows, first_row, column));

  Plan second = sub_plans.make(Plan::Kind::kAggregate);
  for (const Column& column : found) add_second(column, second);
  if (!second.measures.empty()) {
    BOWSHOT_ASSIGN(RowReader second_row, run_scan(sub_plans, std::move(second)));
    for (Column& column : found) BOWSHOT_TRY(read_second(second_row, column));
  }

  std::vector<ColumnProfile> profiles;
  for (Column& column : found) {
    const auto distinct = column.profile.distinct;
    if (distinct && !column.is_listed() && *distinct <= kTopDistinctMax) {
      BOWSHOT_ASSIGN(column.profile.top, find_top(sub_plans, column.value));
    }
    profiles.push_back(std::move(column.profile));
  }
  return profiles;
}

}  // namespace bowshot
