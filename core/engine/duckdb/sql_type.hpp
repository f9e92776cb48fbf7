#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace bowshot::duckdb_sql {

/// The DuckDB type in which a protocol type is computed: narrower units of time as microseconds,
/// durations as their number, dictionaries as text.
std::string sql_type(const arrow::DataType& type);

/// A typed literal. The one place where values become text of a statement.
Result<std::string> sql_literal(const arrow::Scalar& value);
/// A text literal of any bytes.
std::string sql_text(std::string_view text);
std::string sql_float64(double value);
/// A name in double quotes.
std::string sql_name(std::string_view name);

}  // namespace bowshot::duckdb_sql
