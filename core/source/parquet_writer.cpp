#include "source/parquet_writer.hpp"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/io_util.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <parquet/types.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>
#include <vector>

namespace bowshot {
namespace {

/// A window of 100 rows decodes one page a column, and a page has all of its rows decoded.
constexpr int64_t kPageRowsMax = 4'096;
constexpr int64_t kPageBytesTarget = 256 << 10;
constexpr int64_t kDictionaryBytesMax = 256 << 10;

/// Whether a dictionary of the column would outgrow its limit, or hardly a value comes back: then
/// it is left half-way, and every page before that needs all of it for a few rows.
arrow::Result<bool> is_without_repeats(const std::shared_ptr<arrow::Array>& column) {
  constexpr int64_t kSampleRowsMin = 4'096;
  constexpr double kRepeatsMin = 0.05;
  const auto id = column->type_id();
  const bool is_flat = arrow::is_primitive(id) || arrow::is_base_binary_like(id);
  const int64_t rows = column->length() - column->null_count();
  if (!is_flat || rows < kSampleRowsMin) return false;
  ARROW_ASSIGN_OR_RAISE(const auto distinct, arrow::compute::Unique(column));
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(*distinct));
  return bytes > kDictionaryBytesMax ||
         static_cast<double>(distinct->length()) > (1 - kRepeatsMin) * static_cast<double>(rows);
}

/// What serves the columns of `first`, the first rows that are written; null: nothing is known.
arrow::Result<std::shared_ptr<parquet::WriterProperties>> writer_properties(
    const arrow::RecordBatch* first) {
  parquet::WriterProperties::Builder builder;
  for (int i = 0; first && i < first->num_columns(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const bool is_plain, is_without_repeats(first->column(i)));
    if (is_plain)
      builder.disable_dictionary(
          std::make_shared<parquet::schema::ColumnPath>(std::vector{first->column_name(i)}));
  }
  return builder.created_by("bowshot")
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->compression(parquet::Compression::ZSTD)
      ->max_row_group_length(kParquetGroupRowsMax)
      ->data_pagesize(kPageBytesTarget)
      ->max_rows_per_page(kPageRowsMax)
      ->dictionary_pagesize_limit(kDictionaryBytesMax)
      ->enable_write_page_index()
      ->enable_page_checksum()
      ->build();
}

/// Pages have headers, levels and indexes besides the values.
int64_t values_bytes_max(int64_t group_bytes_max) {
  return group_bytes_max / 16 * 15;
}

/// What the values take in Parquet, where the narrowest integer has four bytes.
arrow::Result<int64_t> parquet_bytes(const arrow::RecordBatch& batch) {
  ARROW_ASSIGN_OR_RAISE(int64_t bytes, arrow::util::ReferencedBufferSize(batch));
  for (const auto& field : batch.schema()->fields()) {
    const int width = arrow::is_integer(field->type()->id()) ? field->type()->byte_width() : 4;
    bytes += batch.num_rows() * std::max(0, 4 - width);
  }
  return bytes;
}

Error write_error(const arrow::Status& status) {
  if (status.IsOutOfMemory())
    return {.code = ErrorCode::kOutOfMemory, .detail = "not enough memory to write Parquet"};
  const int number = arrow::internal::ErrnoFromStatus(status);
  if (number == ENOSPC || number == EDQUOT)
    return {.code = ErrorCode::kOutOfSpace, .detail = "no space is left to write Parquet"};
  if (number == EFBIG)
    return {.code = ErrorCode::kOutOfSpace, .detail = "the Parquet file would be too large"};
  if (number != 0) return {.code = ErrorCode::kInternal, .detail = "Parquet cannot be written"};
  return {.code = ErrorCode::kBadData,
          .detail = "Parquet cannot hold these data: " + status.CodeAsString()};
}

/// Parquet code throws; what it throws or returns becomes a Result.
template <class Function>
Result<void> write_guarded(Function&& function) {
  try {
    const arrow::Status status = function();
    if (!status.ok()) return fail(write_error(status));
    return {};
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "not enough memory to write Parquet");
  } catch (const parquet::ParquetStatusException& exception) {
    return fail(write_error(exception.status()));
  } catch (const std::exception&) {
    return fail(ErrorCode::kBadData, "Parquet cannot hold these data");
  }
}

}  // namespace

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::make(
    const std::shared_ptr<arrow::Schema>& schema, std::shared_ptr<arrow::io::OutputStream> out,
    int64_t group_bytes_max) {
  if (schema->num_fields() == 0)
    return fail(ErrorCode::kBadParameter, "Parquet cannot hold a table without columns");
  std::unique_ptr<ParquetWriter> writer(new ParquetWriter(values_bytes_max(group_bytes_max)));
  writer->schema_ = schema;
  writer->out_ = std::move(out);
  return writer;
}

ParquetWriter::ParquetWriter(int64_t group_bytes_max) : group_bytes_max_(group_bytes_max) {}

ParquetWriter::~ParquetWriter() = default;

Result<void> ParquetWriter::open(const arrow::RecordBatch* first) {
  return write_guarded([&]() -> arrow::Status {
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_ASSIGN_OR_RAISE(const auto properties, writer_properties(first));
    ARROW_ASSIGN_OR_RAISE(
        writer_, parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), out_,
                                                  properties, arrow_properties));
    return arrow::Status::OK();
  });
}

Result<void> ParquetWriter::make_room() {
  if (group_rows_ < kParquetGroupRowsMax && group_bytes_ < group_bytes_max_) return {};
  BOWSHOT_TRY(write_guarded([&] { return writer_->NewBufferedRowGroup(); }));
  group_rows_ = 0;
  group_bytes_ = 0;
  return {};
}

Result<void> ParquetWriter::write(const arrow::RecordBatch& batch) {
  const int64_t rows = batch.num_rows();
  if (rows == 0) return {};
  if (!writer_) BOWSHOT_TRY(open(&batch));
  const auto bytes = parquet_bytes(batch);
  if (!bytes.ok()) return fail(write_error(bytes.status()));
  const double row_bytes = static_cast<double>(*bytes) / static_cast<double>(rows);
  for (int64_t begin = 0; begin < rows;) {
    BOWSHOT_TRY(make_room());
    const auto bytes_left = static_cast<double>(group_bytes_max_ - group_bytes_);
    const auto fitting = static_cast<int64_t>(bytes_left / std::max(row_bytes, 1.0));
    const int64_t taken =
        std::clamp<int64_t>(std::min(fitting, kParquetGroupRowsMax - group_rows_), 1, rows - begin);
    const auto slice = batch.Slice(begin, taken);
    BOWSHOT_TRY(write_guarded([&] { return writer_->WriteRecordBatch(*slice); }));
    begin += taken;
    rows_ += taken;
    group_rows_ += taken;
    group_bytes_ += static_cast<int64_t>(static_cast<double>(taken) * row_bytes) + 1;
  }
  return {};
}

Result<void> ParquetWriter::finish() {
  if (!writer_) BOWSHOT_TRY(open(nullptr));
  return write_guarded([&] { return writer_->Close(); });
}

}  // namespace bowshot
