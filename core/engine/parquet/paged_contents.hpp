#pragma once

#include <parquet/file_reader.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/parquet/page_map.hpp"
#include "source/dataset.hpp"

namespace bowshot {

/// Where a leaf column's reading begins within the first row group.
struct LeafStart {
  std::shared_ptr<const PageMap> map;  // null: at the chunk's start
  size_t page = 0;
  std::optional<int64_t> rows;  // that will be read from there on, where that is known
};

/// Consecutive row groups [group_begin, group_end) of a file. Leaves that are not named in `starts`
/// (indexed by leaf) begin at their chunk's start.
struct PagedGroups {
  std::shared_ptr<const DataFile> file;  // shared: readers outlive the version they came from
  int group_begin = 0;
  int group_end = 0;
  std::vector<LeafStart> starts;
};

/// Row group `group` of the file, its chunks beginning where `groups` says.
std::unique_ptr<parquet::RowGroupReader::Contents> open_paged_group(
    std::shared_ptr<const PagedGroups> groups, int group);

/// Row groups as Parquet's reader wants them, but with column chunks that begin at a chosen page:
/// the way to read a few pages with Parquet's own decoders and nothing but its public interface.
/// Thread-safe as Parquet asks: each page reader is used by one thread.
class PagedContents : public parquet::ParquetFileReader::Contents {
 public:
  /// Throws on a corrupt footer.
  explicit PagedContents(PagedGroups groups);

  void Close() override {}
  std::shared_ptr<parquet::RowGroupReader> GetRowGroup(int i) override;
  std::shared_ptr<parquet::FileMetaData> metadata() const override { return metadata_; }
  std::shared_ptr<parquet::PageIndexReader> GetPageIndexReader() override { return nullptr; }
  parquet::BloomFilterReader& GetBloomFilterReader() override;

 private:
  std::shared_ptr<const PagedGroups> groups_;        // shared with the row groups' readers
  std::shared_ptr<parquet::FileMetaData> metadata_;  // of these row groups only; so Parquet asks
};

}  // namespace bowshot
