#include "engine/parquet/chunk_input.hpp"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>

#include "source/descriptor_input.hpp"

namespace bowshot {

ChunkInput::ChunkInput(std::shared_ptr<const DataFile> file, ByteRange dictionary, ByteRange pages)
    : file_(std::move(file)), dictionary_(dictionary), pages_(pages) {}

arrow::Result<int64_t> ChunkInput::read_joined(int64_t position, int64_t bytes,
                                               uint8_t* out) const {
  bytes = std::min(bytes, size() - position);
  int64_t done = 0;
  if (position < dictionary_.size()) {
    const int64_t wanted = std::min(bytes, dictionary_.size() - position);
    ARROW_ASSIGN_OR_RAISE(
        done, read_at(file_->descriptor(), dictionary_.begin + position, wanted, out));
    if (done < wanted) return done;
  }
  if (done == bytes) return done;
  const int64_t page_position = pages_.begin + position + done - dictionary_.size();
  ARROW_ASSIGN_OR_RAISE(
      const int64_t more, read_at(file_->descriptor(), page_position, bytes - done, out + done));
  return done + more;
}

arrow::Result<std::string_view> ChunkInput::Peek(int64_t bytes) {
  peeked_at_ = position_ < dictionary_.size() ? dictionary_.begin + position_
                                              : pages_.begin + position_ - dictionary_.size();
  bytes = std::min(bytes, size() - position_);
  const int64_t peeked_end = peeked_position_ + static_cast<int64_t>(peeked_.size());
  if (position_ < peeked_position_ || position_ + bytes > peeked_end) {
    peeked_.resize(static_cast<size_t>(bytes));
    peeked_position_ = position_;
    ARROW_ASSIGN_OR_RAISE(const int64_t done, read_joined(position_, bytes, peeked_.data()));
    peeked_.resize(static_cast<size_t>(done));
    bytes = done;
  }
  const auto* begin = reinterpret_cast<const char*>(peeked_.data()) + position_ - peeked_position_;
  return std::string_view(begin, static_cast<size_t>(bytes));
}

arrow::Result<int64_t> ChunkInput::Read(int64_t bytes, void* out) {
  bytes = std::min(bytes, size() - position_);
  const int64_t peeked_end = peeked_position_ + static_cast<int64_t>(peeked_.size());
  int64_t done = 0;
  if (position_ >= peeked_position_ && position_ < peeked_end) {
    done = std::min(bytes, peeked_end - position_);
    std::memcpy(out, peeked_.data() + (position_ - peeked_position_), static_cast<size_t>(done));
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t more, read_joined(position_ + done, bytes - done,
                                                        static_cast<uint8_t*>(out) + done));
  position_ += done + more;
  return done + more;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> ChunkInput::Read(int64_t bytes) {
  if (bytes < 0) return arrow::Status::IOError("a read of negative length");
  bytes = std::min(bytes, size() - position_);  // a corrupt length must not become an allocation
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
