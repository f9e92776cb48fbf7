#include "source/import/source_file.hpp"

#include <arrow/io/compressed.h>
#include <arrow/util/compression.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "source/foreign.hpp"

namespace bowshot {

Result<std::shared_ptr<SourceFile>> SourceFile::make(const ListedFile& listed,
                                                     const StopToken& stop,
                                                     std::atomic<int64_t>* bytes_read) {
  std::shared_ptr<SourceFile> file(new SourceFile);
  file->display_name_ = listed.display_name;
  file->stamp_ = listed.stamp;
  file->stop_ = stop;
  file->bytes_read_ = bytes_read;
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  file->descriptor_ = ::open(listed.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file->descriptor_ < 0)
    return fail(ErrorCode::kBadData, fmt::format("'{}' cannot be opened: {}", listed.display_name,
                                                 std::strerror(errno)));
  struct stat status = {};
  if (::fstat(file->descriptor_, &status) != 0 || !S_ISREG(status.st_mode))
    return fail(ErrorCode::kBadData, fmt::format("'{}' is not a file", listed.display_name));
  BOWSHOT_TRY(file->check_unchanged());
  return file;
}

SourceFile::~SourceFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> SourceFile::check_unchanged() const {
  struct stat status = {};
  if (::fstat(descriptor_, &status) == 0 && stamp_of(status) == stamp_) return {};
  return fail(ErrorCode::kVersionChanged,
              fmt::format("'{}' was changed while it was converted", display_name_));
}

Result<std::shared_ptr<arrow::io::InputStream>> SourceFile::decoded(
    std::shared_ptr<SourceFile> file, FileCoding coding) {
  if (coding == FileCoding::kNone) return file;
  const auto type =
      coding == FileCoding::kGzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  return read_guarded<std::shared_ptr<arrow::io::InputStream>>(
      file->display_name_, [&]() -> arrow::Result<std::shared_ptr<arrow::io::InputStream>> {
        ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(type));
        // The stream's codec is used by its decompressor only until Make returns.
        return arrow::io::CompressedInputStream::Make(codec.get(), file);
      });
}

Error SourceFile::read_error(const arrow::Status& status) const {
  if (stop_.stop_requested()) return stop_.error();
  return bad_file(display_name_, status);
}

arrow::Result<int64_t> SourceFile::ReadAt(int64_t position, int64_t bytes, void* out) {
  if (stop_.stop_requested()) return arrow::Status::Cancelled("stopped");
  ARROW_ASSIGN_OR_RAISE(const int64_t done, read_at(descriptor_, position, bytes, out));
  if (bytes_read_ != nullptr) *bytes_read_ += done;
  return done;
}

}  // namespace bowshot
