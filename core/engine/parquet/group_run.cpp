#include "engine/parquet/group_run.hpp"

#include <arrow/chunked_array.h>
#include <arrow/memory_pool.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <parquet/size_statistics.h>

#include <algorithm>

#include "base/limits.hpp"
#include "engine/parquet/leaf_places.hpp"
#include "engine/parquet/paged_contents.hpp"
#include "source/foreign.hpp"

namespace bowshot {

namespace {

bool is_dictionary(parquet::Encoding::type encoding) {
  return encoding == parquet::Encoding::RLE_DICTIONARY ||
         encoding == parquet::Encoding::PLAIN_DICTIONARY;
}

/// Whether a text column is best read as codes: when many rows must be passed by for a few, and the
/// first page holds hardly anything else. 3 million flights: 100 rows anywhere take 5 instead of 8
/// ms of CPU.
bool reads_as_codes(const parquet::ColumnDescriptor& leaf, const LeafStart& start,
                    const GroupSpan& span) {
  if (leaf.physical_type() != parquet::Type::BYTE_ARRAY || leaf.max_repetition_level() > 0 ||
      span.rows > kFirstBatchRowsMax || !start.map || start.map->pages.empty())
    return false;
  return holds_codes(*start.map, start.page);
}

/// Bytes of one leaf column's values in a row group as Arrow holds them.
RowBytes leaf_bytes(const parquet::ColumnDescriptor& leaf,
                    const parquet::ColumnChunkMetaData& column) {
  const double values = static_cast<double>(std::max<int64_t>(0, column.num_values()));
  switch (leaf.physical_type()) {
    case parquet::Type::BOOLEAN:
      return {.bytes = values / 8};
    case parquet::Type::INT32:
    case parquet::Type::FLOAT:
      return {.bytes = values * 4};
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
    case parquet::Type::INT96:
      return {.bytes = values * 8};
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return {.bytes = values * leaf.type_length()};
    default:
      break;
  }
  constexpr double kOffsetBytes = 4;
  const auto sizes = column.size_statistics();
  if (sizes && sizes->unencoded_byte_array_data_bytes)
    return {.bytes = values * kOffsetBytes +
                     static_cast<double>(*sizes->unencoded_byte_array_data_bytes)};
  const auto encoded = static_cast<double>(column.total_uncompressed_size());
  return {.bytes = values * kOffsetBytes + std::max(0.0, encoded),
          .is_exact = !std::ranges::any_of(column.encodings(), is_dictionary)};
}

}  // namespace

GroupRun::~GroupRun() = default;

Result<std::unique_ptr<GroupRun>> GroupRun::make(std::shared_ptr<const DataFile> file,
                                                 GroupSpan span, const std::vector<int>& columns,
                                                 int64_t skip_rows_max, PageMapCache& page_maps) {
  const std::string& name = file->display_name();
  return read_guarded<std::unique_ptr<GroupRun>>(
      name, [&]() -> arrow::Result<std::unique_ptr<GroupRun>> {
        const parquet::SchemaDescriptor& schema = *file->metadata()->schema();
        std::unique_ptr<GroupRun> run(new GroupRun);
        run->file_ = file;
        run->skip_rows_max_ = skip_rows_max;
        PagedGroups groups{.file = file,
                           .group_begin = span.group_begin,
                           .group_end = span.group_end,
                           .starts = std::vector<LeafStart>(schema.num_columns())};
        parquet::ArrowReaderProperties properties;
        properties.set_pre_buffer(false);
        for (const int column : columns) {
          const std::vector<int> leaves = leaf_columns(*file, column);
          // Pages of nested columns may be unknown: then all before a row is decoded again.
          if (leaves.size() != 1 || schema.Column(leaves[0])->max_repetition_level() > 0)
            run->is_reopened_cheaply_ = false;
          int64_t start = 0;
          if (span.first_row > 0)
            start = place_leaves(file, span.group_begin, leaves, span.first_row, page_maps,
                                 groups.starts);
          if (leaves.size() == 1 &&
              reads_as_codes(*schema.Column(leaves[0]), groups.starts[leaves[0]], span))
            properties.set_read_dictionary(leaves[0], true);
          if (span.rows <= kFirstBatchRowsMax)
            for (const int leaf : leaves)
              groups.starts[leaf].rows = span.first_row - start + span.rows;
          run->columns_.push_back({.reader = nullptr, .skip_rows = span.first_row - start});
        }
        auto source = std::make_unique<parquet::ParquetFileReader>();
        source->Open(std::make_unique<PagedContents>(std::move(groups)));
        ARROW_ASSIGN_OR_RAISE(run->reader_,
                              parquet::arrow::FileReader::Make(arrow::default_memory_pool(),
                                                               std::move(source), properties));
        for (size_t slot = 0; slot < columns.size(); ++slot)
          ARROW_RETURN_NOT_OK(run->reader_->GetColumn(columns[slot], &run->columns_[slot].reader));
        return run;
      });
}

Result<void> GroupRun::skip(Column& column, const StopToken& stop) {
  while (column.skip_rows > 0) {
    if (stop.stop_requested()) return std::unexpected(stop.error());
    const int64_t rows = std::min(column.skip_rows, skip_rows_max_);
    BOWSHOT_TRY(read_guarded<bool>(file_->display_name(), [&]() -> arrow::Result<bool> {
      std::shared_ptr<arrow::ChunkedArray> skipped;
      ARROW_RETURN_NOT_OK(column.reader->NextBatch(rows, &skipped));
      if (!skipped || skipped->length() != rows)
        return arrow::Status::Invalid("a column ends before its row group does");
      return true;
    }));
    column.skip_rows -= rows;
  }
  return {};
}

Result<std::shared_ptr<arrow::ChunkedArray>> GroupRun::next(size_t slot, int64_t rows,
                                                            const StopToken& stop) {
  Column& column = columns_[slot];
  BOWSHOT_TRY(skip(column, stop));
  return read_guarded<std::shared_ptr<arrow::ChunkedArray>>(
      file_->display_name(), [&]() -> arrow::Result<std::shared_ptr<arrow::ChunkedArray>> {
        std::shared_ptr<arrow::ChunkedArray> values;
        ARROW_RETURN_NOT_OK(column.reader->NextBatch(rows, &values));
        if (!values || values->length() != rows)
          return arrow::Status::Invalid("a column ends before its row group does");
        return values;
      });
}

Result<RowBytes> estimate_row_bytes(const DataFile& file, int group,
                                    const std::vector<int>& columns) {
  return read_guarded<RowBytes>(file.display_name(), [&] {
    const parquet::SchemaDescriptor& schema = *file.metadata()->schema();
    const auto metadata = file.metadata()->RowGroup(group);
    RowBytes sum;
    for (const int column : columns) {
      for (const int leaf : leaf_columns(file, column)) {
        const RowBytes one = leaf_bytes(*schema.Column(leaf), *metadata->ColumnChunk(leaf));
        sum.bytes += one.bytes;
        sum.is_exact &= one.is_exact;
      }
    }
    sum.bytes /= static_cast<double>(std::max<int64_t>(1, metadata->num_rows()));
    return sum;
  });
}

}  // namespace bowshot
