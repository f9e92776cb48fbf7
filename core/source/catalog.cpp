#include "source/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>

#include "base/check.hpp"
#include "base/guarded.hpp"
#include "source/file_list.hpp"

namespace bowshot {

namespace {

constexpr size_t kNameBytesMax = 128;

bool is_name_byte(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && text[0] != '.' && text[0] != '-' &&
         std::ranges::all_of(text, is_name_byte);
}

/// A dataset's name from a file's stem or a folder's name: what may not stand in it becomes `_`.
std::string name_from(std::string_view stem) {
  std::string name;
  for (const char c : stem) {
    const bool continues_a_letter = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (continues_a_letter || name.size() == kNameBytesMax) continue;
    name += is_name_byte(c) ? c : '_';
  }
  if (!name.empty() && (name[0] == '.' || name[0] == '-')) name[0] = '_';
  return name;
}

/// The stem of a file; the name of a folder; the folder that a glob begins in.
std::string default_name(const std::string& pattern) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path path =
      fs::absolute(is_glob(pattern) ? glob_root(pattern) : pattern, ignored).lexically_normal();
  const fs::path last = path.has_filename() ? path.filename() : path.parent_path().filename();
  const bool is_folder = is_glob(pattern) || fs::is_directory(path, ignored);
  return name_from(is_folder ? last.string() : last.stem().string());
}

}  // namespace

Result<DatasetSpec> DatasetSpec::parse(std::string_view argument) {
  const size_t equals = argument.find('=');
  DatasetSpec spec;
  // `dir/year=2026/x.parquet` has no name: what stands before the `=` is not one.
  if (equals != std::string_view::npos && is_name(argument.substr(0, equals))) {
    spec.name = argument.substr(0, equals);
    argument.remove_prefix(equals + 1);
  }
  spec.pattern = argument;
  if (argument.empty() || argument.find('\0') != std::string_view::npos)
    return fail(ErrorCode::kBadParameter, "a dataset needs a path: PATH or NAME=PATH");
  if (is_glob(spec.pattern) && argument.find("**") != std::string_view::npos)
    return fail(ErrorCode::kBadParameter,
                fmt::format("'{}': ** is not supported; name the folder, and every .parquet file "
                            "below it is read",
                            argument));
  return spec;
}

/// One dataset and its current version.
struct Catalog::State {
  struct Opened {
    FileList list;  // what the version was opened from
    std::shared_ptr<const Dataset> dataset;
  };
  struct Entry {
    std::string name;
    std::string pattern;
    Guarded<Opened> opened;
    std::mutex reopening;  // held while files are opened, so that one of many callers does it

    Result<std::shared_ptr<const Dataset>> current();
    Result<std::shared_ptr<const Dataset>> reopen();
    std::shared_ptr<const Dataset> opened_from(const FileList& list);
  };
  std::map<std::string, std::unique_ptr<Entry>> entries;  // fixed after make()
  std::atomic<bool> ready = false;
};

std::shared_ptr<const Dataset> Catalog::State::Entry::opened_from(const FileList& list) {
  return opened.with([&](const Opened& now) -> std::shared_ptr<const Dataset> {
    return now.dataset && now.list == list ? now.dataset : nullptr;
  });
}

Result<std::shared_ptr<const Dataset>> Catalog::State::Entry::current() {
  BOWSHOT_ASSIGN(const FileList list, list_files(pattern));
  if (auto dataset = opened_from(list)) return dataset;
  return reopen();
}

Result<std::shared_ptr<const Dataset>> Catalog::State::Entry::reopen() {
  const std::lock_guard lock(reopening);
  // Listed again: whoever held the lock before has likely opened this very state of the files.
  BOWSHOT_ASSIGN(FileList list, list_files(pattern));
  if (auto dataset = opened_from(list)) return dataset;

  std::map<FileStamp, std::shared_ptr<const DataFile>> kept;
  opened.with([&](const Opened& now) {
    for (size_t i = 0; i < now.list.size(); ++i)
      kept.emplace(now.list[i].stamp, now.dataset->files()[i].file);
  });
  std::vector<std::shared_ptr<const DataFile>> files;
  for (ListedFile& listed : list) {
    const auto found = kept.find(listed.stamp);
    if (found != kept.end() && found->second->display_name() == listed.display_name) {
      files.push_back(found->second);
      continue;
    }
    BOWSHOT_ASSIGN(auto file, DataFile::make(listed.path, listed.display_name));
    // A file replaced since it was listed: the version is pinned to what was opened.
    listed.stamp = stamp_of(file->identity());
    files.push_back(std::move(file));
  }
  BOWSHOT_ASSIGN(auto dataset, Dataset::make(name, std::move(files)));
  opened.with([&](Opened& now) { now = {std::move(list), dataset}; });
  return dataset;
}

Catalog::Catalog() : state_(std::make_unique<State>()) {}
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::make(const std::vector<DatasetSpec>& specs) {
  std::unique_ptr<Catalog> catalog(new Catalog);
  for (const DatasetSpec& spec : specs) {
    auto entry = std::make_unique<State::Entry>();
    entry->name = spec.name.empty() ? default_name(spec.pattern) : spec.name;
    entry->pattern = spec.pattern;
    if (!is_name(entry->name))
      return fail(ErrorCode::kBadParameter,
                  fmt::format("'{}' gives no name for a dataset: write NAME={}", spec.pattern,
                              spec.pattern));
    const auto [position, is_new] = catalog->state_->entries.try_emplace(entry->name, nullptr);
    if (!is_new)
      return fail(ErrorCode::kBadParameter,
                  fmt::format("'{}' and '{}' are both named {}: give one another name, NAME=PATH",
                              position->second->pattern, spec.pattern, entry->name));
    position->second = std::move(entry);
  }
  return catalog;
}

Result<void> Catalog::open_all() {
  for (const auto& [name, entry] : state_->entries) {
    auto dataset = entry->current();
    if (!dataset) {
      Error error = std::move(dataset).error();
      error.detail = fmt::format("dataset {}: {}", name, error.detail);
      return std::unexpected(std::move(error));
    }
  }
  state_->ready = true;
  return {};
}

bool Catalog::ready() const {
  return state_->ready;
}

std::vector<std::string> Catalog::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : state_->entries) names.push_back(name);
  return names;
}

Result<std::shared_ptr<const Dataset>> Catalog::current(const std::string& name) const {
  const auto found = state_->entries.find(name);
  if (found != state_->entries.end()) return found->second->current();
  Error error{.code = ErrorCode::kUnknownDataset,
              .detail = fmt::format("there is no dataset '{}'", name)};
  error.suggestions = suggest(name, names());
  return std::unexpected(std::move(error));
}

}  // namespace bowshot
