#include "transport/http/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/check.hpp"

namespace bowshot::http {

namespace {

constexpr size_t kRecordBytes = 16 << 10;
/// Read from the socket at once: with what a record may have left behind it fits into a buffer of
/// kReceiveBytesMin.
constexpr size_t kFillBytes = 32 << 10;
static_assert(kFillBytes + kRecordBytes + 1024 < Stream::kReceiveBytesMin);
/// Encrypted at once: bounds how long the lock is held, and what waits for the socket.
constexpr size_t kBurstBytes = 64 << 10;
/// What a peer may make us owe it without reading: alerts, answers to key updates.
constexpr size_t kOwedBytesMax = 64 << 10;

ssize_t failure(int error) {
  errno = error;
  return -1;
}

}  // namespace

TlsStream::TlsStream(int descriptor, TlsContext::Ssl ssl) : Stream(descriptor) {
  BOWSHOT_CHECK(ssl != nullptr);
  session_.with([&](Session& session) {
    session.input = BIO_new(BIO_s_mem());
    session.output = BIO_new(BIO_s_mem());
    BOWSHOT_CHECK(session.input != nullptr && session.output != nullptr);
    BIO_set_mem_eof_return(session.input, -1);  // empty is "not yet", not the end
    SSL_set_bio(ssl.get(), session.input, session.output);
    session.ssl = std::move(ssl);
  });
}

ssize_t TlsStream::fill() {
  std::array<char, kFillBytes> received;
  const ssize_t bytes = recv(descriptor(), received.data(), received.size(), MSG_DONTWAIT);
  if (bytes <= 0) return bytes;
  const bool is_taken = session_.with([&](Session& session) {
    return BIO_write(session.input, received.data(), static_cast<int>(bytes)) == bytes;
  });
  return is_taken ? bytes : failure(ENOMEM);
}

TlsStream::Handshake TlsStream::handshake() {
  return session_.with([&](Session& session) {
    ERR_clear_error();
    const int outcome = SSL_do_handshake(session.ssl.get());
    const unsigned long reason = ERR_peek_error();
    const int error = SSL_get_error(session.ssl.get(), outcome);
    take_output(session);
    if (outcome == 1) return Handshake::kDone;
    if (error == SSL_ERROR_WANT_READ) return Handshake::kMore;
    return ERR_GET_REASON(reason) == SSL_R_HTTP_REQUEST ? Handshake::kPlainHttp
                                                        : Handshake::kFailed;
  });
}

ssize_t TlsStream::receive(std::span<char> buffer) {
  BOWSHOT_DCHECK(buffer.size() >= kReceiveBytesMin);
  const auto decrypt_into = [&](Session& session) { return decrypt(session, buffer); };
  // What came along with the end of the handshake is within already.
  const ssize_t held = session_.with(decrypt_into);
  if (held >= 0 || errno != EAGAIN) return held;
  const ssize_t filled = fill();
  return filled <= 0 ? filled : session_.with(decrypt_into);
}

/// Everything that whole records hold. Errors behind good bytes show at the next call.
ssize_t TlsStream::decrypt(Session& session, std::span<char> buffer) {
  size_t total = 0;
  while (total < buffer.size()) {
    ERR_clear_error();
    const size_t room = std::min<size_t>(buffer.size() - total, INT_MAX);
    const int bytes = SSL_read(session.ssl.get(), buffer.data() + total, static_cast<int>(room));
    if (bytes > 0) {
      total += static_cast<size_t>(bytes);
      continue;
    }
    if (total > 0) break;
    const int error = SSL_get_error(session.ssl.get(), bytes);
    if (BIO_ctrl_pending(session.output) > kOwedBytesMax) return failure(ENOBUFS);
    if (error == SSL_ERROR_WANT_READ) return failure(EAGAIN);
    return error == SSL_ERROR_ZERO_RETURN ? 0 : failure(EPROTO);
  }
  return static_cast<ssize_t>(total);
}

ssize_t TlsStream::send(std::span<const iovec> pieces) {
  const ssize_t sent = send_unsent();
  if (sent < 0) return sent;
  if (unsent_start_ < unsent_.size()) return sent > 0 ? 0 : failure(EAGAIN);
  const ssize_t taken = session_.with([&](Session& session) {
    const ssize_t bytes = encrypt(session, pieces);
    if (bytes >= 0) take_output(session);
    return bytes;
  });
  if (taken < 0) return taken;
  const ssize_t burst = send_unsent();
  return burst < 0 && errno != EAGAIN ? burst : taken;
}

ssize_t TlsStream::send_file(int file, off_t position, size_t bytes) {
  if (has_unsent()) return send({});  // nothing is read that would not be taken
  std::array<char, kBurstBytes> burst;
  const ssize_t count = pread(file, burst.data(), std::min(bytes, burst.size()), position);
  if (count < 0) return failure(errno == EINTR ? EINTR : EIO);
  if (count == 0 && bytes > 0) return failure(ENODATA);
  const iovec piece{.iov_base = burst.data(), .iov_len = static_cast<size_t>(count)};
  return send({&piece, 1});
}

/// A burst of the pieces' bytes. Large pieces are encrypted where they lie; small ones, such as a
/// head, a chunk's frame and the first buffers, are put together, so that they share a record.
ssize_t TlsStream::encrypt(Session& session, std::span<const iovec> pieces) {
  std::array<char, kRecordBytes> record;
  size_t held = 0;  // bytes of the record
  size_t taken = 0;
  const auto write = [&](const char* bytes, size_t count) {
    ERR_clear_error();
    return count == 0 || SSL_write(session.ssl.get(), bytes, static_cast<int>(count)) > 0;
  };
  for (const iovec& piece : pieces) {
    const auto* bytes = static_cast<const char*>(piece.iov_base);
    size_t left = std::min(piece.iov_len, kBurstBytes - taken);
    taken += left;
    while (left > 0) {
      const bool is_direct = held == 0 && left >= kRecordBytes;
      const size_t count = is_direct ? left : std::min(left, kRecordBytes - held);
      if (is_direct) {
        if (!write(bytes, count)) return failure(EPIPE);
      } else {
        std::copy_n(bytes, count, record.begin() + static_cast<ptrdiff_t>(held));
        held += count;
        if (held == kRecordBytes && !write(record.data(), std::exchange(held, 0)))
          return failure(EPIPE);
      }
      bytes += count;
      left -= count;
    }
  }
  if (!write(record.data(), held)) return failure(EPIPE);
  return static_cast<ssize_t>(taken);
}

/// Moves what OpenSSL wants to send behind what is unsent. The writer's, under the lock.
void TlsStream::take_output(Session& session) {
  const size_t bytes = BIO_ctrl_pending(session.output);
  const size_t before = unsent_.size();
  unsent_.resize(before + bytes);
  if (bytes > 0) BIO_read(session.output, unsent_.data() + before, static_cast<int>(bytes));
}

/// As ::send(); 0 when there is nothing to send. Idle connections keep no memory for it.
ssize_t TlsStream::send_unsent() {
  const size_t left = unsent_.size() - unsent_start_;
  if (left == 0) return 0;
  ssize_t sent = 0;
  do {
    sent = ::send(descriptor(), unsent_.data() + unsent_start_, left, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent > 0) unsent_start_ += static_cast<size_t>(sent);
  if (unsent_start_ == unsent_.size()) {
    std::vector<char>().swap(unsent_);
    unsent_start_ = 0;
  }
  return sent;
}

bool TlsStream::has_unsent() const {
  return unsent_start_ < unsent_.size();
}

void TlsStream::end_output() {
  session_.with([&](Session& session) {
    ERR_clear_error();
    if (SSL_is_init_finished(session.ssl.get()) == 1) SSL_shutdown(session.ssl.get());
    take_output(session);
  });
  // A socket that takes nothing is not waited for: lengths and last chunks tell where answers end.
  [[maybe_unused]] const ssize_t sent = send_unsent();
}

}  // namespace bowshot::http
