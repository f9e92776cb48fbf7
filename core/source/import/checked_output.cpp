#include "source/import/checked_output.hpp"

#include <arrow/status.h>
#include <arrow/util/io_util.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <parquet/xxhasher.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

namespace bowshot {

namespace {

constexpr size_t kBlockBytes = 1 << 20;

uint64_t hash_of(std::string_view bytes) {
  return parquet::XxHasher().Hash(bytes);
}

/// A rename is durable only when its folder is.
Result<void> sync_folder(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return fail(write_failure(errno));
  const int status = ::fsync(descriptor);
  const int number = errno;
  ::close(descriptor);
  if (status != 0 && number != EINVAL) return fail(write_failure(number));
  return {};
}

}  // namespace

Error write_failure(int number) {
  if (number == ENOSPC || number == EDQUOT)
    return {.code = ErrorCode::kOutOfSpace, .detail = "no space is left for the converted file"};
  if (number == EFBIG)
    return {.code = ErrorCode::kOutOfSpace,
            .detail = "the converted file would be larger than a file may be here"};
  spdlog::error("a converted file cannot be written what=\"{}\"", std::strerror(number));
  return {.code = ErrorCode::kInternal,
          .detail = fmt::format("the converted file cannot be written: {}", std::strerror(number))};
}

void BlockChecksum::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t taken = std::min(bytes.size(), kBlockBytes - block_.size());
    block_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (block_.size() == kBlockBytes) end_block();
  }
}

void BlockChecksum::end_block() {
  const std::array<uint64_t, 2> mixed = {hash_, hash_of(block_)};
  hash_ = hash_of({reinterpret_cast<const char*>(mixed.data()), sizeof mixed});
  block_.clear();
}

uint64_t BlockChecksum::finish() {
  end_block();
  return hash_;
}

Result<uint64_t> file_checksum(int descriptor) {
  BlockChecksum checksum;
  std::vector<char> buffer(kBlockBytes);
  for (int64_t position = 0;;) {
    const ssize_t count = ::pread(descriptor, buffer.data(), buffer.size(), position);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return fail(ErrorCode::kBadData, fmt::format("cannot be read: {}", std::strerror(errno)));
    if (count == 0) return checksum.finish();
    checksum.add({buffer.data(), static_cast<size_t>(count)});
    position += count;
  }
}

Result<std::shared_ptr<CheckedOutput>> CheckedOutput::make(std::string path) {
  std::shared_ptr<CheckedOutput> output(new CheckedOutput);
  output->path_ = std::move(path);
  output->temporary_path_ = output->path_ + ".tmp";
  constexpr mode_t kMode = 0600;
  output->descriptor_ =
      ::open(output->temporary_path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (output->descriptor_ < 0) return fail(write_failure(errno));
  return output;
}

CheckedOutput::~CheckedOutput() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!is_kept_) ::unlink(temporary_path_.c_str());
}

arrow::Status CheckedOutput::Write(const void* data, int64_t bytes) {
  const char* position = static_cast<const char*>(data);
  for (int64_t left = bytes; left > 0;) {
    const ssize_t count = ::write(descriptor_, position, static_cast<size_t>(left));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return arrow::internal::IOErrorFromErrno(errno, "writing failed");
    position += count;
    left -= count;
  }
  bytes_ += bytes;
  checksum_.add({static_cast<const char*>(data), static_cast<size_t>(bytes)});
  return arrow::Status::OK();
}

Result<void> CheckedOutput::restart() {
  if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0)
    return fail(write_failure(errno));
  bytes_ = 0;
  checksum_ = {};
  return {};
}

Result<uint64_t> CheckedOutput::keep() {
  if (::fsync(descriptor_) != 0) return fail(write_failure(errno));
  if (std::rename(temporary_path_.c_str(), path_.c_str()) != 0) return fail(write_failure(errno));
  is_kept_ = true;
  BOWSHOT_TRY(sync_folder(path_));
  return checksum_.finish();
}

Result<void> write_file_durably(const std::string& path, std::string_view contents) {
  BOWSHOT_ASSIGN(const auto output, CheckedOutput::make(path));
  const auto status = output->Write(contents.data(), static_cast<int64_t>(contents.size()));
  if (!status.ok()) return fail(write_failure(arrow::internal::ErrnoFromStatus(status)));
  BOWSHOT_TRY(output->keep());
  return {};
}

}  // namespace bowshot
