#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/engine.hpp"
#include "engine/parquet/batch_size.hpp"
#include "engine/parquet/column_blocks.hpp"
#include "engine/parquet/output_columns.hpp"

namespace bowshot {

/// Rows of a dataset by number, in any order and as often as they are named, as batches in that
/// order: the rows of a sorted screen, or a few rows anywhere. Row numbers are grouped by file, row
/// group and page; each page is decoded once for as many rows as fit in memory, and kept for the
/// requests that come. One thread at a time.
class ScatteredRows : public BatchStream {
 public:
  /// Outputs are those of the plan, whose select names dataset columns and `_row` alone; its
  /// filter, order, offset and limit are not looked at. `rows` are below the dataset's row count.
  static Result<std::unique_ptr<BatchStream>> make(std::shared_ptr<const Plan> plan,
                                                   std::vector<int64_t> rows,
                                                   std::shared_ptr<ParquetCaches> caches,
                                                   const StopToken& stop);

  const std::shared_ptr<arrow::Schema>& schema() const override { return plan_->schema; }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override;

 private:
  /// Row numbers in ascending order, and where each of the asked ones stands among them.
  struct Sorted {
    std::vector<int64_t> rows;
    std::shared_ptr<arrow::Array> places;  // null: they were asked for in this order
  };
  ScatteredRows() = default;
  Result<std::shared_ptr<arrow::RecordBatch>> next_batch();
  Result<void> estimate();
  /// Reads as many of the rows as memory allows into part_.
  Result<void> read_part();
  int64_t part_rows();
  Result<Sorted> in_ascending_order(std::span<const int64_t> rows) const;
  Result<arrow::ArrayVector> read_columns(const Sorted& sorted);
  Result<std::shared_ptr<arrow::Array>> read_column(const ColumnFinisher& column,
                                                    const Sorted& sorted, int64_t& kept_bytes);
  Error explain(Error error) const;

  std::shared_ptr<const Plan> plan_;  // shared: keeps the dataset's version
  std::shared_ptr<ParquetCaches> caches_;
  StopToken stop_;
  std::vector<int64_t> rows_;
  bool is_ascending_ = false;
  size_t next_row_ = 0;  // in rows_: the first that was not read
  OutputColumns outputs_;
  BatchSize batch_size_;
  std::optional<RowBytes> row_bytes_;
  int64_t kept_bytes_ = 0;                    // in the cache, by this request
  std::shared_ptr<arrow::RecordBatch> part_;  // rows that were read
  int64_t part_used_ = 0;                     // of them, given out
  bool is_first_ = true;
  std::optional<Error> error_;  // given again by every later next()
};

}  // namespace bowshot
