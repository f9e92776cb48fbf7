#include "source/publish/descriptor_output.hpp"

#include <arrow/status.h>
#include <arrow/util/io_util.h>
#include <unistd.h>

#include <cerrno>

namespace bowshot {

arrow::Status DescriptorOutput::Write(const void* data, int64_t bytes) {
  if (bytes > bytes_max_ - bytes_) {
    is_full_ = true;
    return arrow::Status::CapacityError("the limit is reached");
  }
  for (int64_t done = 0; done < bytes;) {
    const ssize_t count = ::write(descriptor_, static_cast<const char*>(data) + done,
                                  static_cast<size_t>(bytes - done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return arrow::internal::IOErrorFromErrno(errno, "writing failed");
    done += count;
  }
  bytes_ += bytes;
  return arrow::Status::OK();
}

}  // namespace bowshot
