#include "source/publish/body_input.hpp"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace bowshot {

arrow::Result<std::string> BodyInput::take(int64_t bytes) {
  std::string taken;
  while (static_cast<int64_t>(taken.size()) < bytes && !has_ended_) {
    if (chunk_position_ == chunk_.size()) {
      auto next = chunks_();
      if (!next) {
        failure_ = next.error();
        return arrow::Status::IOError("the body failed");
      }
      chunk_ = *std::move(next);
      chunk_position_ = 0;
      has_ended_ = chunk_.empty();
      continue;
    }
    const size_t count =
        std::min(chunk_.size() - chunk_position_, static_cast<size_t>(bytes) - taken.size());
    taken.append(chunk_, chunk_position_, count);
    chunk_position_ += count;
  }
  position_ += static_cast<int64_t>(taken.size());
  if (static_cast<int64_t>(taken.size()) < bytes) has_run_dry_ = true;
  return taken;
}

arrow::Result<int64_t> BodyInput::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const std::string taken, take(bytes));
  std::memcpy(out, taken.data(), taken.size());
  return static_cast<int64_t>(taken.size());
}

arrow::Result<std::shared_ptr<arrow::Buffer>> BodyInput::Read(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(std::string taken, take(bytes));
  // Copied once: Arrow wants its buffers aligned.
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer,
                        arrow::AllocateBuffer(static_cast<int64_t>(taken.size())));
  std::memcpy(buffer->mutable_data(), taken.data(), taken.size());
  return buffer;
}

}  // namespace bowshot
