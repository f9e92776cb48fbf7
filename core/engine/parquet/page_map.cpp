#include "engine/parquet/page_map.hpp"

#include <arrow/buffer.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <algorithm>

#include "source/parquet_reader.hpp"
#include "source/positioned_input.hpp"

namespace bowshot {

namespace {

bool is_repeated(const DataFile& file, int leaf) {
  return file.metadata()->schema()->Column(leaf)->max_repetition_level() > 0;
}

/// Whether the index describes pages that follow one another up to the chunk's end: what a writer
/// leaves, and what a flipped bit breaks.
bool is_sound(const std::vector<parquet::PageLocation>& pages, const ByteRange& chunk,
              int64_t rows) {
  if (pages.empty() || pages[0].first_row_index != 0 || pages[0].offset < chunk.begin) return false;
  for (size_t i = 0; i < pages.size(); ++i) {
    const bool is_last = i + 1 == pages.size();
    const int64_t next_offset = is_last ? chunk.end : pages[i + 1].offset;
    const int64_t next_row = is_last ? rows : pages[i + 1].first_row_index;
    if (pages[i].compressed_page_size <= 0 ||
        pages[i].offset + pages[i].compressed_page_size != next_offset ||
        next_row < pages[i].first_row_index || next_row > rows)
      return false;
  }
  return true;
}

/// From the file's page index; empty where there is none or it is not sound.
std::vector<PageStart> read_offset_index(const DataFile& file,
                                         const parquet::ColumnChunkMetaData& column,
                                         const ByteRange& chunk, int64_t rows) {
  const auto location = column.GetOffsetIndexLocation();
  if (!location || location->length <= 0 || location->offset < 0 ||
      location->offset > file.identity().bytes - location->length)
    return {};
  std::vector<uint8_t> bytes(static_cast<size_t>(location->length));
  PARQUET_ASSIGN_OR_THROW(const int64_t done, read_at(file.descriptor(), location->offset,
                                                      location->length, bytes.data()));
  if (done < location->length) return {};
  const auto index = parquet::OffsetIndex::Make(bytes.data(), done, reader_properties());
  if (!is_sound(index->page_locations(), chunk, rows)) return {};
  std::vector<PageStart> pages;
  pages.reserve(index->page_locations().size());
  for (const parquet::PageLocation& page : index->page_locations())
    pages.push_back({.offset = page.offset, .first_row = page.first_row_index});
  return pages;
}

/// From the page headers, one small read each; empty where they do not count rows.
std::vector<PageStart> walk_page_headers(const std::shared_ptr<const DataFile>& file, int leaf,
                                         const parquet::ColumnChunkMetaData& column,
                                         const ByteRange& chunk, int64_t rows) {
  // Straight to the data pages where the footer says where they are; some writers do not.
  const bool has_own_dictionary_page = column.has_dictionary_page() &&
                                       column.dictionary_page_offset() > 0 &&
                                       column.data_page_offset() > chunk.begin;
  const auto input = std::make_shared<ChunkInput>(
      file, ByteRange{.begin = has_own_dictionary_page ? column.data_page_offset() : chunk.begin,
                      .end = chunk.end});
  const auto reader =
      parquet::PageReader::Open(input, column.num_values(), column.compression(),
                                reader_properties(), *file->metadata()->schema()->Column(leaf));
  std::vector<PageStart> pages;
  int64_t next_row = 0;
  bool counts_rows = true;
  reader->set_data_page_filter([&](const parquet::DataPageStats& page) {
    pages.push_back({.offset = input->peeked_at(), .first_row = next_row});
    if (!is_repeated(*file, leaf)) {
      next_row += page.num_values;
    } else if (page.num_rows) {
      next_row += *page.num_rows;
    } else {
      counts_rows = false;
    }
    input->skip_next_read();
    return true;
  });
  while (reader->NextPage()) {  // only a dictionary page comes back; the others are skipped
  }
  if (!counts_rows || next_row != rows) return {};
  return pages;
}

}  // namespace

size_t PageMap::page_of(int64_t row) const {
  const auto after = std::ranges::upper_bound(pages, row, {}, &PageStart::first_row);
  return static_cast<size_t>(after - pages.begin()) - 1;
}

ByteRange chunk_range(const DataFile& file, ChunkId id) {
  const auto column = file.metadata()->RowGroup(id.group)->ColumnChunk(id.leaf);
  if (!column->file_path().empty())
    throw parquet::ParquetException("a column chunk lies in another file");
  int64_t begin = column->data_page_offset();
  if (column->has_dictionary_page() && column->dictionary_page_offset() > 0)
    begin = std::min(begin, column->dictionary_page_offset());
  const int64_t bytes = column->total_compressed_size();
  const int64_t file_bytes = file.identity().bytes;
  if (begin < 0 || bytes < 0 || begin > file_bytes || bytes > file_bytes - begin)
    throw parquet::ParquetException("a column chunk lies outside of the file");
  int64_t end = begin + bytes;
  // parquet-mr before 1.2.9 left the dictionary page's header out of the chunk's size.
  constexpr int64_t kHeaderBytesMax = 100;
  if (file.metadata()->writer_version().VersionLt(
          parquet::ApplicationVersion::PARQUET_816_FIXED_VERSION()))
    end += std::min(kHeaderBytesMax, file_bytes - end);
  return {.begin = begin, .end = end};
}

PageMap locate_pages(const std::shared_ptr<const DataFile>& file, ChunkId id) {
  const auto group = file->metadata()->RowGroup(id.group);
  const auto column = group->ColumnChunk(id.leaf);
  PageMap map;
  map.chunk = chunk_range(*file, id);
  map.rows = group->num_rows();
  map.pages = read_offset_index(*file, *column, map.chunk, map.rows);
  if (map.pages.empty()) map.pages = walk_page_headers(file, id.leaf, *column, map.chunk, map.rows);
  return map;
}

std::shared_ptr<const PageMap> PageMapCache::find_or_locate(
    const std::shared_ptr<const DataFile>& file, ChunkId id) {
  const FileIdentity& identity = file->identity();
  const Key key(identity.device, identity.inode, identity.bytes, identity.modified_ns,
                identity.footer_hash, id.group, id.leaf);
  auto found = entries_.with([&](Entries& entries) -> std::shared_ptr<const PageMap> {
    const auto position = entries.by_key.find(key);
    if (position == entries.by_key.end()) return nullptr;
    entries.by_use.splice(entries.by_use.begin(), entries.by_use, position->second);
    return position->second->map;
  });
  if (found) return found;

  auto located = std::make_shared<const PageMap>(locate_pages(file, id));
  constexpr size_t kPagesMax = 1 << 20;  // 16 MiB of page starts
  entries_.with([&](Entries& entries) {
    if (entries.by_key.contains(key)) return;  // another reader was faster
    entries.by_use.push_front({key, located});
    entries.by_key.emplace(key, entries.by_use.begin());
    // An entry costs about as much as eight pages even when it has none.
    const auto cost = [](const Entry& entry) { return entry.map->pages.size() + 8; };
    entries.pages += cost(entries.by_use.front());
    while (entries.pages > kPagesMax && entries.by_use.size() > 1) {
      entries.pages -= cost(entries.by_use.back());
      entries.by_key.erase(entries.by_use.back().key);
      entries.by_use.pop_back();
    }
  });
  return located;
}

}  // namespace bowshot
