#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "engine/duckdb/raw_batches.hpp"

namespace bowshot {

/// Dataset rows [begin, end); of what matches there, at most `rows_left`.
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;
  std::optional<int64_t> rows_left = {};
};

/// Finds the numbers of the rows that a plan's filter keeps, and what is computed of them, one
/// statement after the other. Batches: the computed outputs, then `_row`, ascending. One thread at
/// a time.
class RowSearch {
 public:
  /// `computed_outputs`: indices into the plan's select. The first statement goes through
  /// `first_rows`, later ones through ever more.
  RowSearch(const QueryContext& context, RowRange range, int64_t first_rows,
            std::vector<int> computed_outputs);
  /// Ends what runs ahead.
  ~RowSearch();
  RowSearch(const RowSearch&) = delete;
  RowSearch& operator=(const RowSearch&) = delete;

  using Found = Result<std::shared_ptr<arrow::RecordBatch>>;
  /// Null at the end.
  Found next();
  /// Of the statement that runs: null where there is none, or at its end.
  Found more();
  /// Has the statement that runs find numbers for the next call meanwhile, on a thread of its own.
  void run_ahead();

 private:
  Result<void> start();
  Found gather();

  QueryContext context_;
  StopSource stop_;      // of all statements: with the context's, and at the end
  StopCallback linked_;  // to the context's
  RowRange range_;
  std::vector<int> computed_outputs_;
  int64_t rows_;      // how many rows the next statement goes through
  int64_t rows_max_;  // of which DuckDB can hold what is computed
  std::unique_ptr<RunningQuery> statement_;
  std::future<Found> ahead_;  // while it is valid, what gather() uses is that thread's
};

}  // namespace bowshot
