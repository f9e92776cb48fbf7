#pragma once

#include <parquet/column_reader.h>

#include <cstdint>
#include <memory>

namespace parquet {
class ColumnChunkMetaData;
class ColumnDescriptor;
}  // namespace parquet

namespace bowshot {

/// Whether `first_rows()` can read the chunk: flat, zstd, no dictionary.
bool has_first_rows(const parquet::ColumnDescriptor& leaf,
                    const parquet::ColumnChunkMetaData& column);

/// The pages of such a chunk when no more than `rows` rows of them will be read: of the page in
/// which those end, only their part is decompressed. The first batch of a wide table needs a few
/// thousand rows of pages that hold 8 bytes a row and up to 1 MB each. `pages` gives the pages as
/// they are stored, without decompressing them.
std::unique_ptr<parquet::PageReader> first_rows(std::unique_ptr<parquet::PageReader> pages,
                                                const parquet::ColumnDescriptor& leaf,
                                                int64_t rows);

}  // namespace bowshot
