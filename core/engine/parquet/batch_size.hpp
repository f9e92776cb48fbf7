#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/parquet/group_run.hpp"

namespace bowshot {

/// How many rows the next batch should have so that it holds about 4 MiB, from the footer's sums
/// first and from what batches did hold then. One thread at a time.
class BatchSize {
 public:
  /// A new run of row groups begins. Only the first estimate is a guess that must be careful.
  void expect(const RowBytes& row_bytes);
  int64_t rows() const { return rows_; }
  /// A batch was read.
  void observe(int64_t rows, int64_t bytes);
  /// The reader is slow, and what waits for him is held: the next batch is a quarter as long.
  void rest() { rows_ = std::max<int64_t>(1, rows_ / 4); }

 private:
  int64_t rows_ = 0;
  bool has_observed_ = false;
};

}  // namespace bowshot
