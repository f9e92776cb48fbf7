#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>

namespace bowshot {

/// Arrow's output stream into an open file, up to a number of bytes. The file stays the caller's.
class DescriptorOutput : public arrow::io::OutputStream {
 public:
  DescriptorOutput(int descriptor, int64_t bytes_max)
      : descriptor_(descriptor), bytes_max_(bytes_max) {}

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, int64_t bytes) override;
  arrow::Result<int64_t> Tell() const override { return bytes_; }
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }

  int64_t bytes() const { return bytes_; }
  /// Whether a write failed because of `bytes_max`.
  bool is_full() const { return is_full_; }

 private:
  const int descriptor_;
  const int64_t bytes_max_;
  int64_t bytes_ = 0;
  bool is_full_ = false;
};

}  // namespace bowshot
