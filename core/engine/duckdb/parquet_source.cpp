#include "engine/duckdb/parquet_source.hpp"

#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <algorithm>
#include <vector>

#include "base/check.hpp"
#include "engine/duckdb/leaf_columns.hpp"
#include "engine/duckdb/sql_type.hpp"
#include "source/data_type.hpp"

namespace bowshot::duckdb_sql {
namespace {

/// The files that hold the scan's rows.
std::vector<DatasetFile> scanned_files(const Scan& scan) {
  std::vector<DatasetFile> files;
  auto row = scan.rows.begin();
  for (const DatasetFile& file : scan.dataset->files()) {
    const int64_t end = file.first_row + file.file->rows();
    if (file.first_row >= scan.end || end <= scan.begin) continue;
    if (!scan.rows.empty()) {  // only files with some of the rows
      row = std::lower_bound(row, scan.rows.end(), file.first_row);
      if (row == scan.rows.end() || *row >= end) continue;
    }
    files.push_back(file);
  }
  // A scan of no rows still needs the columns' types.
  if (files.empty()) files.push_back(scan.dataset->files().front());
  return files;
}

std::string row_number_sql(const std::vector<DatasetFile>& files) {
  if (files.size() == 1) {
    if (files[0].first_row == 0) return "file_row_number";
    return fmt::format("file_row_number + {}", files[0].first_row);
  }
  std::vector<int64_t> starts;
  for (const DatasetFile& file : files) starts.push_back(file.first_row);
  return fmt::format(
      "file_row_number + list_extract([{}]::BIGINT[], CAST(file_index AS BIGINT) + 1)",
      fmt::join(starts, ","));
}

bool is_zoned_nanoseconds(const arrow::DataType& type) {
  if (type.id() != arrow::Type::TIMESTAMP) return false;
  const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
  return timestamp.unit() == arrow::TimeUnit::NANO && !timestamp.timezone().empty();
}

/// DuckDB reads some columns in another type than Arrow does: UUIDs, which it shows as text, and
/// zoned nanoseconds, which it cuts to microseconds of TIMESTAMPTZ.
std::string read_sql(const DataFile& file, int column, const arrow::DataType& type) {
  std::string name = fmt::format("p{}", column);
  const parquet::SchemaDescriptor& schema = *file.metadata()->schema();
  const bool is_uuid = std::ranges::any_of(leaf_columns(schema, {column}), [&](int leaf) {
    const auto& logical = schema.Column(leaf)->logical_type();
    return logical && logical->is_UUID();
  });
  if (is_uuid) return fmt::format("CAST({} AS {})", name, sql_type(type));
  if (is_zoned_nanoseconds(type)) return fmt::format("make_timestamp_ns(epoch_ns({}))", name);
  return name;
}

/// Bounds in Parquet footers leave NaN out, and DuckDB folds and prunes by them as if they did not:
/// `x < 5` became true for a NaN, max(x) forgot it. A double negation changes no value, not even
/// -0.0, and hides the bounds.
std::string value_sql(const std::string& column, const arrow::DataType& type) {
  if (bowshot::is_floating(type)) return fmt::format("(- (- {}))", column);
  return column;
}

/// The range within one file; nothing where the whole file is read.
std::string range_sql(const Scan& scan, const std::vector<DatasetFile>& files) {
  const DatasetFile& file = files.front();
  const int64_t first = std::max<int64_t>(0, scan.begin - file.first_row);
  const int64_t last = std::min(file.file->rows(), scan.end - file.first_row) - 1;
  const bool is_whole = first == 0 && last == file.file->rows() - 1;
  if (files.size() > 1) {
    const DatasetFile& final_file = files.back();
    BOWSHOT_CHECK(scan.begin <= file.first_row &&
                  scan.end >= final_file.first_row + final_file.file->rows());
    return "";
  }
  if (is_whole) return "";
  return fmt::format(" WHERE file_row_number BETWEEN {} AND {}", first, last);
}

/// Within the files: by their own row numbers first, by which row groups are pruned.
std::string rows_sql(const Scan& scan, const std::vector<DatasetFile>& files) {
  std::vector<int64_t> within;
  auto file = files.begin();
  for (const int64_t row : scan.rows) {
    while (row >= file->first_row + file->file->rows()) ++file;
    within.push_back(row - file->first_row);
  }
  std::ranges::sort(within);
  within.erase(std::unique(within.begin(), within.end()), within.end());
  std::string text = fmt::format(" WHERE file_row_number IN ({})", fmt::join(within, ","));
  if (files.size() > 1)
    text += fmt::format(" AND {} IN ({})", row_number_sql(files), fmt::join(scan.rows, ","));
  return text;
}

}  // namespace

Result<std::string> parquet_source(const Scan& scan) {
  const std::vector<DatasetFile> files = scanned_files(scan);
  const arrow::Schema& schema = *scan.dataset->schema();

  std::string columns;
  const auto read = [&](int column) {
    return read_sql(*files.front().file, column, *schema.field(column)->type());
  };
  const auto add = [&](const std::string& sql, const std::string& name) {
    columns += fmt::format("{}{} AS {}", columns.empty() ? "" : ", ", sql, name);
  };
  for (const int column : scan.stored_columns) add(read(column), fmt::format("c{}", column));
  for (const int column : scan.value_columns)
    add(value_sql(read(column), *schema.field(column)->type()), fmt::format("v{}", column));
  if (scan.row_number) add(row_number_sql(files), "r");
  if (columns.empty()) columns = "1 AS one";  // rows are counted, nothing is read

  std::vector<std::string> paths;
  for (const DatasetFile& file : files)
    paths.push_back(fmt::format("'/proc/self/fd/{}'", file.file->descriptor()));
  std::vector<std::string> names;  // all of them: the others would keep theirs, which may be these
  for (int column = 0; column < schema.num_fields(); ++column)
    names.push_back(fmt::format("p{}", column));
  return fmt::format("SELECT {} FROM read_parquet([{}], hive_partitioning = false) AS t0({}){}",
                     columns, fmt::join(paths, ", "), fmt::join(names, ", "),
                     scan.rows.empty() ? range_sql(scan, files) : rows_sql(scan, files));
}

}  // namespace bowshot::duckdb_sql
