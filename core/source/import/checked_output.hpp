#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"

namespace bowshot {

/// A checksum of bytes as they come: XXH64 of blocks, each mixed with that of those before.
class BlockChecksum {
 public:
  void add(std::string_view bytes);
  uint64_t finish();

 private:
  void end_block();
  std::string block_;
  uint64_t hash_ = 0;
};

/// The checksum of a whole file, as CheckedOutput has it. `bad_data` when it cannot be read.
Result<uint64_t> file_checksum(int descriptor);

/// A new file that is summed up while it is written, and is gone again unless it is kept: written
/// under a temporary name, put in its place at once, durable. One thread at a time.
class CheckedOutput : public arrow::io::OutputStream {
 public:
  /// Makes `path` with `.tmp` appended, which must not be in use by another.
  static Result<std::shared_ptr<CheckedOutput>> make(std::string path);
  ~CheckedOutput() override;

  arrow::Status Write(const void* data, int64_t bytes) override;
  using arrow::io::OutputStream::Write;
  arrow::Result<int64_t> Tell() const override { return bytes_; }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }

  int64_t bytes() const { return bytes_; }
  /// From the start again, empty.
  Result<void> restart();
  /// Writes through to the disk and renames to `path`; the file's checksum.
  Result<uint64_t> keep();

 private:
  CheckedOutput() = default;
  std::string path_;
  std::string temporary_path_;
  int descriptor_ = -1;
  int64_t bytes_ = 0;
  BlockChecksum checksum_;
  bool is_kept_ = false;
};

/// Writes a small file so that it is whole or not there: temporary name, fsync, rename, fsync.
Result<void> write_file_durably(const std::string& path, std::string_view contents);

/// `out_of_space` where that is what `number` (an errno) says, else `internal`; logged.
Error write_failure(int number);

}  // namespace bowshot
