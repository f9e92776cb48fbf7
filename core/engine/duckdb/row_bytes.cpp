#include "engine/duckdb/row_bytes.hpp"

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/size_statistics.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "engine/duckdb/leaf_columns.hpp"
#include "source/memory_table.hpp"

namespace bowshot {
namespace {

/// DuckDB's width of a text's or binary's own slot.
constexpr int64_t kTextSlotBytes = 16;

/// DuckDB's streaming_buffer_size, which cannot be set for a whole database: what it holds of a
/// result that its reader has not taken. It counts a text as its slot.
constexpr int64_t kResultBufferBytes = 1'000'000;
/// Rows that are under way through DuckDB's operators: some vectors of 2,048 a thread.
constexpr int64_t kRowsUnderWay = 8'192;

struct ChunkSize {
  int64_t bytes = 0;
  int64_t slot_bytes = 0;  // what DuckDB counts of them: a text is a slot
};

ChunkSize chunk_size(const parquet::ColumnChunkMetaData& chunk) {
  const auto fixed = [](int64_t bytes) { return ChunkSize{.bytes = bytes, .slot_bytes = bytes}; };
  const int64_t values = chunk.num_values();
  switch (chunk.type()) {
    case parquet::Type::BOOLEAN:
      return fixed(values);
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      return fixed(values * 4);
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
      return fixed(values * 8);
    case parquet::Type::INT96:
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return fixed(values * 16);
    default:
      break;
  }
  int64_t bytes = chunk.total_uncompressed_size();
  if (const auto statistics = chunk.size_statistics())
    bytes = std::max(bytes, statistics->unencoded_byte_array_data_bytes.value_or(0));
  const int64_t slots = values * kTextSlotBytes;
  return {.bytes = bytes + slots, .slot_bytes = slots};
}

/// Measured: the row group's rows, or as many as the result buffer takes, which counts slots only.
int64_t held_bytes(const GroupSize& group, int64_t slot_bytes, int64_t rows_in_all) {
  const int64_t slots_of_row = std::max<int64_t>(1, slot_bytes / std::max<int64_t>(1, group.rows));
  const int64_t rows_held =
      std::min(kResultBufferBytes / slots_of_row + kRowsUnderWay, rows_in_all);
  return std::max(group.bytes, group.row_bytes() * rows_held);
}

/// A vector of a table in memory, of which DuckDB holds no more at a time.
GroupSize table_group(const MemoryTable& table, const std::set<int>& columns) {
  constexpr int64_t kVectorRows = 2'048;
  double row_bytes = 0;
  int64_t slot_bytes = 0;
  for (const int column : columns) {
    const arrow::DataType& type = *table.schema()->field(column)->type();
    row_bytes += table.row_bytes(column);
    slot_bytes +=
        arrow::is_primitive(type.id()) ? std::max(1, type.bit_width() / 8) : kTextSlotBytes;
  }
  GroupSize size{.bytes = static_cast<int64_t>(row_bytes * kVectorRows), .rows = kVectorRows};
  size.held_bytes = held_bytes(size, slot_bytes * kVectorRows, table.rows());
  return size;
}

}  // namespace

bool is_cut_by_duckdb(const arrow::DataType& type) {
  if (type.id() == arrow::Type::TIMESTAMP) {
    const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
    return timestamp.unit() == arrow::TimeUnit::NANO && !timestamp.timezone().empty();
  }
  return std::ranges::any_of(type.fields(),
                             [](const auto& field) { return is_cut_by_duckdb(*field->type()); });
}

GroupSize largest_group(const Plan& plan, std::span<const int> outputs) {
  std::set<int> columns;
  for (const int output : outputs) {
    const auto used =
        referenced_columns(*plan.select[static_cast<size_t>(output)].expression, plan.computed);
    columns.insert(used.begin(), used.end());
  }
  if (plan.dataset->table()) return table_group(*plan.dataset->table(), columns);
  GroupSize largest;
  for (const DatasetFile& file : plan.dataset->files()) {
    const parquet::FileMetaData& metadata = *file.file->metadata();
    const std::vector<int> leaves = leaf_columns(*metadata.schema(), columns);
    for (int group = 0; group < metadata.num_row_groups(); ++group) {
      const auto row_group = metadata.RowGroup(group);
      GroupSize size{.rows = row_group->num_rows()};
      int64_t slot_bytes = 0;
      for (const int leaf : leaves) {
        const ChunkSize chunk = chunk_size(*row_group->ColumnChunk(leaf));
        size.bytes += chunk.bytes;
        slot_bytes += chunk.slot_bytes;
      }
      size.held_bytes = held_bytes(size, slot_bytes, plan.dataset->rows());
      if (size.held_bytes > largest.held_bytes) largest = size;
    }
  }
  return largest;
}

GroupSize largest_group(const Plan& plan) {
  std::vector<int> outputs(plan.select.size());
  std::iota(outputs.begin(), outputs.end(), 0);
  return largest_group(plan, outputs);
}

int64_t GroupSize::row_bytes() const {
  return std::max<int64_t>(1, bytes / std::max<int64_t>(1, rows));
}

bool is_long(const GroupSize& group) {
  return group.held_bytes > kResultBytesMax;
}

int64_t statement_rows_max(const GroupSize& group) {
  if (!is_long(group)) return std::numeric_limits<int64_t>::max();
  return std::max(group.rows, kResultBytesMax / group.row_bytes());
}

}  // namespace bowshot
