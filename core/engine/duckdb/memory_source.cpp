#include "engine/duckdb/memory_source.hpp"

#include <arrow/type.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/duckdb/memory_function.hpp"
#include "source/memory_table.hpp"

namespace bowshot::duckdb_sql {

Result<std::string> memory_source(const Scan& scan) {
  const int column_count = scan.dataset->schema()->num_fields();
  std::vector<std::string> columns;
  for (const int column : scan.stored_columns)
    columns.push_back(fmt::format("p{} AS c{}", column, column));
  for (const int column : scan.value_columns)
    columns.push_back(fmt::format("p{} AS v{}", column, column));
  if (scan.row_number) columns.push_back(fmt::format("p{} AS r", column_count));
  if (columns.empty()) columns.emplace_back("1 AS one");  // rows are counted, nothing is read
  return fmt::format("SELECT {} FROM {}({}, {}, {}, [{}]::BIGINT[])", fmt::join(columns, ", "),
                     kMemoryFunction, scan.dataset->table()->id(), scan.begin, scan.end,
                     fmt::join(scan.rows, ", "));
}

}  // namespace bowshot::duckdb_sql
