#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "source/column_dictionary.hpp"
#include "source/dataset.hpp"

namespace bowshot {

/// Brings what Parquet's reader gives for a column to the type that the dataset's schema names: one
/// array, text checked to be UTF-8, dictionary columns over the dataset's whole dictionary. In one
/// step, finish(), or in two with a cache and a choice of rows between them: prepare(), whose
/// arrays serve every version that has the file, and complete(). Immutable after make(); safe from
/// any thread.
class ColumnFinisher {
 public:
  static Result<ColumnFinisher> make(const Dataset& dataset, int column);
  int column() const { return column_; }
  Result<std::shared_ptr<arrow::Array>> finish(const arrow::ChunkedArray& values) const;

  /// The type of single values: the column's, utf8 where that is dictionary<utf8>.
  const std::shared_ptr<arrow::DataType>& value_type() const { return value_type_; }
  /// Of value_type(), or codes of a dictionary of it where Parquet's reader gave codes.
  Result<std::shared_ptr<arrow::Array>> prepare(const arrow::ChunkedArray& values) const;
  /// Chosen values, of value_type(), as the column's type.
  Result<std::shared_ptr<arrow::Array>> complete(std::shared_ptr<arrow::Array> values) const;

 private:
  Error explain(Error error) const;
  Result<std::shared_ptr<arrow::Array>> prepare_chunk(
      const std::shared_ptr<arrow::Array>& chunk) const;

  int column_ = 0;
  std::shared_ptr<arrow::Field> field_;
  std::shared_ptr<arrow::DataType> value_type_;
  std::shared_ptr<const ColumnDictionary> dictionary_;  // dictionary<utf8> only
};

/// [first, first + rows) as int64: the pseudo-column `_row`.
Result<std::shared_ptr<arrow::Array>> row_numbers(int64_t first, int64_t rows);

/// Bytes that `array` holds of its own, without a shared dictionary.
int64_t held_bytes(const arrow::Array& array);

}  // namespace bowshot
