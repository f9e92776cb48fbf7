#include "source/descriptor_input.hpp"

#include <arrow/buffer.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bowshot {

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

arrow::Result<int64_t> DescriptorInput::ReadAt(int64_t position, int64_t bytes, void* out) {
  return read_at(file_->descriptor(), position, bytes, out);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> DescriptorInput::ReadAt(int64_t position,
                                                                      int64_t bytes) {
  // A corrupt length must not become an allocation of that size.
  const int64_t available = std::max<int64_t>(0, file_->identity().bytes - position);
  bytes = std::min(bytes, available);
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(std::max<int64_t>(0, bytes)));
  ARROW_ASSIGN_OR_RAISE(const int64_t done, ReadAt(position, bytes, buffer->mutable_data()));
  if (done < bytes) ARROW_RETURN_NOT_OK(buffer->Resize(done));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<int64_t> DescriptorInput::Read(int64_t bytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t done, ReadAt(position_, bytes, out));
  position_ += done;
  return done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> DescriptorInput::Read(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
  position_ += buffer->size();
  return buffer;
}

arrow::Status DescriptorInput::Seek(int64_t position) {
  if (position < 0) return arrow::Status::IOError("a seek outside of the file");
  position_ = position;
  return arrow::Status::OK();
}

}  // namespace bowshot
