#include "source/inspection.hpp"

#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <algorithm>
#include <set>

#include "source/data_type.hpp"
#include "source/foreign.hpp"
#include "source/page_check.hpp"

namespace bowshot {

namespace {

constexpr int64_t kGroupRowsMax = 1'000'000;
constexpr int64_t kGroupBytesMax = int64_t{256} << 20;
constexpr int64_t kGroupRowsMin = 10'000;
constexpr int64_t kManyGroups = 100;

struct Sums {
  int64_t group_rows_max = 0;
  int64_t group_bytes_max = 0;
  bool has_page_index = true;
  bool has_bounds = true;
  std::set<std::string> slow_codecs;
};

struct ColumnSums {
  int64_t bytes = 0;
  int64_t bytes_unpacked = 0;
  std::set<std::string> codecs;
  std::set<std::string> encodings;
};

std::string join(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool is_slow_codec(arrow::Compression::type codec) {
  return codec == arrow::Compression::GZIP || codec == arrow::Compression::BROTLI ||
         codec == arrow::Compression::BZ2;
}

boost::json::array describe_columns(const DataFile& file, Sums& sums) {
  const parquet::FileMetaData& metadata = *file.metadata();
  std::vector<ColumnSums> columns(static_cast<size_t>(file.declared_schema()->num_fields()));
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto row_group = metadata.RowGroup(group);
    sums.group_rows_max = std::max(sums.group_rows_max, row_group->num_rows());
    sums.group_bytes_max = std::max(sums.group_bytes_max, row_group->total_byte_size());
    for (size_t i = 0; i < columns.size(); ++i)
      for (int leaf = file.leaf_starts()[i]; leaf < file.leaf_starts()[i + 1]; ++leaf) {
        const auto chunk = row_group->ColumnChunk(leaf);
        columns[i].bytes += chunk->total_compressed_size();
        columns[i].bytes_unpacked += chunk->total_uncompressed_size();
        const std::string codec = arrow::util::Codec::GetCodecAsString(chunk->compression());
        columns[i].codecs.insert(codec);
        if (is_slow_codec(chunk->compression())) sums.slow_codecs.insert(codec);
        for (const auto encoding : chunk->encodings())
          columns[i].encodings.insert(parquet::EncodingToString(encoding));
        sums.has_page_index &= chunk->GetOffsetIndexLocation().has_value();
        sums.has_bounds &= chunk->is_stats_set();
      }
  }
  boost::json::array described = schema_json(*file.declared_schema());
  for (size_t i = 0; i < columns.size(); ++i) {
    auto& column = described[i].get_object();
    column["bytes"] = columns[i].bytes;
    column["bytes_unpacked"] = columns[i].bytes_unpacked;
    column["codec"] = join(columns[i].codecs);
    column["encodings"] = join(columns[i].encodings);
  }
  return described;
}

boost::json::array what_is_slow(const DataFile& file, const Sums& sums, bool has_checksums) {
  boost::json::array slow;
  const auto tell = [&](const std::string& text) { slow.emplace_back(text); };
  const int64_t groups = file.metadata()->num_row_groups();
  if (groups == 0) return slow;
  if (!sums.has_page_index)
    tell(
        "a window of rows: there is no page index, so page headers are walked before a page is "
        "found");
  if (sums.group_rows_max > kGroupRowsMax || sums.group_bytes_max > kGroupBytesMax)
    tell(fmt::format(
        "a filtered window: row groups of up to {} rows and {} bytes are searched whole",
        sums.group_rows_max, sums.group_bytes_max));
  if (groups > kManyGroups && file.rows() / groups < kGroupRowsMin)
    tell(fmt::format("every scan: {} row groups of {} rows each cost more to begin than to read",
                     groups, file.rows() / groups));
  if (!sums.slow_codecs.empty())
    tell(fmt::format("every read: {} unpacks slowly, ZSTD and LZ4 do not", join(sums.slow_codecs)));
  if (!sums.has_bounds)
    tell("a filter: columns without bounds in the footer leave no row group out");
  if (!has_checksums)
    tell("nothing, but there are no page checksums: a flipped bit may pass unseen");
  if (!slow.empty()) tell("`bowshot convert` writes it anew without these");
  return slow;
}

}  // namespace

boost::json::array schema_json(const arrow::Schema& schema) {
  boost::json::array columns;
  for (const auto& field : schema.fields()) {
    const auto type = protocol_type(*field->type());
    columns.push_back({{"name", field->name()},
                       {"type", type_name(type ? **type : *field->type())},
                       {"nullable", field->nullable()}});
  }
  return columns;
}

Result<boost::json::object> inspect_parquet(const std::shared_ptr<const DataFile>& file) {
  Sums sums;
  BOWSHOT_ASSIGN(auto columns, read_guarded<boost::json::array>(file->display_name(), [&] {
                   return describe_columns(*file, sums);
                 }));
  BOWSHOT_ASSIGN(const bool has_checksums, has_page_checksums(*file));
  const int groups = file->metadata()->num_row_groups();
  return boost::json::object{{"file", file->display_name()},
                             {"rows", file->rows()},
                             {"bytes", file->identity().bytes},
                             {"row_groups", static_cast<int64_t>(groups)},
                             {"row_group_rows_max", sums.group_rows_max},
                             {"row_group_bytes_max", sums.group_bytes_max},
                             {"created_by", file->metadata()->created_by()},
                             {"page_index", groups > 0 && sums.has_page_index},
                             {"page_checksums", has_checksums},
                             {"columns", std::move(columns)},
                             {"slow", what_is_slow(*file, sums, has_checksums)}};
}

}  // namespace bowshot
