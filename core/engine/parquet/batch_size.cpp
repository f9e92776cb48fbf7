#include "engine/parquet/batch_size.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace bowshot {

namespace {

int64_t rows_for(double row_bytes) {
  const double rows = static_cast<double>(kBatchBytesTarget) / std::max(row_bytes, 1.0);
  return std::clamp<int64_t>(static_cast<int64_t>(rows), 1, kBatchRowsMax);
}

}  // namespace

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
  const int64_t fitting = rows_for(static_cast<double>(bytes) / static_cast<double>(rows));
  rows_ = std::min(fitting, std::max<int64_t>(rows_, 1) * kGrowthMax);
  has_observed_ = true;
}

}  // namespace bowshot
