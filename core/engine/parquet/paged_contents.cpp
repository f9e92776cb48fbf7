#include "engine/parquet/paged_contents.hpp"

#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <functional>
#include <numeric>

#include "source/parquet_reader.hpp"

namespace bowshot {

namespace {

class PagedRowGroup : public parquet::RowGroupReader::Contents {
 public:
  PagedRowGroup(std::shared_ptr<const PagedGroups> groups, int group)
      : groups_(std::move(groups)),
        group_(group),
        metadata_(groups_->file->metadata()->RowGroup(group)),
        properties_(reader_properties()) {}

  std::unique_ptr<parquet::PageReader> GetColumnPageReader(int leaf) override;
  const parquet::RowGroupMetaData* metadata() const override { return metadata_.get(); }
  const parquet::ReaderProperties* properties() const override { return &properties_; }

 private:
  std::shared_ptr<const PagedGroups> groups_;
  const int group_;
  std::unique_ptr<parquet::RowGroupMetaData> metadata_;
  parquet::ReaderProperties properties_;
};

/// Checks what a page says of itself against the page map, which may be as corrupt as anything.
std::function<bool(const parquet::DataPageStats&)> expect_pages(const LeafStart& start) {
  return [map = start.map, page = start.page](const parquet::DataPageStats& stats) mutable {
    const auto& pages = map->pages;
    const int64_t end = page + 1 < pages.size() ? pages[page + 1].first_row : map->rows;
    if (page >= pages.size() || stats.num_values != end - pages[page].first_row)
      throw parquet::ParquetException("a page has another number of rows than the page index says");
    ++page;
    return false;
  };
}

std::unique_ptr<parquet::PageReader> PagedRowGroup::GetColumnPageReader(int leaf) {
  const DataFile& file = *groups_->file;
  const parquet::ColumnDescriptor& descriptor = *file.metadata()->schema()->Column(leaf);
  const auto column = metadata_->ColumnChunk(leaf);
  const LeafStart start = group_ == groups_->group_begin ? groups_->starts[leaf] : LeafStart{};
  ByteRange dictionary;
  ByteRange pages = chunk_range(file, {.group = group_, .leaf = leaf});
  if (start.map) {
    dictionary = {.begin = pages.begin, .end = start.map->pages[0].offset};
    pages.begin = start.map->pages[start.page].offset;
  }
  // Before 3.0, Parquet C++ wrote compressed pages that say they are not.
  const bool always_compressed = file.metadata()->writer_version().VersionLt(
      parquet::ApplicationVersion::PARQUET_CPP_10353_FIXED_VERSION());
  auto reader = parquet::PageReader::Open(
      std::make_shared<ChunkInput>(groups_->file, dictionary, pages), column->num_values(),
      column->compression(), properties_, descriptor, always_compressed);
  if (start.map && descriptor.max_repetition_level() == 0)
    reader->set_data_page_filter(expect_pages(start));
  return reader;
}

}  // namespace

PagedContents::PagedContents(PagedGroups groups) {
  std::vector<int> ordinals(static_cast<size_t>(groups.group_end - groups.group_begin));
  std::iota(ordinals.begin(), ordinals.end(), groups.group_begin);
  metadata_ = groups.file->metadata()->Subset(ordinals);
  groups_ = std::make_shared<const PagedGroups>(std::move(groups));
}

std::shared_ptr<parquet::RowGroupReader> PagedContents::GetRowGroup(int i) {
  return std::make_shared<parquet::RowGroupReader>(
      std::make_unique<PagedRowGroup>(groups_, groups_->group_begin + i));
}

parquet::BloomFilterReader& PagedContents::GetBloomFilterReader() {
  throw parquet::ParquetException("bloom filters are not read here");
}

}  // namespace bowshot
