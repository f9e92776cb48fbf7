#include "source/file_list.hpp"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "source/file_kind.hpp"

namespace bowshot {

namespace {

namespace fs = std::filesystem;

/// The pattern as an error may show it: its last part, never where on the host it lies.
std::string shown(const std::string& pattern) {
  const fs::path path(pattern);
  const fs::path last = path.has_filename() ? path.filename() : path.parent_path().filename();
  return last.empty() ? "/" : last.string();
}

std::unexpected<Error> not_found(const std::string& pattern, std::string_view why) {
  return fail(ErrorCode::kBadData, fmt::format("'{}': {}", shown(pattern), why));
}

}  // namespace

FileStamp stamp_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .bytes = status.st_size,
          .modified_ns = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

namespace {

std::string below(const std::string& path, const std::string& root) {
  const bool is_below = !root.empty() && path.size() > root.size() && path.starts_with(root);
  return is_below ? path.substr(root.size()) : fs::path(path).filename().string();
}

void add_file(const std::string& path, const std::string& root, const struct stat& status,
              FileList& list) {
  list.push_back({.path = path, .display_name = below(path, root), .stamp = stamp_of(status)});
}

/// Every file of a kind that can be read below `folder`. What vanishes while it is listed is not
/// there.
Result<void> add_folder(const std::string& folder, const std::string& root, FileList& list) {
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  if (error) return not_found(folder, error.message());
  for (; entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (error) return not_found(folder, error.message());
    const std::string name = entries->path().filename().string();
    const bool is_hidden = name.starts_with('.') || name.starts_with('_');
    std::error_code ignored;
    if (entries->is_directory(ignored)) {
      if (is_hidden) entries.disable_recursion_pending();
      continue;
    }
    struct stat status = {};
    if (is_hidden || !format_of(name).is_known || ::stat(entries->path().c_str(), &status) != 0)
      continue;
    add_file(entries->path().string(), root, status, list);
  }
  if (error) return not_found(folder, error.message());
  return {};
}

Result<void> add_glob(const std::string& pattern, const std::string& root, FileList& list) {
  glob_t matches = {};
  const int status = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &matches);
  const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&matches, ::globfree);
  if (status == GLOB_NOMATCH) return not_found(pattern, "no file matches");
  if (status != 0) return not_found(pattern, "the folder cannot be listed");
  for (size_t i = 0; i < matches.gl_pathc; ++i) {
    struct stat file = {};
    if (::stat(matches.gl_pathv[i], &file) != 0) continue;
    if (S_ISDIR(file.st_mode)) {
      BOWSHOT_TRY(add_folder(matches.gl_pathv[i], root, list));
    } else {
      add_file(matches.gl_pathv[i], root, file, list);
    }
  }
  return {};
}

/// One dataset is of one kind of files; one database is as many datasets as it has tables.
Result<void> check_kinds(const std::string& pattern, const FileList& list) {
  const ListedFile& first = list.front();
  const FileKind kind = format_of(first.path).kind;
  for (const ListedFile& file : list)
    if (format_of(file.path).kind != kind)
      return fail(ErrorCode::kBadData,
                  fmt::format("'{}' holds files of two kinds, '{}' and '{}': name one kind by a "
                              "glob such as *.csv",
                              shown(pattern), first.display_name, file.display_name));
  if (kind == FileKind::kDuckDb && list.size() > 1)
    return fail(ErrorCode::kBadData,
                fmt::format("'{}' holds several databases, '{}' and '{}': name each by itself",
                            shown(pattern), first.display_name, list[1].display_name));
  return {};
}

}  // namespace

FileStamp stamp_of(const FileIdentity& identity) {
  return {.device = identity.device,
          .inode = identity.inode,
          .bytes = identity.bytes,
          .modified_ns = identity.modified_ns};
}

bool is_glob(const std::string& pattern) {
  struct stat ignored = {};
  return pattern.find_first_of("*?[") != std::string::npos &&
         ::stat(pattern.c_str(), &ignored) != 0;
}

std::string glob_root(const std::string& pattern) {
  const size_t slash = pattern.rfind('/', pattern.find_first_of("*?["));
  return slash == std::string::npos ? "." : pattern.substr(0, slash + 1);
}

Result<FileList> list_files(const std::string& pattern) {
  FileList list;
  struct stat status = {};
  if (::stat(pattern.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      const std::string root = pattern.ends_with('/') ? pattern : pattern + '/';
      BOWSHOT_TRY(add_folder(root, root, list));
      if (list.empty())
        return not_found(pattern,
                         "there is no file below this folder that can be read: .parquet, .csv, "
                         ".tsv, .ndjson, .jsonl, .arrow, .feather, .ipc, .arrows");
    } else {
      add_file(pattern, {}, status, list);
    }
  } else if (pattern.find_first_of("*?[") != std::string::npos) {
    BOWSHOT_TRY(add_glob(pattern, glob_root(pattern), list));
    if (list.empty()) return not_found(pattern, "no file matches");
  } else {
    return not_found(pattern, std::strerror(errno));
  }
  std::ranges::sort(list, {}, &ListedFile::path);
  const auto repeated = std::ranges::unique(list, {}, &ListedFile::path);
  list.erase(repeated.begin(), repeated.end());
  BOWSHOT_TRY(check_kinds(pattern, list));
  return list;
}

}  // namespace bowshot
