#include "engine/parquet/column_blocks.hpp"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include <algorithm>
#include <thread>

#include "base/limits.hpp"
#include "engine/parquet/group_run.hpp"
#include "engine/parquet/leaf_places.hpp"
#include "source/foreign.hpp"

namespace bowshot {

namespace {

/// A page of more rows than this is kept in parts.
constexpr int64_t kBlockRowsMax = 32'768;
constexpr int64_t kBlockBytesTarget = 2 << 20;
/// Where the length of values is hidden by dictionaries within lists.
constexpr int64_t kUnknownBlockRows = 256;

bool is_of_fixed_width(const parquet::ColumnDescriptor& leaf) {
  return leaf.physical_type() != parquet::Type::BYTE_ARRAY &&
         leaf.physical_type() != parquet::Type::FIXED_LEN_BYTE_ARRAY;
}

/// Rows that are about kBlockBytesTarget, by what the footer says of the column.
int64_t block_rows(const DataFile& file, int group, int column, bool is_flat_text) {
  auto bytes = estimate_row_bytes(file, group, {column});
  if (!bytes) return kUnknownBlockRows;
  if (!bytes->is_exact && !is_flat_text) return kUnknownBlockRows;
  const double rows = static_cast<double>(kBlockBytesTarget) / std::max(bytes->bytes, 1.0);
  return std::clamp<int64_t>(static_cast<int64_t>(rows), 1, kBlockRowsMax);
}

int64_t allocated_bytes(const arrow::ArrayData& data) {
  constexpr int64_t kArrayBytes = 256;  // the objects themselves
  int64_t bytes = kArrayBytes;
  for (const auto& buffer : data.buffers)
    if (buffer) bytes += buffer->capacity();
  for (const auto& child : data.child_data) bytes += allocated_bytes(*child);
  if (data.dictionary) bytes += allocated_bytes(*data.dictionary);
  return bytes;
}

}  // namespace

ParquetCaches::ParquetCaches(int64_t block_bytes_max)
    : blocks(block_bytes_max),
      turns(2 * std::max(1, static_cast<int>(std::thread::hardware_concurrency()))) {}

BlockLayout::BlockLayout(const std::shared_ptr<const DataFile>& file, int group, int column,
                         PageMapCache& page_maps)
    : group_rows_(file->group_starts()[group + 1] - file->group_starts()[group]),
      block_rows_(kBlockRowsMax) {
  const std::vector<int> leaves = leaf_columns(*file, column);
  const parquet::ColumnDescriptor& first = *file->metadata()->schema()->Column(leaves[0]);
  const bool is_flat = leaves.size() == 1 && first.max_repetition_level() == 0;
  is_flat_text_ = is_flat && first.physical_type() == parquet::Type::BYTE_ARRAY;
  if (!is_flat || !is_of_fixed_width(first))
    block_rows_ = block_rows(*file, group, column, is_flat_text_);
  if (leaves.size() > 1) return;
  map_ = page_maps.find_or_locate(file, {.group = group, .leaf = leaves[0]});
  if (map_->pages.empty()) map_.reset();
}

Block BlockLayout::block_of(int64_t row) const {
  int64_t begin = 0;
  int64_t end = group_rows_;
  if (map_) {
    const size_t page = map_->page_of(row);
    begin = map_->pages[page].first_row;
    if (page + 1 < map_->pages.size()) end = map_->pages[page + 1].first_row;
  }
  begin += (row - begin) / block_rows_ * block_rows_;
  return {.begin = begin, .end = std::min(end, begin + block_rows_)};
}

bool BlockLayout::holds_codes(const Block& block) const {
  return is_flat_text_ && map_ && bowshot::holds_codes(*map_, map_->page_of(block.begin));
}

int64_t BlockLayout::start_of(const Block& block) const {
  return map_ ? map_->pages[map_->page_of(block.begin)].first_row : 0;
}

Result<ColumnBlocks> ColumnBlocks::make(const Source& source) {
  return read_guarded<ColumnBlocks>(source.file->display_name(), [&] {
    return ColumnBlocks(source, BlockLayout(source.file, source.group, source.column->column(),
                                            source.caches->page_maps));
  });
}

BlockKey ColumnBlocks::key(const Block& block) const {
  const FileIdentity& identity = source_.file->identity();
  return {identity.device,      identity.inode, identity.bytes,           identity.modified_ns,
          identity.footer_hash, source_.group,  source_.column->column(), block.begin};
}

Result<std::shared_ptr<const arrow::Array>> ColumnBlocks::values(const Block& block,
                                                                 const StopToken& stop) {
  return source_.caches->blocks.find_or_make(
      key(block), stop, [&] { return decode(block, stop); }, source_.keeps);
}

Result<BlockCache::Made> ColumnBlocks::decode(const Block& block, const StopToken& stop) {
  auto read = [&]() -> Result<BlockCache::Made> {
    BOWSHOT_TRY(move_to(block, stop));
    BOWSHOT_ASSIGN(const auto chunks, run_->next(block.rows()));
    BOWSHOT_ASSIGN(auto array, source_.column->prepare(*chunks));
    BOWSHOT_TRY(source_.file->check_unchanged());  // else it would be kept for the old version
    const int64_t bytes = allocated_bytes(*array->data());
    if (source_.keeps) kept_bytes_ += bytes;
    return BlockCache::Made{.value = std::move(array), .bytes = bytes};
  }();
  if (!read) run_.reset();  // where it stands is not known
  return read;
}

/// Neighbours are of use where much of the column fits; of a huge file they would only push out.
bool ColumnBlocks::keeps_passed() const {
  constexpr int64_t kShareOfCache = 8;
  constexpr int64_t kValueBytes = 8;
  return source_.keeps &&
         source_.file->rows() <= source_.caches->blocks.bytes_max() / kShareOfCache / kValueBytes;
}

Result<void> ColumnBlocks::move_to(const Block& block, const StopToken& stop) {
  if (stop.stop_requested()) return std::unexpected(stop.error());
  const bool as_codes = layout_.holds_codes(block);
  if (!run_ || run_->position() > block.begin || run_->position() < layout_.start_of(block) ||
      run_->texts_as_codes() != as_codes) {
    run_.reset();  // so that its reader can be aimed anew
    BOWSHOT_ASSIGN(run_, ColumnRun::make({.file = source_.file,
                                          .group = source_.group,
                                          .column = source_.column->column(),
                                          .row = block.begin,
                                          .texts_as_codes = as_codes},
                                         source_.caches->page_maps, source_.caches->readers));
  }
  while (run_->position() < block.begin) {  // blocks of the same page that were not asked for
    if (stop.stop_requested()) return std::unexpected(stop.error());
    const Block passed = layout_.block_of(run_->position());
    const int64_t rows = std::min(passed.end, block.begin) - run_->position();
    const bool is_whole = run_->position() == passed.begin && rows == passed.rows();
    BOWSHOT_ASSIGN(const auto chunks, run_->next(rows));
    if (!is_whole || !keeps_passed() || source_.caches->blocks.contains(key(passed))) continue;
    BOWSHOT_ASSIGN(auto array, source_.column->prepare(*chunks));
    BOWSHOT_TRY(source_.file->check_unchanged());
    const int64_t bytes = allocated_bytes(*array->data());
    kept_bytes_ += bytes;
    source_.caches->blocks.put(key(passed), {.value = std::move(array), .bytes = bytes});
  }
  return {};
}

}  // namespace bowshot
