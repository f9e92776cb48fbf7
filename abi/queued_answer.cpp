#include "queued_answer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <utility>

namespace bowshot::abi {

namespace {

/// Bytes that wait to be taken before who makes them waits too: a batch or two.
constexpr size_t kWaitingBytesMax = 8 << 20;
constexpr int64_t kFilePieceBytes = 256 << 10;
/// Who takes waits for as long as the answer takes, which has deadlines of its own, or for the
/// stop.
constexpr std::chrono::hours kLookAgain{1};

std::string join(http::Pieces pieces) {
  std::string joined;
  joined.reserve(
      std::accumulate(pieces.begin(), pieces.end(), size_t{0},
                      [](size_t sum, std::string_view piece) { return sum + piece.size(); }));
  for (const std::string_view piece : pieces) joined += piece;
  return joined;
}

}  // namespace

Result<void> QueuedAnswer::send(int status, const http::Headers& headers, std::string_view body) {
  BOWSHOT_TRY(start(status, headers,
                    status == 204 || status == 304
                        ? std::nullopt
                        : std::optional(static_cast<int64_t>(body.size()))));
  if (!body.empty()) BOWSHOT_TRY(write(std::array{body}));
  return finish();
}

Result<void> QueuedAnswer::start(int status, const http::Headers& headers,
                                 std::optional<int64_t> content_length) {
  const std::lock_guard lock(mutex_);
  head_ = {.status = status, .headers = headers};
  if (content_length) head_.headers.set("Content-Length", std::to_string(*content_length));
  return {};
}

void QueuedAnswer::publish_head() {
  is_head_there_ = true;
  changed_.notify_all();
}

Result<void> QueuedAnswer::write(http::Pieces pieces, const std::function<void()>& when_slow) {
  std::string bytes = join(pieces);
  std::unique_lock lock(mutex_);
  publish_head();
  bytes_written_ += static_cast<int64_t>(bytes.size());
  if (!has_body_ || bytes.empty()) return {};
  const auto deadline = std::chrono::steady_clock::now() + stalled_reader_;
  const auto has_room = [&] { return waiting_bytes_ < kWaitingBytesMax; };
  while (!changed_.wait_for(lock, stop_.std_token(), http::kSlowAfter, has_room)) {
    if (stop_.stop_requested()) return fail(stop_.error());
    if (std::chrono::steady_clock::now() >= deadline)
      return fail(ErrorCode::kCancelled, "the reader took nothing of its answer for too long");
    lock.unlock();
    if (when_slow) when_slow();
    lock.lock();
  }
  waiting_bytes_ += bytes.size();
  waiting_.push_back(std::move(bytes));
  changed_.notify_all();
  return {};
}

Result<void> QueuedAnswer::write_file(const http::FilePart& part) {
  std::string piece(kFilePieceBytes, '\0');
  for (int64_t done = 0; done < part.bytes;) {
    const auto wanted = static_cast<size_t>(std::min(part.bytes - done, kFilePieceBytes));
    const ssize_t count = ::pread(part.descriptor, piece.data(), wanted, part.begin + done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(ErrorCode::kBadData, "the file cannot be read to its end");
    BOWSHOT_TRY(write(std::array{std::string_view(piece.data(), static_cast<size_t>(count))}));
    done += count;
  }
  return {};
}

Result<void> QueuedAnswer::finish() {
  const std::lock_guard lock(mutex_);
  state_ = State::kEnded;
  publish_head();
  return {};
}

/// After the head what made it in is still taken, `last` with it; before it there is no answer.
void QueuedAnswer::abort(http::Pieces last) {
  const std::lock_guard lock(mutex_);
  if (!is_head_there_) head_ = {};
  if (std::string bytes = join(last); !bytes.empty() && has_body_)
    waiting_.push_back(std::move(bytes));
  state_ = State::kBroken;
  publish_head();
}

void QueuedAnswer::leave() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kMaking) return;
  if (!is_head_there_) head_ = {};
  state_ = State::kBroken;
  publish_head();
}

int QueuedAnswer::status() const {
  const std::lock_guard lock(mutex_);
  return head_.status;
}

bool QueuedAnswer::started() const {
  const std::lock_guard lock(mutex_);
  return is_head_there_;
}

int64_t QueuedAnswer::bytes_written() const {
  const std::lock_guard lock(mutex_);
  return bytes_written_;
}

template <class Predicate>
bool QueuedAnswer::wait_for(std::unique_lock<std::mutex>& lock, Predicate predicate) {
  while (!changed_.wait_for(lock, stop_.std_token(), kLookAgain, predicate))
    if (stop_.stop_requested()) return false;
  return true;
}

const QueuedAnswer::Head& QueuedAnswer::head() {
  static const Head kNone;
  std::unique_lock lock(mutex_);
  return wait_for(lock, [&] { return is_head_there_; }) ? head_ : kNone;
}

std::optional<std::string> QueuedAnswer::next() {
  std::unique_lock lock(mutex_);
  if (!wait_for(lock, [&] { return !waiting_.empty() || state_ != State::kMaking; }))
    return std::nullopt;
  if (waiting_.empty())
    return state_ == State::kEnded ? std::optional<std::string>("") : std::nullopt;
  std::string bytes = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= std::min(waiting_bytes_, bytes.size());
  changed_.notify_all();
  return bytes;
}

}  // namespace bowshot::abi
