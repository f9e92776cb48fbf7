#pragma once

#include <string>

#include "engine/dialect.hpp"

namespace bowshot::duckdb_sql {

/// The innermost SELECT of every statement: read_parquet() over the dataset's held descriptors, its
/// columns named by position, for the files' own names may differ by case only, or be those of
/// DuckDB's virtual columns.
Result<std::string> parquet_source(const Scan& scan);

}  // namespace bowshot::duckdb_sql
