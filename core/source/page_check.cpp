#include "source/page_check.hpp"

#include <arrow/util/parallel.h>
#include <fmt/format.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "source/descriptor_input.hpp"
#include "source/foreign.hpp"
#include "source/parquet_reader.hpp"

namespace bowshot {

namespace {

Result<void> check_chunk(const std::shared_ptr<const DataFile>& file, int group, int leaf,
                         const StopToken& stop) {
  auto checked = read_guarded<bool>(file->display_name(), [&]() -> arrow::Result<bool> {
    const auto reader = parquet::ParquetFileReader::Open(std::make_shared<DescriptorInput>(file),
                                                         reader_properties(), file->metadata());
    const auto pages = reader->RowGroup(group)->GetColumnPageReader(leaf);
    while (!stop.stop_requested() && pages->NextPage()) {
    }
    return true;
  });
  if (stop.stop_requested()) return std::unexpected(stop.error());
  if (checked) return {};
  if (checked.error().code != ErrorCode::kBadData) return std::unexpected(checked.error());
  const auto& column = *file->metadata()->schema()->Column(leaf);
  return fail(
      ErrorCode::kBadData,
      fmt::format("'{}': row group {}, column \"{}\": a page is broken: it does not fit its "
                  "checksum or cannot be unpacked",
                  file->display_name(), group, column.path()->ToDotString()));
}

/// A varint of Thrift's compact protocol: where it ends.
size_t skip_varint(std::string_view bytes, size_t at) {
  while (at < bytes.size() && (static_cast<unsigned char>(bytes[at]) & 0x80) != 0) ++at;
  return at + 1;
}

}  // namespace

Result<void> check_pages(const std::shared_ptr<const DataFile>& file, const StopToken& stop) {
  const int leaves = file->metadata()->num_columns();
  for (int group = 0; group < file->metadata()->num_row_groups(); ++group) {
    std::vector<std::optional<Error>> errors(static_cast<size_t>(leaves));
    const auto status =
        arrow::internal::OptionalParallelFor(leaves > 1, leaves, [&](int leaf) -> arrow::Status {
          if (auto checked = check_chunk(file, group, leaf, stop); !checked)
            errors[static_cast<size_t>(leaf)] = std::move(checked).error();
          return arrow::Status::OK();
        });
    for (auto& error : errors)
      if (error) return std::unexpected(*std::move(error));
    if (!status.ok()) return fail(ErrorCode::kNotReady, "the process is ending");
  }
  return file->check_unchanged();
}

Result<bool> has_page_checksums(const DataFile& file) {
  return read_guarded<bool>(file.display_name(), [&]() -> arrow::Result<bool> {
    if (file.metadata()->num_row_groups() == 0 || file.metadata()->num_columns() == 0) return false;
    const auto chunk = file.metadata()->RowGroup(0)->ColumnChunk(0);
    const int64_t begin = chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0
                              ? chunk->dictionary_page_offset()
                              : chunk->data_page_offset();
    // PageHeader in Thrift's compact protocol: three i32 (type, two sizes), then crc, if it is
    // there.
    constexpr char kNextFieldI32 = 0x15;
    std::array<char, 32> buffer = {};
    ARROW_ASSIGN_OR_RAISE(const int64_t read,
                          read_at(file.descriptor(), begin, buffer.size(), buffer.data()));
    const std::string_view header(buffer.data(), static_cast<size_t>(read));
    size_t at = 0;
    for (int field = 0; field < 3; ++field) {
      if (at >= header.size() || header[at] != kNextFieldI32) return false;
      at = skip_varint(header, at + 1);
    }
    return at < header.size() && header[at] == kNextFieldI32;
  });
}

}  // namespace bowshot
