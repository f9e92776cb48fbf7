#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/duckdb/raw_batches.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// Dataset rows [begin, end); of what matches there, at most `rows_left`.
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;
  std::optional<int64_t> rows_left = {};
};

/// Rows that are long, in bounded memory: DuckDB finds the numbers of matching rows and what is
/// computed of them; columns as they are stored come from `windows`, a batch at a time.
class LongRows : public RawBatches {
 public:
  LongRows(QueryContext context, RowRange range, Engine* windows);
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;

 private:
  Result<void> open_window(int64_t row);
  Result<void> start_search();
  /// The next matching rows, into `found_`; false at the end.
  Result<bool> find_more();
  /// Makes `window_` the batch of stored columns that holds `row`.
  Result<void> move_to(int64_t row);
  Result<std::shared_ptr<arrow::RecordBatch>> take_found();

  QueryContext context_;
  RowRange range_;
  Engine* windows_;  // outlives this: the maker's promise
  std::vector<int> computed_outputs_;  // indices into the select: come with the row numbers
  std::vector<int> stored_outputs_;    // the others
  std::shared_ptr<const Plan> window_plan_;

  int64_t search_rows_;  // how many rows the next search goes through
  std::unique_ptr<RunningQuery> search_;
  std::shared_ptr<arrow::RecordBatch> found_;  // computed outputs, then `_row`
  int64_t found_used_ = 0;

  std::unique_ptr<BatchStream> stream_;
  std::shared_ptr<arrow::RecordBatch> window_;
  int64_t window_begin_ = 0;
  int64_t window_end_ = 0;
};

}  // namespace bowshot
