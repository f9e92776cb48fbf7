#pragma once

#include <string>

#include "base/error.hpp"
#include "query/expression.hpp"

namespace bowshot::duckdb_sql {

/// A typed expression as DuckDB spells it, in parentheses where it needs them. Every argument is
/// written once (but of bins, which do not nest), so that nesting never multiplies the text.
Result<std::string> write_expression(const Expression& expression);

}  // namespace bowshot::duckdb_sql
