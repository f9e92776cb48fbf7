#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/guarded.hpp"
#include "source/dataset_source.hpp"
#include "source/file_list.hpp"

namespace bowshot {

/// Parquet files behind a path, a folder or a glob. They are looked at whenever the current version
/// is asked for: one stat a file, and only what changed is opened.
class FileSource : public DatasetSource {
 public:
  FileSource(std::string name, std::string pattern)
      : name_(std::move(name)), pattern_(std::move(pattern)) {}
  Result<std::shared_ptr<const Dataset>> current() override;
  std::string_view description() const override { return pattern_; }
  std::string_view kind() const override { return "parquet"; }

 private:
  struct Opened {
    FileList list;  // what the version was opened from
    std::shared_ptr<const Dataset> dataset;
  };
  Result<std::shared_ptr<const Dataset>> reopen();
  std::shared_ptr<const Dataset> opened_from(const FileList& list);

  const std::string name_;
  const std::string pattern_;
  Guarded<Opened> opened_;
  std::mutex reopening_;  // held while files are opened, so that one of many callers does it
};

}  // namespace bowshot
