#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "engine/parquet/window_columns.hpp"
#include "query/plan.hpp"

namespace bowshot {

/// What a plan of plain columns and `_row` reads, each column once, and where each of its outputs
/// is found among them.
struct OutputColumns {
  static Result<OutputColumns> make(const Plan& plan);

  /// The dataset's numbers of the columns.
  std::vector<int> columns() const;
  /// The arrays of the outputs: of `arrays`, which are in the order of `finishers`, or
  /// `row_numbers` for `_row`.
  Result<arrow::ArrayVector> arrange(
      const arrow::ArrayVector& arrays,
      const std::function<Result<std::shared_ptr<arrow::Array>>()>& row_numbers) const;

  std::vector<ColumnFinisher> finishers;
  std::vector<int> slots;  // of each output, the index into `finishers`; -1: `_row`
};

/// `read(slot)` of each of `count` columns, on threads of Arrow's pool where that pays. The first
/// error, in the order of the columns, stands for all.
Result<arrow::ArrayVector> read_columns(
    size_t count, bool in_parallel,
    const std::function<Result<std::shared_ptr<arrow::Array>>(size_t slot)>& read);

}  // namespace bowshot
