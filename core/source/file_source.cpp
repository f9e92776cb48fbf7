#include "source/file_source.hpp"

#include <map>
#include <vector>

namespace bowshot {

Result<std::shared_ptr<const Dataset>> FileSource::current() {
  BOWSHOT_ASSIGN(const FileList list, list_files(pattern_));
  if (auto dataset = opened_from(list)) return dataset;
  return reopen();
}

std::shared_ptr<const Dataset> FileSource::opened_from(const FileList& list) {
  return opened_.with([&](const Opened& now) -> std::shared_ptr<const Dataset> {
    return now.dataset && now.list == list ? now.dataset : nullptr;
  });
}

Result<std::shared_ptr<const Dataset>> FileSource::reopen() {
  const std::lock_guard lock(reopening_);
  // Listed again: whoever held the lock before has likely opened this very state of the files.
  BOWSHOT_ASSIGN(FileList list, list_files(pattern_));
  if (auto dataset = opened_from(list)) return dataset;

  std::map<FileStamp, std::shared_ptr<const DataFile>> kept;
  opened_.with([&](const Opened& now) {
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
  BOWSHOT_ASSIGN(auto dataset, Dataset::make(name_, std::move(files)));
  opened_.with([&](Opened& now) { now = {std::move(list), dataset}; });
  return dataset;
}

}  // namespace bowshot
