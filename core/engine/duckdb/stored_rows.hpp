#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/duckdb/raw_batches.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// Stored columns of rows by ascending number, read straight from Parquet as windows: nothing but a
/// batch is held, and every type is read whole. One thread at a time.
class StoredRows {
 public:
  /// `outputs`: indices into the plan's select, of dataset columns. `windows` outlives this.
  StoredRows(QueryContext context, std::vector<int> outputs, Engine* windows);

  const std::vector<int>& outputs() const { return outputs_; }
  /// Reads the first of `rows` (ascending, not none), where it was not read yet, and those with it:
  /// gives the number of the row after them.
  Result<int64_t> read(std::span<const int64_t> rows);
  /// The first of `rows`, and those after it that were read with it.
  Result<std::shared_ptr<arrow::RecordBatch>> take(std::span<const int64_t> rows);

  /// Lets go of what was read, where the next take() reads it again at little cost.
  void rest();

  /// Whether an output is a dataset column as it is stored.
  static bool is_stored(const Expression& expression);

 private:
  Result<void> open(std::span<const int64_t> rows);

  QueryContext context_;
  std::vector<int> outputs_;
  Engine* windows_;
  int64_t gap_rows_max_;
  std::unique_ptr<BatchStream> stream_;
  std::shared_ptr<arrow::RecordBatch> batch_;  // dataset rows [batch_begin_, batch_end_)
  int64_t batch_begin_ = 0;
  int64_t batch_end_ = 0;
  int64_t stream_end_ = 0;
};

/// Some of a plan's outputs, by their indices into its select.
struct SomeOutputs {
  const std::vector<int>* outputs;    // the caller's
  const arrow::RecordBatch* columns;  // the same
};

/// Every output of a plan, `count` of them, from two batches of as many rows.
std::shared_ptr<arrow::RecordBatch> put_together(size_t count, const SomeOutputs& stored,
                                                 const SomeOutputs& computed);

}  // namespace bowshot
