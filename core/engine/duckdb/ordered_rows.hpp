#pragma once

#include <memory>

#include "engine/duckdb/raw_batches.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// The rows of a plan with an order. A window of a screen's size sorts the keys and `_row` alone
/// and then fetches its rows by number: other columns are not carried through the sort. Longer
/// answers are one sort, which spills. `windows` reads rows by number (null: DuckDB does, which is
/// slower and holds long texts whole); it outlives the result.
Result<std::unique_ptr<RawBatches>> make_ordered_rows(QueryContext context, Engine* windows);

}  // namespace bowshot
