#include "engine/parquet/paged_contents.hpp"

#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <functional>
#include <numeric>
#include <utility>

#include "engine/parquet/first_rows.hpp"
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
  /// The pages in `range`; the data pages from `start` on, if they are those.
  std::unique_ptr<parquet::PageReader> open(int leaf, ByteRange range,
                                            const LeafStart& start = {}) const;

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

bool is_dictionary_encoded(const parquet::Page& page) {
  if (page.type() != parquet::PageType::DATA_PAGE && page.type() != parquet::PageType::DATA_PAGE_V2)
    return false;
  const auto encoding = static_cast<const parquet::DataPage&>(page).encoding();
  return encoding == parquet::Encoding::RLE_DICTIONARY ||
         encoding == parquet::Encoding::PLAIN_DICTIONARY;
}

/// Data pages from a chosen one on, and before them the dictionary page, if one of them needs it: a
/// dictionary that grew too large for its writer is a megabyte that most pages do without.
class ChosenPages : public parquet::PageReader {
 public:
  ChosenPages(std::unique_ptr<parquet::PageReader> dictionary,
              std::unique_ptr<parquet::PageReader> data)
      : dictionary_(std::move(dictionary)), data_(std::move(data)) {}

  std::shared_ptr<parquet::Page> NextPage() override {
    if (held_) return std::exchange(held_, nullptr);
    auto page = data_->NextPage();
    if (!page || has_dictionary_ || !is_dictionary_encoded(*page)) return page;
    has_dictionary_ = true;
    auto dictionary = dictionary_->NextPage();
    if (!dictionary) return page;  // the decoder says what is missing
    held_ = std::move(page);
    return dictionary;
  }

  void set_max_page_header_size(uint32_t size) override {
    dictionary_->set_max_page_header_size(size);
    data_->set_max_page_header_size(size);
  }

 private:
  // Both live on: a page may point into its reader's buffer.
  std::unique_ptr<parquet::PageReader> dictionary_;
  std::unique_ptr<parquet::PageReader> data_;
  std::shared_ptr<parquet::Page> held_;  // the data page that waits behind the dictionary
  bool has_dictionary_ = false;
};

std::unique_ptr<parquet::PageReader> PagedRowGroup::open(int leaf, ByteRange range,
                                                         const LeafStart& start) const {
  const DataFile& file = *groups_->file;
  const auto column = metadata_->ColumnChunk(leaf);
  const parquet::ColumnDescriptor& descriptor = *file.metadata()->schema()->Column(leaf);
  // Before 3.0, Parquet C++ wrote compressed pages that say they are not.
  const bool always_compressed = file.metadata()->writer_version().VersionLt(
      parquet::ApplicationVersion::PARQUET_CPP_10353_FIXED_VERSION());
  const bool reads_first_rows =
      start.rows && !always_compressed && has_first_rows(descriptor, *column);
  auto pages = parquet::PageReader::Open(
      std::make_shared<ChunkInput>(groups_->file, range), column->num_values(),
      reads_first_rows ? parquet::Compression::UNCOMPRESSED : column->compression(), properties_,
      descriptor, always_compressed);
  if (start.map && descriptor.max_repetition_level() == 0)
    pages->set_data_page_filter(expect_pages(start));
  if (!reads_first_rows) return pages;
  return first_rows(std::move(pages), descriptor, *start.rows);
}

std::unique_ptr<parquet::PageReader> PagedRowGroup::GetColumnPageReader(int leaf) {
  const ByteRange chunk = chunk_range(*groups_->file, {.group = group_, .leaf = leaf});
  const LeafStart start = group_ == groups_->group_begin ? groups_->starts[leaf] : LeafStart{};
  if (!start.map) return open(leaf, chunk, start);
  const auto& pages = start.map->pages;
  return std::make_unique<ChosenPages>(
      open(leaf, {.begin = chunk.begin, .end = pages[0].offset}),
      open(leaf, {.begin = pages[start.page].offset, .end = chunk.end}, start));
}

}  // namespace

std::unique_ptr<parquet::RowGroupReader::Contents> open_paged_group(
    std::shared_ptr<const PagedGroups> groups, int group) {
  return std::make_unique<PagedRowGroup>(std::move(groups), group);
}

PagedContents::PagedContents(PagedGroups groups) {
  std::vector<int> ordinals(static_cast<size_t>(groups.group_end - groups.group_begin));
  std::iota(ordinals.begin(), ordinals.end(), groups.group_begin);
  metadata_ = groups.file->metadata()->Subset(ordinals);
  groups_ = std::make_shared<const PagedGroups>(std::move(groups));
}

std::shared_ptr<parquet::RowGroupReader> PagedContents::GetRowGroup(int i) {
  return std::make_shared<parquet::RowGroupReader>(
      open_paged_group(groups_, groups_->group_begin + i));
}

parquet::BloomFilterReader& PagedContents::GetBloomFilterReader() {
  throw parquet::ParquetException("bloom filters are not read here");
}

}  // namespace bowshot
