#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <span>

#include "query/plan.hpp"

namespace bowshot {

/// A row group's columns once decoded, by the footers: an estimate for dictionary-encoded text of
/// files without size statistics. Of a table in memory, so many rows as DuckDB takes at a time.
struct GroupSize {
  int64_t bytes = 0;
  int64_t rows = 0;
  int64_t held_bytes = 0;  // what DuckDB would hold of a result of such rows
  int64_t row_bytes() const;
};

/// The row group of which DuckDB would hold most, of the columns that a plan puts out.
GroupSize largest_group(const Plan& plan);
/// The same of some outputs only, by their index in the select.
GroupSize largest_group(const Plan& plan, std::span<const int> outputs);

/// What DuckDB may hold of a statement's result. What is larger is read straight from Parquet, by
/// the numbers of the rows that DuckDB finds.
inline constexpr int64_t kResultBytesMax = int64_t{64} << 20;
bool is_long(const GroupSize& group);

/// How many rows one statement may go through: any number, but where rows are long those of
/// kResultBytesMax, and not less than a row group, of which each statement decodes the whole.
int64_t statement_rows_max(const GroupSize& group);

/// Whether DuckDB reads values of the type with fewer digits: nanoseconds with a zone, also in
/// lists and structs.
bool is_cut_by_duckdb(const arrow::DataType& type);

}  // namespace bowshot
