#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "source/dataset.hpp"

namespace bowshot {

/// What stat() tells of a file: enough to see a replacement, a write or a touch without opening it.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t bytes = 0;
  int64_t modified_ns = 0;
  auto operator<=>(const FileStamp&) const = default;
};
FileStamp stamp_of(const FileIdentity& identity);
FileStamp stamp_of(const struct stat& status);

struct ListedFile {
  std::string path;
  std::string display_name;  // below the folder or the glob's first folder
  FileStamp stamp;
  bool operator==(const ListedFile&) const = default;
};
using FileList = std::vector<ListedFile>;  // in bytewise order of paths

/// Whether `*`, `?` or `[` in `pattern` are wildcards: they are unless a file has that very name.
bool is_glob(const std::string& pattern);
/// The folder before the first part with a wildcard: `data/2026/` of `data/2026/*.parquet`.
std::string glob_root(const std::string& pattern);

/// The files of a dataset now: the file itself; every file of a known kind at any depth below a
/// folder, but for names that begin with `.` or `_`; what a glob matches, folders as just said. One
/// stat a file. `bad_data` when there is none, or when they are of several kinds. Links are
/// followed; a folder is not entered through a link.
Result<FileList> list_files(const std::string& pattern);

}  // namespace bowshot
