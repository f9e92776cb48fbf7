#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "query/expression.hpp"

namespace bowshot {

/// Equal bins from min to max, in float64: protocol/PROTOCOL.md, section 4, `histogram`.
class EqualBins {
 public:
  /// `min` <= `max`, both finite; `bins` from 1.
  EqualBins(double min, double max, int64_t bins);

  double min() const { return min_; }
  double max() const { return max_; }
  int64_t bins() const { return bins_; }

  /// floor((value - min) * bins / (max - min)) of a float64 `value` within the bounds: the bin, or
  /// `bins` for the greatest values. Null where min = max.
  ExpressionPtr place(const ExpressionPtr& value) const;
  /// The bin of what place() gives.
  int64_t bin_of(double place) const;
  /// Where bin `i` begins; of `bins`, where the last one ends.
  double edge(int64_t i) const;

 private:
  double min_;
  double max_;
  int64_t bins_;
  // A power of two, by which all is multiplied where (max - min) * bins would pass the greatest
  // float64: nothing else is rounded by it.
  double scale_ = 1;
};

/// float64 numbers of microseconds as values of a time type, cut down to its unit; as they are for
/// float64.
Result<std::shared_ptr<arrow::Array>> make_edges(const std::vector<double>& edges,
                                                 const std::shared_ptr<arrow::DataType>& type);

}  // namespace bowshot
