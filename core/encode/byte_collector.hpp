#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <cstdint>
#include <string>

#include "encode/encoder.hpp"

namespace bowshot {

/// Arrow's output stream for writers that push: keeps what they write until it is taken. Buffers
/// are kept, not copied, but for short ones.
class ByteCollector final : public arrow::io::OutputStream {
 public:
  arrow::Status Write(const void* data, int64_t bytes) override;
  arrow::Status Write(const std::shared_ptr<arrow::Buffer>& buffer) override;
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override;
  bool closed() const override { return is_closed_; }

  /// What was written since the last call.
  ByteList take();

 private:
  void flush();

  ByteList list_;
  std::string short_;  // pieces that are too short to stand alone
  int64_t position_ = 0;
  bool is_closed_ = false;
};

}  // namespace bowshot
