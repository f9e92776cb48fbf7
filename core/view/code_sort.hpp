#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/stop.hpp"
#include "view/build_progress.hpp"

namespace bowshot {

/// What sort_positions() works with.
struct CodeSortOptions {
  int threads = 1;
  StopToken stop = {};
  BuildSteps* steps = nullptr;  // counts every position twice; null: nobody looks
};

/// The positions 0, 1, ... of rows whose codes are words[0][p], words[1][p], ... in the order of
/// the codes, then of the positions. At most 2^32 rows, at least one word each; all words are of
/// one length. Beside its answer it takes about kCodeSortRowBytes a row.
///
/// A sample sort after Sanders and Winkel, "Super Scalar Sample Sort" (2004): splitters from a
/// sample cut the rows into buckets that fit into a core's cache. Rows that equal a splitter have a
/// bucket of their own, which is in order as it is filled: many equal values make nothing larger or
/// slower.
Result<std::vector<uint32_t>> sort_positions(std::span<const std::vector<uint64_t>> words,
                                             const CodeSortOptions& options);
inline constexpr int64_t kCodeSortRowBytes = sizeof(uint16_t);

}  // namespace bowshot
