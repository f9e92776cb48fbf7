#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <tuple>

#include "base/shared_cache.hpp"
#include "engine/parquet/column_run.hpp"
#include "engine/parquet/page_map.hpp"
#include "engine/parquet/read_turns.hpp"
#include "engine/parquet/window_columns.hpp"

namespace bowshot {

/// Consecutive rows of a column that are decoded together and kept together: a page, or a part of
/// one that has very many rows.
struct Block {
  int64_t begin = 0;  // rows of the row group
  int64_t end = 0;
  int64_t rows() const { return end - begin; }
};

/// A column chunk's rows as blocks. May throw: make it within read_guarded.
class BlockLayout {
 public:
  BlockLayout(const std::shared_ptr<const DataFile>& file, int group, int column,
              PageMapCache& page_maps);
  Block block_of(int64_t row) const;
  /// Whether the block is best read as codes of a dictionary.
  bool holds_codes(const Block& block) const;
  /// The last row at or before the block's at which reading can begin.
  int64_t start_of(const Block& block) const;

 private:
  bool is_flat_text_ = false;
  int64_t group_rows_ = 0;
  int64_t block_rows_ = 0;
  std::shared_ptr<const PageMap> map_;  // null: several leaves, or pages that are not located
};

/// Names a block: the file's identity, row group, column, first row.
using BlockKey = std::tuple<uint64_t, uint64_t, int64_t, int64_t, uint64_t, int, int, int64_t>;
using BlockCache = SharedCache<BlockKey, arrow::Array>;

/// What all readings share, and what is kept between requests. Safe from any thread.
struct ParquetCaches {
  explicit ParquetCaches(int64_t block_bytes_max);
  PageMapCache page_maps;
  AimedReaders readers;
  BlockCache blocks;
  ReadTurns turns;
};

/// Blocks of one column of one row group: from the cache, else decoded. Asked for blocks in
/// ascending order it reads each page once. One thread at a time.
class ColumnBlocks {
 public:
  struct Source {
    std::shared_ptr<const DataFile> file;  // shared: what is decoded reads it
    int group = 0;
    const ColumnFinisher* column = nullptr;  // outlives this
    ParquetCaches* caches = nullptr;         // outlives this
    bool keeps = true;                       // what is decoded stays in the cache
  };
  static Result<ColumnBlocks> make(const Source& source);

  Block block_of(int64_t row) const { return layout_.block_of(row); }
  /// The block's values: of ColumnFinisher::value_type(), or codes of a dictionary of it.
  Result<std::shared_ptr<const arrow::Array>> values(const Block& block, const StopToken& stop);
  /// Bytes that were decoded and kept.
  int64_t kept_bytes() const { return kept_bytes_; }

 private:
  ColumnBlocks(const Source& source, BlockLayout layout)
      : source_(source), layout_(std::move(layout)) {}
  BlockKey key(const Block& block) const;
  Result<BlockCache::Made> decode(const Block& block, const StopToken& stop);
  bool keeps_passed() const;
  Result<void> move_to(const Block& block, const StopToken& stop);

  Source source_;
  BlockLayout layout_;
  std::unique_ptr<ColumnRun> run_;
  int64_t kept_bytes_ = 0;
};

}  // namespace bowshot
