#include "transport/http/stream.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace bowshot::http {

ssize_t PlainStream::receive(std::span<char> buffer) {
  return recv(descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
}

ssize_t PlainStream::send(std::span<const iovec> pieces) {
  if (pieces.empty()) return 0;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = std::min<size_t>(pieces.size(), IOV_MAX);
  return sendmsg(descriptor(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t PlainStream::send_file(int file, off_t position, size_t bytes) {
  const ssize_t sent = sendfile(descriptor(), file, &position, bytes);
  if (sent != 0 || bytes == 0) return sent;
  errno = ENODATA;
  return -1;
}

}  // namespace bowshot::http
