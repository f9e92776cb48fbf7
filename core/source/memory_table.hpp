#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "source/column_dictionary.hpp"
#include "source/publish/table_body.hpp"

namespace bowshot {

/// A table of record batches in this process. It shares the buffers of whoever made them, who may
/// no longer write to them. Batches have at most kBatchRowsMax rows. Immutable; safe from any
/// thread.
class MemoryTable {
 public:
  /// Reads `body` to its end. Nothing is copied but codes of dictionaries that differ from batch to
  /// batch, batches of few rows, and what `body` has to convert. Null where the buffers take more
  /// than `bytes_max`; `bad_data` for text that is not UTF-8.
  static Result<std::shared_ptr<const MemoryTable>> make(TableBody& body, int64_t bytes_max);
  ~MemoryTable();
  MemoryTable(const MemoryTable&) = delete;
  MemoryTable& operator=(const MemoryTable&) = delete;

  /// Its number in this process, by which a statement names it.
  int64_t id() const { return id_; }
  /// Null: there is none, or it is gone.
  static std::shared_ptr<const MemoryTable> find(int64_t id);

  /// Protocol types.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  int64_t rows() const { return starts_.back(); }
  /// What slice() gives of a column.
  const std::shared_ptr<arrow::DataType>& kept_type(int column) const {
    return kept_types_[static_cast<size_t>(column)];
  }
  /// Of all buffers that it keeps, whole.
  int64_t bytes() const { return bytes_; }
  /// Of a row in the batch whose rows are the longest, by the values alone.
  double row_bytes(int column) const { return row_bytes_[static_cast<size_t>(column)]; }
  /// The whole dictionary of a dictionary<utf8> column.
  const std::shared_ptr<const ColumnDictionary>& dictionary(int column) const {
    return dictionaries_[static_cast<size_t>(column)];
  }

  /// Where the batch ends that holds `row`.
  int64_t batch_end(int64_t row) const;
  /// Rows [begin, end), within one batch, as they are kept: of the schema's type, or a view of
  /// text or binary.
  std::shared_ptr<arrow::Array> slice(int column, int64_t begin, int64_t end) const;
  /// `columns` of rows by number, in their order, in the schema's types.
  Result<arrow::ArrayVector> take(std::span<const int> columns,
                                  std::span<const int64_t> rows) const;

 private:
  class Builder;
  MemoryTable() = default;
  size_t batch_of(int64_t row) const;

  int64_t id_ = 0;  // 0: not registered
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<arrow::ArrayVector> batches_;  // each the columns
  std::vector<int64_t> starts_ = {0};        // batch b holds the rows [starts_[b], starts_[b + 1])
  int64_t bytes_ = 0;
  std::vector<std::shared_ptr<arrow::DataType>> kept_types_;
  std::vector<double> row_bytes_;
  std::vector<std::shared_ptr<const ColumnDictionary>> dictionaries_;  // null: no dictionary
};

}  // namespace bowshot
