#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "source/column_dictionary.hpp"
#include "source/dataset.hpp"

namespace bowshot {

/// Brings what Parquet's reader gives for a column to the type that the dataset's schema names: one
/// array, text checked to be UTF-8, dictionary columns over the dataset's whole dictionary.
/// Immutable after make(); safe from any thread.
class ColumnFinisher {
 public:
  static Result<ColumnFinisher> make(const Dataset& dataset, int column);
  int column() const { return column_; }
  Result<std::shared_ptr<arrow::Array>> finish(const arrow::ChunkedArray& values) const;

 private:
  int column_ = 0;
  std::shared_ptr<arrow::Field> field_;
  std::shared_ptr<const ColumnDictionary> dictionary_;  // dictionary<utf8> only
};

/// [first, first + rows) as int64: the pseudo-column `_row`.
Result<std::shared_ptr<arrow::Array>> row_numbers(int64_t first, int64_t rows);

/// Whether every text in `array`, at any depth, is UTF-8.
bool is_valid_utf8(const arrow::ArrayData& data);

/// Bytes that `array` holds of its own, without a shared dictionary.
int64_t held_bytes(const arrow::Array& array);

}  // namespace bowshot
