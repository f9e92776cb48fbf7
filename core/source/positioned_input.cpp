#include "source/positioned_input.hpp"

#include <arrow/buffer.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bowshot {

arrow::Result<std::shared_ptr<arrow::Buffer>> PositionedInput::ReadAt(int64_t position,
                                                                      int64_t bytes) {
  // A corrupt length must not become an allocation of that size.
  ARROW_ASSIGN_OR_RAISE(const int64_t size, GetSize());
  bytes = std::clamp<int64_t>(size - position, 0, std::max<int64_t>(0, bytes));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(bytes));
  ARROW_ASSIGN_OR_RAISE(const int64_t done, ReadAt(position, bytes, buffer->mutable_data()));
  if (done < bytes) ARROW_RETURN_NOT_OK(buffer->Resize(done));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<int64_t> PositionedInput::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t done, ReadAt(position_, bytes, out));
  position_ += done;
  return done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PositionedInput::Read(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
  position_ += buffer->size();
  return buffer;
}

arrow::Status PositionedInput::Seek(int64_t position) {
  if (position < 0) return arrow::Status::IOError("a seek outside of the file");
  position_ = position;
  return arrow::Status::OK();
}

arrow::Result<int64_t> read_at(int descriptor, int64_t position, int64_t bytes, void* out) {
  if (position < 0 || bytes < 0) return arrow::Status::IOError("a read outside of the file");
  int64_t done = 0;
  while (done < bytes) {
    const ssize_t count = ::pread(descriptor, static_cast<char*>(out) + done,
                                  static_cast<size_t>(bytes - done), position + done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return arrow::Status::IOError("reading failed: ", std::strerror(errno));
    if (count == 0) break;
    done += count;
  }
  return done;
}

}  // namespace bowshot
