#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/stop.hpp"
#include "source/file_kind.hpp"
#include "source/file_list.hpp"
#include "source/positioned_input.hpp"

namespace bowshot {

/// A file that is converted: held open, pinned to the stamp that it was listed with, and read
/// through this alone, so that a stop ends any read and progress is known.
class SourceFile : public PositionedInput {
 public:
  /// `version_changed` when the file is no longer what was listed. `bytes_read`, if any, is added
  /// to and outlives this.
  static Result<std::shared_ptr<SourceFile>> make(const ListedFile& listed, const StopToken& stop,
                                                  std::atomic<int64_t>* bytes_read);
  ~SourceFile() override;

  const std::string& display_name() const { return display_name_; }
  /// `version_changed` when the file was written to or touched since it was listed.
  Result<void> check_unchanged() const;
  /// The file's contents from the start, decoded by `coding`.
  static Result<std::shared_ptr<arrow::io::InputStream>> decoded(std::shared_ptr<SourceFile> file,
                                                                 FileCoding coding);
  /// What a failed read is: the stop that ended it, or a broken file.
  Error read_error(const arrow::Status& status) const;

  using PositionedInput::ReadAt;
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override;
  arrow::Result<int64_t> GetSize() override { return stamp_.bytes; }

 private:
  SourceFile() = default;
  int descriptor_ = -1;
  std::string display_name_;
  FileStamp stamp_;
  StopToken stop_;
  std::atomic<int64_t>* bytes_read_ = nullptr;
};

}  // namespace bowshot
