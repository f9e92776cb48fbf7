#pragma once

#include <cstdint>
#include <vector>

#include "engine/duckdb/raw_batches.hpp"

namespace bowshot {

/// Of the rows that a plan keeps of dataset rows [begin, end): after the first `offset`, at most
/// `limit`.
struct MatchSlice {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t offset = 0;
  int64_t limit = 0;
};

/// The numbers of those rows, ascending. Reads no row group outside the slice.
Result<std::vector<int64_t>> find_matching_rows(const QueryContext& context,
                                                const MatchSlice& slice);

}  // namespace bowshot
