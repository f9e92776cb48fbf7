#include "encode/byte_collector.hpp"

#include <arrow/buffer.h>
#include <arrow/status.h>

#include <string_view>
#include <utility>

namespace bowshot {
namespace {

constexpr int64_t kShortBytesMax = 2 << 10;

}  // namespace

arrow::Status ByteCollector::Write(const void* data, int64_t bytes) {
  short_ += std::string_view(static_cast<const char*>(data), static_cast<size_t>(bytes));
  position_ += bytes;
  return arrow::Status::OK();
}

arrow::Status ByteCollector::Write(const std::shared_ptr<arrow::Buffer>& buffer) {
  if (buffer->size() <= kShortBytesMax) return Write(buffer->data(), buffer->size());
  flush();
  list_.push_back(buffer);
  position_ += buffer->size();
  return arrow::Status::OK();
}

arrow::Status ByteCollector::Close() {
  is_closed_ = true;
  return arrow::Status::OK();
}

void ByteCollector::flush() {
  if (!short_.empty()) list_.push_back(arrow::Buffer::FromString(std::exchange(short_, {})));
}

ByteList ByteCollector::take() {
  flush();
  return std::exchange(list_, {});
}

}  // namespace bowshot
