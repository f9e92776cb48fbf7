#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "query/plan.hpp"

namespace bowshot {

/// What a statement reads of a dataset. In statements, data has internal names only, for engines
/// fold the case of names:
///   c<i>  column i of the dataset as it is stored, for output, counts, sums and means
///   v<i>  column i as a value, for expressions, orders, keys and measures
///   k<j>  computed column j
///   r     `_row`
struct Scan {
  const Dataset* dataset = nullptr;  // outlives the statement and its run
  /// Dataset row numbers [begin, end): within one file, or any number of whole files.
  int64_t begin = 0;
  int64_t end = 0;
  std::vector<int64_t> rows;        // not empty: only these of them
  std::vector<int> stored_columns;  // c<i>, ascending
  std::vector<int> value_columns;   // v<i>, ascending
  bool row_number = false;          // r
};

/// The column that a count, a sum or a mean takes as it is stored (c<i>); null where arguments are
/// values (v<i>).
const ColumnReference* stored_argument(const Measure& measure);

/// A predicate as text, and the stored columns (c<i>) that it names besides values.
struct FilterText {
  std::string text;
  std::vector<int> stored_columns;
};

/// How the parts of a plan are spelt for one engine: the only place where values become SQL text.
/// Immutable; safe from any thread.
class Dialect {
 public:
  virtual ~Dialect() = default;
  /// A SELECT that yields what the scan asks for, under the names above.
  virtual Result<std::string> source(const Scan& scan) const = 0;
  virtual Result<std::string> expression(const Expression& expression) const = 0;
  /// A predicate for WHERE: the same rows as expression(), perhaps with more for the engine to
  /// prune by.
  virtual Result<FilterText> filter(const Expression& expression) const = 0;
  /// Of the plan's type exactly.
  virtual Result<std::string> measure(const Measure& measure) const = 0;
  /// Nulls last, NaN the greatest.
  virtual std::string order(const std::string& name, bool descending) const = 0;
  /// `select`, kept by the engine from being merged with what is around it.
  virtual std::string opaque(std::string select) const = 0;
};

}  // namespace bowshot
