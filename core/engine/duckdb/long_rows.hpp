#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/duckdb/raw_batches.hpp"
#include "engine/duckdb/stored_rows.hpp"

namespace bowshot {

/// Dataset rows [begin, end); of what matches there, at most `rows_left`.
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;
  std::optional<int64_t> rows_left = {};
};

/// DuckDB finds the numbers of matching rows and what is computed of them; columns as they are
/// stored come straight from Parquet, a batch at a time: in bounded memory however long rows are,
/// and sooner than DuckDB has them where most rows match.
class LongRows : public RawBatches {
 public:
  /// The first search goes through `first_search_rows`, later ones through ever more.
  LongRows(QueryContext context, RowRange range, int64_t first_search_rows, Engine* windows);
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;
  void rest() override { stored_.rest(); }

 private:
  Result<void> start_search();
  /// More matching rows, into `found_`, behind those of it that are not used yet; false at the end.
  Result<bool> find_more();
  /// Of the found rows that are not used yet.
  std::span<const int64_t> numbers() const;
  std::shared_ptr<arrow::RecordBatch> with_computed(const arrow::RecordBatch& stored);

  QueryContext context_;
  RowRange range_;
  StoredRows stored_;
  std::vector<int> computed_outputs_;  // indices into the select: come with the row numbers
  int64_t search_rows_;                // how many rows the next search goes through
  int64_t search_rows_max_;            // of which DuckDB can hold what is computed
  std::unique_ptr<RunningQuery> search_;
  std::shared_ptr<arrow::RecordBatch> found_;  // computed outputs, then `_row`
  int64_t found_used_ = 0;
};

}  // namespace bowshot
