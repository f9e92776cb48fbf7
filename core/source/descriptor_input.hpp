#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <memory>

#include "source/dataset.hpp"

namespace bowshot {

/// A DataFile as Arrow's readers want it: positioned reads on the held descriptor. Never a memory
/// map: a file truncated underneath would end the process with SIGBUS. Safe from any thread, except
/// for Read and Seek, which no reader here uses at the same time.
class DescriptorInput : public arrow::io::RandomAccessFile {
 public:
  explicit DescriptorInput(std::shared_ptr<const DataFile> file) : file_(std::move(file)) {}

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override;
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;
  arrow::Status Seek(int64_t position) override;
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Result<int64_t> GetSize() override { return file_->identity().bytes; }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }

 private:
  std::shared_ptr<const DataFile> file_;  // shared: readers outlive the version they came from
  int64_t position_ = 0;
};

/// Reads up to `bytes` at `position`, across short reads and interrupts; fewer at the end of file.
arrow::Result<int64_t> read_at(int descriptor, int64_t position, int64_t bytes, void* out);

}  // namespace bowshot
