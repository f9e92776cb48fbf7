#include "engine/duckdb/row_bytes.hpp"

#include <arrow/type.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/size_statistics.h>

#include <algorithm>
#include <set>
#include <vector>

#include "engine/duckdb/leaf_columns.hpp"

namespace bowshot {
namespace {

/// DuckDB's width of a text's or binary's own slot.
constexpr int64_t kTextSlotBytes = 16;

int64_t chunk_bytes(const parquet::ColumnChunkMetaData& chunk) {
  const int64_t values = chunk.num_values();
  switch (chunk.type()) {
    case parquet::Type::BOOLEAN:
      return values;
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      return values * 4;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
      return values * 8;
    case parquet::Type::INT96:
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return values * 16;
    default:
      break;
  }
  int64_t bytes = chunk.total_uncompressed_size();
  if (const auto statistics = chunk.size_statistics())
    bytes = std::max(bytes, statistics->unencoded_byte_array_data_bytes.value_or(0));
  return bytes + values * kTextSlotBytes;
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

GroupSize largest_group(const Plan& plan) {
  std::set<int> columns;
  for (const NamedExpression& item : plan.select) {
    const auto used = referenced_columns(*item.expression, plan.computed);
    columns.insert(used.begin(), used.end());
  }
  GroupSize largest;
  for (const DatasetFile& file : plan.dataset->files()) {
    const parquet::FileMetaData& metadata = *file.file->metadata();
    const std::vector<int> leaves = leaf_columns(*metadata.schema(), columns);
    for (int group = 0; group < metadata.num_row_groups(); ++group) {
      const auto row_group = metadata.RowGroup(group);
      int64_t bytes = 0;
      for (const int leaf : leaves) bytes += chunk_bytes(*row_group->ColumnChunk(leaf));
      if (bytes > largest.bytes) largest = {bytes, row_group->num_rows()};
    }
  }
  return largest;
}

}  // namespace bowshot
