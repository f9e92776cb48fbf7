#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/parquet/group_run.hpp"

namespace bowshot {

/// How many rows the next batch should have so that it holds as many bytes as all before it
/// together, from 512 KiB up to 4 MiB: little is held for a reader who takes little. From the
/// footer's sums first and from what batches did hold then. One thread at a time.
class BatchSize {
 public:
  /// A new run of row groups begins. Only the first estimate is a guess that must be careful.
  void expect(const RowBytes& row_bytes);
  int64_t rows() const { return rows_; }
  /// A batch was read.
  void observe(int64_t rows, int64_t bytes);
  /// The reader is slow, and what waits for him is held: batches begin small again.
  void rest();

 private:
  /// Rows of so many bytes that fit into the next batch.
  int64_t rows_for(double row_bytes) const;

  int64_t bytes_before_ = 0;
  double row_bytes_ = 0;
  int64_t rows_ = 0;
  bool has_observed_ = false;
};

}  // namespace bowshot
