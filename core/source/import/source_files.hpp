#pragma once

#include <arrow/io/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/stop.hpp"
#include "source/file_list.hpp"
#include "source/import/record_reader.hpp"
#include "source/import/source_file.hpp"

namespace bowshot {

/// The files of a source, read one after the other. Each is watched until the pass over all of them
/// ends: a change to any makes the table a mix.
class SourceFiles {
 public:
  /// `progress`, if any, outlives this.
  SourceFiles(FileList files, const StopToken& stop, ConversionProgress* progress)
      : files_(std::move(files)), stop_(stop), progress_(progress) {}

  const ListedFile& first() const { return files_.front(); }
  bool is_at_end() const { return index_ == files_.size(); }
  /// The file whose turn it is.
  const ListedFile& current() const { return files_[index_]; }
  Result<std::shared_ptr<SourceFile>> open();
  /// Its text, decompressed and as UTF-8.
  Result<std::shared_ptr<arrow::io::InputStream>> open_text(const std::string& encoding);
  /// What a failed read of it is: the stop that ended it, or a broken file.
  Error read_error(const arrow::Status& status) const { return opened_.back()->read_error(status); }
  void advance() { ++index_; }

  void rewind();
  /// `version_changed` when a file that this pass has opened was written to since it was listed.
  Result<void> check_unchanged() const;

 private:
  const FileList files_;
  const StopToken stop_;
  ConversionProgress* const progress_;  // outlives this
  size_t index_ = 0;
  std::vector<std::shared_ptr<SourceFile>> opened_;  // of this pass
};

}  // namespace bowshot
