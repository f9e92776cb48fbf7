#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "source/dataset.hpp"

namespace bowshot {

/// Bytes [begin, end) of a file.
struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

/// Some pages of a column chunk as a stream. Reads ahead no more than a page header may need, so
/// that a chunk of any size costs a page of memory. One thread at a time.
class ChunkInput : public arrow::io::InputStream {
 public:
  ChunkInput(std::shared_ptr<const DataFile> file, ByteRange range);

  arrow::Result<int64_t> Read(int64_t bytes, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override;
  arrow::Result<std::string_view> Peek(int64_t bytes) override;
  arrow::Result<int64_t> Tell() const override { return position_ - range_.begin; }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }

  /// The file offset of the last Peek(): where the page whose header was just parsed begins.
  int64_t peeked_at() const { return peeked_at_; }
  /// The next Read() only moves on: how a walk over page headers passes by their data.
  void skip_next_read() { skips_next_read_ = true; }

 private:
  const std::shared_ptr<const DataFile> file_;  // shared with the dataset versions that hold it
  const ByteRange range_;
  int64_t position_;             // in the file
  std::vector<uint8_t> peeked_;  // the file's bytes from peeked_at_ on
  int64_t peeked_at_;
  bool skips_next_read_ = false;
};

}  // namespace bowshot
