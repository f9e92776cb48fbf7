#pragma once

#include <string_view>

namespace bowshot {

/// What a file holds, as its name says.
enum class FileKind { kParquet, kCsv, kNdjson, kArrow, kDuckDb };
enum class FileCoding { kNone, kGzip, kZstd };

struct FileFormat {
  FileKind kind = FileKind::kParquet;
  FileCoding coding = FileCoding::kNone;  // of text files: .csv.gz, .ndjson.zst
  bool is_tab_separated = false;          // .tsv
  bool is_known = false;                  // false: the name says nothing, and Parquet is assumed
};

/// By the end of a file's name, in any case of letters.
FileFormat format_of(std::string_view path);
/// As `source.kind` of the dataset's JSON: `parquet csv ndjson arrow duckdb`.
std::string_view kind_name(FileKind kind);

}  // namespace bowshot
