#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>

#include "query/plan.hpp"

namespace bowshot {

struct GroupSize {
  int64_t bytes = 0;
  int64_t rows = 0;
};

/// The row group in which the columns that a plan puts out take most bytes once decoded, by the
/// footers: an estimate for dictionary-encoded text of files without size statistics.
GroupSize largest_group(const Plan& plan);

/// DuckDB holds about a row group's result for each thread before the first row leaves. What is
/// larger is read straight from Parquet, by the numbers of the rows that DuckDB finds.
inline constexpr int64_t kDuckDbGroupBytesMax = int64_t{64} << 20;

/// Whether DuckDB reads values of the type with fewer digits: nanoseconds with a zone, also in
/// lists and structs.
bool is_cut_by_duckdb(const arrow::DataType& type);

}  // namespace bowshot
