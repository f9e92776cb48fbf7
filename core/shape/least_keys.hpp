#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace bowshot {

/// A row and its place in the order of a RowPermutation, by which rows differ.
struct KeyedRow {
  uint64_t key = 0;
  int64_t row = 0;
};

/// The `size` rows of the least keys of those that were added, in memory for at most about twice
/// as many.
///   LeastKeys least(10); least.add({permutation(row), row}); std::move(least).take();
class LeastKeys {
 public:
  explicit LeastKeys(int64_t size) : size_(static_cast<size_t>(size)) {
    if (size == 0) key_max_ = 0;
  }

  void add(KeyedRow row) {
    if (row.key > key_max_ || size_ == 0) return;
    rows_.push_back(row);
    if (rows_.size() >= 2 * size_ + kSlack) shrink();
  }

  /// Rows of greater keys need not be added.
  uint64_t key_max() const { return key_max_; }

  /// By ascending key.
  std::vector<KeyedRow> take() && {
    shrink();
    std::ranges::sort(rows_, {}, &KeyedRow::key);
    return std::move(rows_);
  }

 private:
  static constexpr size_t kSlack = 16;  // there may be many of these, with few rows each

  void shrink() {
    if (rows_.size() <= size_) return;
    std::ranges::nth_element(rows_, rows_.begin() + static_cast<int64_t>(size_) - 1, {},
                             &KeyedRow::key);
    rows_.resize(size_);
    key_max_ = rows_.back().key;
  }

  size_t size_;
  uint64_t key_max_ = std::numeric_limits<uint64_t>::max();  // none above it is among the least
  std::vector<KeyedRow> rows_;
};

}  // namespace bowshot
