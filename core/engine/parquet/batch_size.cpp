#include "engine/parquet/batch_size.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace bowshot {

int64_t BatchSize::rows_for(double row_bytes) const {
  constexpr int64_t kBytesMin = 512 << 10;
  const int64_t bytes = std::clamp(bytes_before_, kBytesMin, kBatchBytesTarget);
  const double rows = static_cast<double>(bytes) / std::max(row_bytes, 1.0);
  return std::clamp<int64_t>(static_cast<int64_t>(rows), 1, kBatchRowsMax);
}

void BatchSize::expect(const RowBytes& row_bytes) {
  const int64_t estimated = rows_for(row_bytes.bytes);
  if (has_observed_) {  // what was seen is better than a guess, but the next group may be wider
    rows_ = std::min(rows_, estimated);
    return;
  }
  // Texts behind a dictionary may have any length, so the first batch asks how long they are.
  constexpr int64_t kProbeRows = 256;
  rows_ = std::min(estimated, row_bytes.is_exact ? kFirstBatchRowsMax : kProbeRows);
}

void BatchSize::observe(int64_t rows, int64_t bytes) {
  constexpr int64_t kGrowthMax = 8;  // a few long texts may follow many short ones
  bytes_before_ += bytes;
  row_bytes_ = static_cast<double>(bytes) / static_cast<double>(rows);
  rows_ = std::min(rows_for(row_bytes_), std::max<int64_t>(rows_, 1) * kGrowthMax);
  has_observed_ = true;
}

void BatchSize::rest() {
  bytes_before_ = 0;
  rows_ = std::min(rows_, rows_for(row_bytes_));
}

}  // namespace bowshot
