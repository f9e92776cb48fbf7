#pragma once

#include <duckdb.h>

namespace bowshot::duckdb_sql {

/// `bowshot_memory(id, begin, end, rows)`: the rows [begin, end) of the table in memory with that
/// id, or those that `rows` numbers, where it is not empty. Columns p<i>, and after the last one
/// the row number. DuckDB reads the table's own buffers, on as many threads as it likes.
inline constexpr const char* kMemoryFunction = "bowshot_memory";

/// `database` is opened by whoever registers, and outlives the function.
duckdb_state register_memory_function(duckdb_connection connection, duckdb_database* database);

}  // namespace bowshot::duckdb_sql
