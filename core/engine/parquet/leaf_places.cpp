#include "engine/parquet/leaf_places.hpp"

#include <algorithm>
#include <numeric>

namespace bowshot {

namespace {

/// The last row at or before `row` at which a page of every map begins: the leaves of one column
/// are put together row by row, so they must begin at the same one.
int64_t common_page_start(const std::vector<std::shared_ptr<const PageMap>>& maps, int64_t row) {
  for (;;) {
    int64_t lowest = row;
    for (const auto& map : maps) {
      if (map->pages.empty()) return 0;
      lowest = std::min(lowest, map->pages[map->page_of(row)].first_row);
    }
    if (lowest == row) return row;
    row = lowest;
  }
}

}  // namespace

std::vector<int> leaf_columns(const DataFile& file, int column) {
  const auto& starts = file.leaf_starts();
  std::vector<int> leaves(static_cast<size_t>(starts[column + 1] - starts[column]));
  std::iota(leaves.begin(), leaves.end(), starts[column]);
  return leaves;
}

int64_t place_leaves(const std::shared_ptr<const DataFile>& file, int group,
                     const std::vector<int>& leaves, int64_t first_row, PageMapCache& page_maps,
                     std::vector<LeafStart>& starts) {
  std::vector<std::shared_ptr<const PageMap>> maps;
  for (const int leaf : leaves)
    maps.push_back(page_maps.find_or_locate(file, {.group = group, .leaf = leaf}));
  // One leaf may begin anywhere; several need a row that starts a page in all of them.
  const int64_t start = maps.size() == 1 && !maps[0]->pages.empty()
                            ? maps[0]->pages[maps[0]->page_of(first_row)].first_row
                            : common_page_start(maps, first_row);
  for (size_t i = 0; i < leaves.size(); ++i)
    if (!maps[i]->pages.empty())
      starts[leaves[i]] = {.map = maps[i], .page = maps[i]->page_of(start)};
  return start;
}

bool holds_codes(const PageMap& map, size_t page) {
  constexpr int64_t kCodeBytesMax = 3;
  constexpr int64_t kHeaderBytes = 64;
  const bool is_last = page + 1 == map.pages.size();
  const int64_t end_row = is_last ? map.rows : map.pages[page + 1].first_row;
  const int64_t end = is_last ? map.chunk.end : map.pages[page + 1].offset;
  const int64_t rows = end_row - map.pages[page].first_row;
  return end - map.pages[page].offset <= rows * kCodeBytesMax + kHeaderBytes;
}

}  // namespace bowshot
