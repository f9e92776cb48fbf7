#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>

namespace bowshot {

/// A file that is read by positioned reads on a descriptor that its owner holds, as Arrow's readers
/// want it. Never a memory map: a file truncated underneath would end the process with SIGBUS. Safe
/// from any thread, except for Read and Seek, which are for one at a time.
class PositionedInput : public arrow::io::RandomAccessFile {
 public:
  using arrow::io::RandomAccessFile::ReadAt;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) final;
  arrow::Result<int64_t> Read(int64_t bytes, void* out) final;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) final;
  arrow::Status Seek(int64_t position) final;
  arrow::Result<int64_t> Tell() const final { return position_; }
  arrow::Status Close() final { return arrow::Status::OK(); }
  bool closed() const final { return false; }

 private:
  int64_t position_ = 0;
};

/// Reads up to `bytes` at `position`, across short reads and interrupts; fewer at the end of file.
arrow::Result<int64_t> read_at(int descriptor, int64_t position, int64_t bytes, void* out);

}  // namespace bowshot
