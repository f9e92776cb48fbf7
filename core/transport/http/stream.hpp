#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <span>

namespace bowshot::http {

/// One connection's bytes as its peer means them: those of the socket, or what TLS carries in them
/// (tls_stream.hpp). Never blocks and does not own the descriptor, which outlives it.
/// One thread reads (the event loop) and one writes (the loop; while an answer runs, its worker);
/// the two may be different ones at the same time.
class Stream {
 public:
  explicit Stream(int descriptor) : descriptor_(descriptor) {}
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// As recv(): a number of bytes, 0 at the end of input, -1 with errno (EAGAIN: nothing now).
  /// `buffer` holds kReceiveBytesMin or more: then nothing readable is left within the stream, and
  /// the socket's being readable tells of all that comes next.
  virtual ssize_t receive(std::span<char> buffer) = 0;
  static constexpr size_t kReceiveBytesMin = 64 << 10;

  /// As sendmsg(): how many of the pieces' bytes were taken, -1 with errno (EAGAIN: the socket
  /// takes nothing now). 0 is progress too: earlier bytes have left. Without pieces: only sends
  /// what is unsent.
  virtual ssize_t send(std::span<const iovec> pieces) = 0;
  /// As sendfile(): how many of the file's bytes from `position` on were taken, at most `bytes`.
  /// -1 with errno: EAGAIN, ENODATA where the file ends before, EIO where it cannot be read. 0 is
  /// progress too. A writer's thread has SIGPIPE blocked (WorkerPool).
  virtual ssize_t send_file(int file, off_t position, size_t bytes) = 0;
  /// Whether bytes that were taken have not reached the socket: send() again.
  virtual bool has_unsent() const = 0;
  /// Tells the peer, where the stream has a word for it, that all was sent. Never after a part.
  virtual void end_output() = 0;

  int descriptor() const { return descriptor_; }

 private:
  const int descriptor_;
};

/// The socket's bytes as they are.
class PlainStream final : public Stream {
 public:
  using Stream::Stream;
  ssize_t receive(std::span<char> buffer) override;
  ssize_t send(std::span<const iovec> pieces) override;
  /// From the page cache to the socket, by the kernel alone.
  ssize_t send_file(int file, off_t position, size_t bytes) override;
  bool has_unsent() const override { return false; }
  void end_output() override {}
};

}  // namespace bowshot::http
