#include "source/import/conversion.hpp"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <optional>

#include "base/check.hpp"
#include "source/data_type.hpp"
#include "source/import/arrow_reader.hpp"
#include "source/import/csv_reader.hpp"
#include "source/import/duckdb_table_reader.hpp"
#include "source/import/ndjson_reader.hpp"
#include "source/import/parquet_record_reader.hpp"
#include "source/parquet_writer.hpp"

namespace bowshot {

namespace {

/// Another number when the same source would be converted to something else.
constexpr int kConverterVersion = 1;
/// Types only become wider, and there are few of them; a column that is found out late costs a
/// pass.
constexpr int kPassesMax = 16;

/// The schema that is written: the protocol's types.
Result<std::shared_ptr<arrow::Schema>> written_schema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    auto type = protocol_type(*field->type());
    if (!type)
      return fail(ErrorCode::kBadData,
                  fmt::format("column \"{}\": {}", field->name(), type.error().detail));
    const bool is_nullable = field->nullable() || field->type()->id() == arrow::Type::NA;
    fields.push_back(arrow::field(field->name(), *std::move(type), is_nullable));
  }
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::Array>> written_column(const std::shared_ptr<arrow::Array>& array,
                                                     const std::shared_ptr<arrow::DataType>& type) {
  if (array->type_id() == arrow::Type::NA || array->type_id() == arrow::Type::DICTIONARY) {
    auto cast = arrow::compute::Cast(*array, type);
    if (cast.ok()) return *std::move(cast);
    return fail(ErrorCode::kBadData, fmt::format("its values do not fit {}", type_name(*type)));
  }
  return recast(array, type);
}

Result<std::shared_ptr<arrow::RecordBatch>> written_batch(
    const arrow::RecordBatch& batch, const std::shared_ptr<arrow::Schema>& schema) {
  arrow::ArrayVector columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    auto column = written_column(batch.column(i), schema->field(i)->type());
    if (!column)
      return fail(column.error().code, fmt::format("column \"{}\": {}", schema->field(i)->name(),
                                                   column.error().detail));
    columns.push_back(*std::move(column));
  }
  return arrow::RecordBatch::Make(schema, batch.num_rows(), std::move(columns));
}

/// One pass: everything is written, or true: the types turned out to be wider, all of which are
/// known now.
Result<bool> write_pass(RecordReader& reader, CheckedOutput& output, const StopToken& stop,
                        ConversionProgress& progress) {
  std::shared_ptr<arrow::Schema> read_schema;
  std::shared_ptr<arrow::Schema> schema;
  std::unique_ptr<ParquetWriter> writer;
  // The writer needs an owner of the stream, which outlives it here.
  const std::shared_ptr<arrow::io::OutputStream> stream(&output, [](arrow::io::OutputStream*) {});
  const auto begin = [&]() -> Result<void> {
    read_schema = reader.schema();
    BOWSHOT_ASSIGN(schema, written_schema(*read_schema));
    BOWSHOT_ASSIGN(writer, ParquetWriter::make(schema, stream));
    return {};
  };
  bool is_wider = false;
  for (;;) {
    if (stop.stop_requested()) return std::unexpected(stop.error());
    BOWSHOT_ASSIGN(const auto batch, reader.next());
    if (!batch) break;
    progress.rows += batch->num_rows();
    if (progress.on_rows) progress.on_rows();
    if (is_wider) continue;  // the rest is read for its types
    if (!writer) BOWSHOT_TRY(begin());
    is_wider = reader.schema() != read_schema && !reader.schema()->Equals(*read_schema);
    if (is_wider) continue;
    BOWSHOT_ASSIGN(const auto written, written_batch(*batch, schema));
    BOWSHOT_TRY(writer->write(*written));
  }
  if (is_wider) return true;
  if (!writer) BOWSHOT_TRY(begin());
  BOWSHOT_TRY(writer->finish());
  return false;
}

}  // namespace

std::string ConversionSource::canonical() const {
  std::string text = fmt::format("converter={} kind={} schema={} {} table={} {}\n",
                                 kConverterVersion, kind_name(kind), table.schema_name.size(),
                                 table.schema_name, table.table_name.size(), table.table_name);
  for (const ListedFile& file : files)
    text += fmt::format("file={} {} {} {} {} {}\n", file.stamp.device, file.stamp.inode,
                        file.stamp.bytes, file.stamp.modified_ns, file.display_name.size(),
                        file.display_name);
  return text + options.canonical();
}

Result<std::unique_ptr<RecordReader>> open_record_reader(const ConversionSource& source,
                                                         const StopToken& stop,
                                                         ConversionProgress* progress) {
  BOWSHOT_TRY(source.options.check());
  switch (source.kind) {
    case FileKind::kCsv:
      return CsvReader::make(source.files, source.options, stop, progress);
    case FileKind::kNdjson:
      return NdjsonReader::make(source.files, source.options, stop, progress);
    case FileKind::kArrow:
      return ArrowReader::make(source.files, stop, progress);
    case FileKind::kDuckDb:
      return open_duckdb_table(source.files.front(), source.table, stop, progress);
    case FileKind::kParquet:
      return open_parquet_files(source.files, stop, progress);
  }
  return fail(ErrorCode::kInternal, "a file of no known kind");
}

Result<ConversionResult> convert(const ConversionSource& source, CheckedOutput& output,
                                 const StopToken& stop, ConversionProgress& progress) {
  int64_t bytes_total = 0;
  for (const ListedFile& file : source.files) bytes_total += file.stamp.bytes;
  progress.bytes_total = bytes_total;
  BOWSHOT_ASSIGN(const auto reader, open_record_reader(source, stop, &progress));
  for (int pass = 1; pass <= kPassesMax; ++pass) {
    progress.pass = pass;
    progress.rows = 0;
    auto is_wider = write_pass(*reader, output, stop, progress);
    if (!is_wider) {
      // A file that is written to underneath explains what is wrong with its rows.
      if (is_wider.error().code == ErrorCode::kBadData) BOWSHOT_TRY(reader->check_unchanged());
      return std::unexpected(std::move(is_wider).error());
    }
    if (!*is_wider) {
      BOWSHOT_TRY(reader->check_unchanged());
      BOWSHOT_ASSIGN(const uint64_t checksum, output.keep());
      return ConversionResult{.rows = progress.rows,
                              .checksum = checksum,
                              .bytes = output.bytes(),
                              .details = reader->details()};
    }
    BOWSHOT_TRY(output.restart());
    BOWSHOT_TRY(reader->rewind());
  }
  return fail(ErrorCode::kInternal, "the types of the source's columns are not found");
}

}  // namespace bowshot
