#pragma once

#include <string>

#include "base/error.hpp"
#include "query/plan.hpp"

namespace bowshot::duckdb_sql {

/// A measure as DuckDB spells it, of the plan's type. Over a Scan's names; arg_min and arg_max need
/// `r`.
Result<std::string> write_measure(const Measure& measure);

}  // namespace bowshot::duckdb_sql
