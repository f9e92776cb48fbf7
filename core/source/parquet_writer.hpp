#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

#include "base/error.hpp"

namespace parquet::arrow {
class FileWriter;
}

namespace bowshot {

/// Row groups hold at most this much, whichever comes first: protocol/PROTOCOL.md, section 5.
inline constexpr int64_t kParquetGroupRowsMax = 122'880;
inline constexpr int64_t kParquetGroupBytesMax = int64_t{64} << 20;  // before compression

/// Writes Parquet as Bowshot likes to read it: zstd, row groups as above, small pages with an index
/// and checksums, so that any hundred rows are a few pages; dictionaries only for columns whose
/// first batch repeats values. One thread at a time. Without finish() what was written is no
/// Parquet file.
class ParquetWriter {
 public:
  /// `schema` is kept as metadata, so that every type and the metadata come back. Errors, here and
  /// below: `out_of_space`, `bad_data` for what `out` says, `bad_parameter` for what Parquet cannot
  /// hold (no columns).
  static Result<std::unique_ptr<ParquetWriter>> make(
      const std::shared_ptr<arrow::Schema>& schema, std::shared_ptr<arrow::io::OutputStream> out,
      int64_t group_bytes_max = kParquetGroupBytesMax);
  ~ParquetWriter();
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;

  /// Holds the encoded pages of one row group at most.
  Result<void> write(const arrow::RecordBatch& batch);
  /// Ends the last row group and writes the footer. Closes nothing.
  Result<void> finish();

  int64_t rows() const { return rows_; }

 private:
  explicit ParquetWriter(int64_t group_bytes_max);
  /// Begins the file, as fits its first rows. Null: there are none.
  Result<void> open(const arrow::RecordBatch* first);
  /// Begins a new row group where the one under way is full.
  Result<void> make_room();

  const int64_t group_bytes_max_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::io::OutputStream> out_;  // shared with writer_
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  int64_t rows_ = 0;
  int64_t group_rows_ = 0;   // of the group under way
  int64_t group_bytes_ = 0;  // the same, before compression
};

}  // namespace bowshot
