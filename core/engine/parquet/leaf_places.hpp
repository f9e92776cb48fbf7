#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/parquet/page_map.hpp"
#include "engine/parquet/paged_contents.hpp"
#include "source/dataset.hpp"

namespace bowshot {

/// The leaves of a top-level column.
std::vector<int> leaf_columns(const DataFile& file, int column);

/// Chooses the pages at which the leaves of one column begin so that all of them begin at the same
/// row, at or before `first_row` of the row group: that row. Fills `starts`, which is indexed by
/// leaf. May throw: call it within read_guarded.
int64_t place_leaves(const std::shared_ptr<const DataFile>& file, int group,
                     const std::vector<int>& leaves, int64_t first_row, PageMapCache& page_maps,
                     std::vector<LeafStart>& starts);

/// Whether a text column's page hardly holds anything but codes, by its size for its rows. (A wrong
/// guess costs a hash table, not correctness.)
bool holds_codes(const PageMap& map, size_t page);

}  // namespace bowshot
