#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "query/expression.hpp"
#include "source/dataset.hpp"

namespace bowshot {

enum class MeasureFunction {
  kCountRows,
  kCount,
  kCountDistinct,
  kApproxCountDistinct,
  kSum,
  kMean,
  kMin,
  kMax,
  kStddev,
  kVariance,
  kMedian,
  kQuantile,
  kArgMin,
  kArgMax,
  kValueCounts,
};

/// `arguments`: none for kCountRows, (x, y) for kArgMin and kArgMax, else (x). kValueCounts is a
/// list<struct<value, count: int64>> of every value but null, by value, for values that are few.
struct Measure {
  std::string name;
  MeasureFunction function = MeasureFunction::kCountRows;
  std::vector<ExpressionPtr> arguments;
  double quantile = 0.5;                  // kQuantile only, 0..1
  std::shared_ptr<arrow::DataType> type;  // of the result
};

/// One item of an order. Nulls are last both ways; NaN is the greatest.
struct OrderItem {
  int output = -1;           // aggregate: index into keys, then measures
  ExpressionPtr expression;  // rows: over the dataset's and computed columns
  bool descending = false;
};

/// A column counted in equal bins from min to max; where a bound is missing, it is that of the
/// filtered rows.
struct HistogramPart {
  ExpressionPtr value;  // a number or a time
  int64_t bins = 1;
  std::optional<double> min;  // times in microseconds, as Function::kMicroseconds
  std::optional<double> max;
};

/// Rows drawn without replacement, in the order of a keyed permutation of their numbers; what of
/// them, `select` says.
struct SamplePart {
  int64_t size = 0;
  uint64_t seed = 0;
  ExpressionPtr stratum;  // null: no groups; else equal shares of each
};

/// A row for each of some columns: what is in it.
struct ProfilePart {
  std::vector<NamedExpression> columns;
};

/// What an engine runs: scan -> compute -> filter -> project or aggregate -> order -> slice.
/// A plan is relational and typed; it says nothing of how. Immutable once built by shape/.
struct Plan {
  /// kDerived is made by shape/ from the answers of several plans of the other kinds, over the
  /// same dataset, computed columns and filter; no engine takes it.
  enum class Kind { kRows, kAggregate, kDerived };

  std::shared_ptr<const Dataset> dataset;  // shared: answers under way keep their version
  std::vector<NamedExpression> computed;   // a later one may refer to an earlier one
  ExpressionPtr filter;                    // null: every row
  Kind kind = Kind::kRows;

  std::vector<NamedExpression> select;  // kRows, SamplePart: the output columns
  std::vector<NamedExpression> keys;    // kAggregate: the grouping; none: exactly one row
  std::vector<Measure> measures;        // kAggregate

  std::variant<std::monostate, HistogramPart, SamplePart, ProfilePart> derived;  // kDerived

  std::vector<OrderItem> order;  // then ascending `_row` (rows) or the keys (aggregate)
  int64_t offset = 0;
  std::optional<int64_t> limit;

  std::shared_ptr<arrow::Schema> schema;  // of the answer: the select, or keys then measures
};

}  // namespace bowshot
