#pragma once

#include <sys/uio.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop.hpp"
#include "transport/http/body_pipe.hpp"
#include "transport/http/held_bytes.hpp"
#include "transport/http/server.hpp"
#include "transport/http/stream.hpp"

namespace bowshot::http {

/// `Mon, 23 Nov 2026 01:30:33 GMT` (RFC 9110, 5.6.7).
std::string http_date(std::chrono::sys_seconds time);

/// What to do with the connection once an answer has been written.
enum class AfterAnswer {
  kKeepAlive,
  kClose,     // the answer is whole, the connection ends
  kReset,     // the answer is a part: reset, once the client has had what was sent
  kResetNow,  // the client left or reads nothing: nobody to wait for
};

/// What an answer is written to, and how. What is pointed to outlives the writer.
struct AnswerTarget {
  Stream* stream = nullptr;        // only this writer writes to it meanwhile
  int shutdown_descriptor = -1;    // readable once running answers must end
  bool is_head_method = false;     // count bodies, do not send them
  bool is_chunkable = true;        // HTTP/1.1
  bool keep_alive = true;          // as the request has it
  const BodyPipe* body = nullptr;  // the request's, where it is a stream: unread, no next request
  const std::atomic<bool>* stopping = nullptr;  // the server: no more requests on this connection
  std::chrono::milliseconds stall_timeout{};
  std::atomic<int64_t>* bytes_sent = nullptr;
  HeldBytes* held = nullptr;  // of all answers
  StopToken stop;
};

/// Writes one answer to a socket in plain calls: sends what the socket takes, then waits in poll()
/// until it takes more, the client leaves, nothing was taken for `stall_timeout`, slow readers hold
/// too much in all, or the shutdown begins. The handler's pieces, the chunk's frame and the head
/// leave in one gather write, without copies. One thread at a time.
class AnswerWriter final : public ResponseWriter {
 public:
  explicit AnswerWriter(AnswerTarget target) : target_(std::move(target)) {}

  Result<void> send(int status, const Headers& headers, std::string_view body) override;
  Result<void> start(int status, const Headers& headers,
                     std::optional<int64_t> content_length) override;
  using ResponseWriter::write;
  Result<void> write(Pieces pieces, const std::function<void()>& when_slow) override;
  Result<void> write_file(const FilePart& part) override;
  Result<void> finish() override;
  void abort(Pieces last) override;
  int status() const override { return status_; }
  bool started() const override { return bytes_written_ > 0; }
  int64_t bytes_written() const override { return bytes_written_; }

  /// Whether the answer was ended, by send(), finish() or abort().
  bool ended() const { return state_ == State::kEnded; }
  AfterAnswer after() const;

 private:
  enum class State { kFresh, kStarted, kEnded };
  enum class Framing { kLength, kChunked, kUntilClose, kNoBody };

  void make_head(int status, const Headers& headers, std::optional<int64_t> content_length);
  /// Whether so many more bytes of the body may be written.
  Result<void> check_writable(int64_t bytes);
  Result<void> write_framed(Pieces pieces, int64_t piece_bytes,
                            const std::function<void()>& when_slow);
  /// A write that the socket does not take at once: what it holds, and since when it waits.
  struct Wait {
    Wait(HeldBytes* held, int descriptor) : hold(held, descriptor) {}
    HeldBytes::Hold hold;
    const std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
    bool is_slow = false;  // for kSlowAfter in all
  };
  Result<void> write_all(const std::function<void()>& when_slow);
  /// What to do after `sent` bytes, or -1 and errno, of the stream: nothing, or wait, or give up.
  /// `bytes_held` are in memory until they are sent.
  Result<void> take_outcome(ssize_t sent, std::optional<Wait>& wait, int64_t bytes_held,
                            const std::function<void()>& when_slow);
  Result<void> wait_for_reader(Wait& wait, const std::function<void()>& when_slow);
  /// False when nothing was taken until `deadline`.
  Result<bool> wait_writable(const Wait& wait, std::chrono::steady_clock::time_point deadline);
  std::unexpected<Error> give_up(Error error);

  AnswerTarget target_;
  State state_ = State::kFresh;
  Framing framing_ = Framing::kNoBody;
  AfterAnswer after_ = AfterAnswer::kKeepAlive;
  std::string head_;             // not written yet; empty once it has left
  std::vector<iovec> pieces_;    // of the gather write at work
  int64_t body_bytes_left_ = 0;  // Framing::kLength
  int64_t bytes_written_ = 0;
  int status_ = 0;
};

/// The whole of a small answer that the transport gives itself, for an error of the connection.
std::string error_answer(const Error& error, const ErrorWriter& error_writer, bool is_head_method);

}  // namespace bowshot::http
