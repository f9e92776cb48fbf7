#pragma once

#include <string>

#include "engine/dialect.hpp"

namespace bowshot::duckdb_sql {

/// The innermost SELECT over a dataset that is a table in memory, as parquet_source() is over
/// files: by the function of memory_function.hpp.
Result<std::string> memory_source(const Scan& scan);

}  // namespace bowshot::duckdb_sql
