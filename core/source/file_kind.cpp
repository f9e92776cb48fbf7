#include "source/file_kind.hpp"

#include <algorithm>
#include <string>

namespace bowshot {

FileFormat format_of(std::string_view path) {
  std::string name(path);
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  FileFormat format;
  std::string_view stem = name;
  const auto take = [&](std::string_view ending) {
    if (!stem.ends_with(ending)) return false;
    stem.remove_suffix(ending.size());
    return true;
  };
  if (take(".gz"))
    format.coding = FileCoding::kGzip;
  else if (take(".zst"))
    format.coding = FileCoding::kZstd;

  format.is_known = true;
  if (take(".csv")) {
    format.kind = FileKind::kCsv;
  } else if (take(".tsv") || take(".tab")) {
    format.kind = FileKind::kCsv;
    format.is_tab_separated = true;
  } else if (take(".ndjson") || take(".jsonl")) {
    format.kind = FileKind::kNdjson;
  } else if (format.coding != FileCoding::kNone) {
    return {};  // a coded file of another kind is not read
  } else if (take(".arrow") || take(".arrows") || take(".feather") || take(".ipc")) {
    format.kind = FileKind::kArrow;
  } else if (take(".duckdb")) {
    format.kind = FileKind::kDuckDb;
  } else {
    format.is_known = take(".parquet");
  }
  return format;
}

std::string_view kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::kParquet:
      return "parquet";
    case FileKind::kCsv:
      return "csv";
    case FileKind::kNdjson:
      return "ndjson";
    case FileKind::kArrow:
      return "arrow";
    case FileKind::kDuckDb:
      return "duckdb";
  }
  return "?";
}

}  // namespace bowshot
