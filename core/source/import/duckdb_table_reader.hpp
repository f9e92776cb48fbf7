#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/stop.hpp"
#include "source/file_list.hpp"
#include "source/import/record_reader.hpp"

namespace bowshot {

struct DuckDbTable {
  std::string schema_name;
  std::string table_name;
  /// `table`, or `schema.table` outside of the schema `main`.
  std::string dataset_suffix() const;
};

/// The tables of a DuckDB database file, by schema and name. `bad_data` when it cannot be opened:
/// it is no database, of a newer format, or locked by one who writes to it.
Result<std::vector<DuckDbTable>> list_duckdb_tables(const ListedFile& file);

/// The rows of one table, in the order in which they are stored, by a read-only DuckDB of its own
/// whose memory is bounded.
Result<std::unique_ptr<RecordReader>> open_duckdb_table(const ListedFile& file,
                                                        const DuckDbTable& table,
                                                        const StopToken& stop,
                                                        ConversionProgress* progress);

}  // namespace bowshot
