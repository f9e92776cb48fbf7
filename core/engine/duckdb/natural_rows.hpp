#pragma once

#include <memory>

#include "engine/duckdb/raw_batches.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// The rows of a plan without an order, in ascending `_row`, with bounded memory. `windows` reads
/// windows of rows straight from Parquet, where rows are too long for DuckDB; it outlives the
/// result.
Result<std::unique_ptr<RawBatches>> make_natural_rows(QueryContext context, Engine* windows);

}  // namespace bowshot
