#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "base/guarded.hpp"
#include "engine/parquet/chunk_input.hpp"
#include "source/dataset.hpp"

namespace bowshot {

/// Where a data page begins, in the file and in the row group.
struct PageStart {
  int64_t offset = 0;
  int64_t first_row = 0;
};

/// Where the rows of one column chunk lie.
struct PageMap {
  ByteRange chunk;               // the dictionary page, if there is one, then every data page
  std::vector<PageStart> pages;  // ascending, the first at row 0; empty: only the whole is known
  int64_t rows = 0;              // of the row group
  /// The last page that begins at or before `row`.
  size_t page_of(int64_t row) const;
};

/// One column chunk of one file.
struct ChunkId {
  int group = 0;
  int leaf = 0;
};

/// The bytes of a column chunk, checked against the file's size. Throws on a corrupt footer.
ByteRange chunk_range(const DataFile& file, ChunkId id);
/// From the offset index where the file has a sound one, else by walking over the page headers, of
/// which a chunk has some dozens. Pages of nested columns that say nothing of rows are not located.
/// Throws on corrupt data.
PageMap locate_pages(const std::shared_ptr<const DataFile>& file, ChunkId id);

/// Page maps that were needed lately, up to a number of pages. Safe from any thread.
class PageMapCache {
 public:
  /// Throws what locate_pages throws; failures are not kept.
  std::shared_ptr<const PageMap> find_or_locate(const std::shared_ptr<const DataFile>& file,
                                                ChunkId id);

 private:
  using Key = std::tuple<uint64_t, uint64_t, int64_t, int64_t, uint64_t, int, int>;
  struct Entry {
    Key key;
    std::shared_ptr<const PageMap> map;  // shared with the readers that use it
  };
  struct Entries {
    std::list<Entry> by_use;  // the latest first
    std::map<Key, std::list<Entry>::iterator> by_key;
    size_t pages = 0;
  };
  Guarded<Entries> entries_;
};

}  // namespace bowshot
