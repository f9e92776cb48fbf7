#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/duckdb/raw_batches.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// Measured: rows by number cost about as much as one more column through a sort, up to about so
/// many of them.
inline constexpr int64_t kFetchedRowsMax = 1'024;

/// A plan's outputs of rows that are known by number, in their order: stored columns come straight
/// from Parquet, a batch at a time, and DuckDB computes the rest. The plan's filter, order, offset
/// and limit are not looked at.
class FetchedRows : public RawBatches {
 public:
  /// `windows` outlives this; null: DuckDB reads all.
  FetchedRows(QueryContext context, Engine* windows, std::vector<int64_t> rows);
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;

 private:
  Result<void> begin();
  /// The outputs that DuckDB computes.
  Result<std::shared_ptr<arrow::RecordBatch>> compute() const;

  QueryContext context_;
  Engine* windows_;
  std::vector<int64_t> rows_;
  bool has_begun_ = false;
  std::vector<int> stored_outputs_;
  std::vector<int> computed_outputs_;
  std::unique_ptr<BatchStream> stored_;           // null: none
  std::shared_ptr<arrow::RecordBatch> computed_;  // null: none
  int64_t given_rows_ = 0;                        // of computed_
};

}  // namespace bowshot
