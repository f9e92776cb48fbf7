#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/duckdb/raw_batches.hpp"
#include "engine/duckdb/row_search.hpp"
#include "engine/duckdb/stored_rows.hpp"

namespace bowshot {

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
  /// Behind the found rows that are not used yet.
  Result<void> append(std::shared_ptr<arrow::RecordBatch> found);
  /// Of the found rows that are not used yet.
  std::span<const int64_t> numbers() const;
  std::shared_ptr<arrow::RecordBatch> with_computed(const arrow::RecordBatch& stored);

  QueryContext context_;
  StoredRows stored_;
  std::vector<int> computed_outputs_;  // indices into the select: come with the row numbers
  RowSearch search_;
  std::shared_ptr<arrow::RecordBatch> found_;  // computed outputs, then `_row`
  int64_t found_used_ = 0;
};

}  // namespace bowshot
