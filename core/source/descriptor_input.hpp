#pragma once

#include <memory>

#include "source/dataset.hpp"
#include "source/positioned_input.hpp"

namespace bowshot {

/// A DataFile as Arrow's readers want it: positioned reads on the held descriptor.
class DescriptorInput : public PositionedInput {
 public:
  explicit DescriptorInput(std::shared_ptr<const DataFile> file) : file_(std::move(file)) {}

  using PositionedInput::ReadAt;
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override {
    return read_at(file_->descriptor(), position, bytes, out);
  }
  arrow::Result<int64_t> GetSize() override { return file_->identity().bytes; }

 private:
  std::shared_ptr<const DataFile> file_;  // shared: readers outlive the version they came from
};

}  // namespace bowshot
