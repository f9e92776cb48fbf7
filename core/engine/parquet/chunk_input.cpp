#include "engine/parquet/chunk_input.hpp"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>

#include "source/positioned_input.hpp"

namespace bowshot {

ChunkInput::ChunkInput(std::shared_ptr<const DataFile> file, ByteRange range)
    : file_(std::move(file)), range_(range), position_(range.begin), peeked_at_(range.begin) {}

arrow::Result<std::string_view> ChunkInput::Peek(int64_t bytes) {
  bytes = std::min(bytes, range_.end - position_);
  const bool is_peeked = position_ == peeked_at_ && bytes <= static_cast<int64_t>(peeked_.size());
  if (!is_peeked) {
    peeked_at_ = position_;
    peeked_.resize(static_cast<size_t>(bytes));
    ARROW_ASSIGN_OR_RAISE(bytes, read_at(file_->descriptor(), position_, bytes, peeked_.data()));
    peeked_.resize(static_cast<size_t>(bytes));
  }
  return std::string_view(reinterpret_cast<const char*>(peeked_.data()),
                          static_cast<size_t>(bytes));
}

arrow::Result<int64_t> ChunkInput::Read(int64_t bytes, void* out) {
  bytes = std::min(bytes, range_.end - position_);
  const int64_t ahead = peeked_at_ + static_cast<int64_t>(peeked_.size()) - position_;
  const int64_t copied = std::clamp<int64_t>(ahead, 0, bytes);
  if (copied > 0)
    std::memcpy(out, peeked_.data() + (position_ - peeked_at_), static_cast<size_t>(copied));
  ARROW_ASSIGN_OR_RAISE(const int64_t read,
                        read_at(file_->descriptor(), position_ + copied, bytes - copied,
                                static_cast<uint8_t*>(out) + copied));
  position_ += copied + read;
  return copied + read;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ChunkInput::Read(int64_t bytes) {
  if (bytes < 0) return arrow::Status::IOError("a read of negative length");
  bytes = std::min(bytes, range_.end - position_);  // a corrupt length must not be allocated
  if (skips_next_read_) {
    skips_next_read_ = false;
    position_ += bytes;
    return std::make_shared<arrow::Buffer>(nullptr, 0);
  }
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes));
  ARROW_ASSIGN_OR_RAISE(const int64_t done, Read(bytes, buffer->mutable_data()));
  if (done < bytes) ARROW_RETURN_NOT_OK(buffer->Resize(done));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

}  // namespace bowshot
