#include "engine/duckdb/measures.hpp"

#include <arrow/type.h>
#include <fmt/format.h>

#include <limits>

#include "base/check.hpp"
#include "engine/dialect.hpp"
#include "engine/duckdb/distinct_function.hpp"
#include "engine/duckdb/expression_writer.hpp"
#include "engine/duckdb/sql_type.hpp"
#include "source/data_type.hpp"

namespace bowshot::duckdb_sql {
namespace {

/// Of the sample; null below two values. DuckDB fails on NaN and infinities, whose spread is NaN.
std::string spread_sql(std::string_view function, const std::string& x,
                       const arrow::DataType& type) {
  const std::string number = fmt::format("CAST({} AS DOUBLE)", x);
  if (!bowshot::is_floating(type)) return fmt::format("{}({})", function, number);
  return fmt::format(
      "CASE WHEN count({1}) < 2 THEN NULL WHEN bool_or(NOT isfinite({1})) THEN {2} "
      "ELSE {0}({1}) FILTER (WHERE isfinite({1})) END",
      function, number, sql_float64(std::numeric_limits<double>::quiet_NaN()));
}

/// DuckDB lets sums of decimals grow beyond 38 digits; an addition, even of zero, does not.
std::string sum_sql(const std::string& x, const arrow::DataType& type) {
  if (type.id() != arrow::Type::DECIMAL128) return fmt::format("sum({})", x);
  return fmt::format("(sum({}) + CAST(0 AS {}))", x, sql_type(type));
}

/// Interpolated in float64, as the type of the answer is; exact numbers are ordered as they are.
std::string quantile_sql(const std::string& x, double quantile) {
  return fmt::format("quantile_cont(CAST({} AS DOUBLE), {})", x, quantile);
}

/// x of the row with the least (greatest) y, of several the one with the lowest `_row`; x may be
/// null.
std::string picked_sql(bool least, const std::string& x, const std::string& y) {
  return fmt::format("{}({}, row({}, {})) FILTER (WHERE {} IS NOT NULL)",
                     least ? "arg_min_null" : "arg_max_null", x, y, least ? "r" : "- r", y);
}

/// A condition on a measure's only argument as its FILTER: with CASE in its place the nulls of all
/// other rows go through a DISTINCT's hash table, which takes several times as long.
struct FilteredArgument {
  const Expression* value = nullptr;
  const Expression* condition = nullptr;  // null: every row
};

FilteredArgument filtered_argument(const Measure& measure) {
  const Expression& argument = *measure.arguments[0];
  const auto* call = std::get_if<Call>(&argument.node);
  if (measure.function != MeasureFunction::kCountDistinct || !call ||
      call->function != Function::kWhen)
    return {.value = &argument};
  return {.value = call->arguments[1].get(), .condition = call->arguments[0].get()};
}

std::string measure_sql(const Measure& measure, const std::string& x, const std::string& y) {
  switch (measure.function) {
    case MeasureFunction::kCountRows:
      return "count(*)";
    case MeasureFunction::kCount:
      return fmt::format("count({})", x);
    case MeasureFunction::kCountDistinct:
      return fmt::format("count(DISTINCT {})", x);
    case MeasureFunction::kApproxCountDistinct:
      return fmt::format("{0}(CASE WHEN {1} IS NOT NULL THEN hash({1}) END)", kDistinctFunction, x);
    case MeasureFunction::kSum:
      return sum_sql(x, *measure.type);
    case MeasureFunction::kMean:
      return fmt::format("avg({})", x);
    case MeasureFunction::kMin:
      return fmt::format("min({})", x);
    case MeasureFunction::kMax:
      return fmt::format("max({})", x);
    case MeasureFunction::kStddev:
      return spread_sql("stddev_samp", x, *measure.arguments[0]->type);
    case MeasureFunction::kVariance:
      return spread_sql("var_samp", x, *measure.arguments[0]->type);
    case MeasureFunction::kMedian:
      return quantile_sql(x, 0.5);
    case MeasureFunction::kQuantile:
      return quantile_sql(x, measure.quantile);
    case MeasureFunction::kArgMin:
      return picked_sql(true, x, y);
    case MeasureFunction::kArgMax:
      return picked_sql(false, x, y);
    case MeasureFunction::kValueCounts:
      return fmt::format(
          "list_sort(list_transform(map_entries(histogram({})), lambda e: "
          "{{'value': e.key, 'count': CAST(e.value AS BIGINT)}}))",
          x);
  }
  BOWSHOT_CHECK(false);
}

}  // namespace

Result<std::string> write_measure(const Measure& measure) {
  std::string x;
  std::string y;
  std::string filter;
  if (const ColumnReference* const column = stored_argument(measure)) {
    x = fmt::format("c{}", column->index);
  } else if (!measure.arguments.empty()) {
    const auto [value, condition] = filtered_argument(measure);
    BOWSHOT_ASSIGN(x, write_expression(*value));
    if (condition) {
      BOWSHOT_ASSIGN(const std::string text, write_expression(*condition));
      filter = fmt::format(" FILTER (WHERE {})", text);
    }
  }
  if (measure.arguments.size() > 1) {
    BOWSHOT_ASSIGN(y, write_expression(*measure.arguments[1]));
  }
  // Sums of integers are 128 bits wide until this cast, which fails where they do not fit.
  return fmt::format("CAST({}{} AS {})", measure_sql(measure, x, y), filter,
                     sql_type(*measure.type));
}

}  // namespace bowshot::duckdb_sql
