#include "transport/http/answer_writer.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>

#include "base/check.hpp"
#include "transport/http/syntax.hpp"

namespace bowshot::http {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

void append_number(std::string& text, int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

void append_status_line(std::string& head, int status) {
  head += "HTTP/1.1 ";
  append_number(head, status);
  head += ' ';
  head += reason_phrase(status);
  head += kLineEnd;
}

/// Values may carry what a user typed (a download's name): a line end in one must not start a
/// header of its own.
void append_field(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  const size_t value_start = head.size();
  head += value;
  for (size_t i = value_start; i < head.size(); ++i)
    if (is_control(head[i])) head[i] = ' ';
  head += kLineEnd;
}

void append_date(std::string& head) {
  const auto now = std::chrono::system_clock::now();
  append_field(head, "Date", http_date(std::chrono::floor<std::chrono::seconds>(now)));
}

/// Headers that only the transport sets: they describe the connection, not the answer.
bool is_transport_header(std::string_view name) {
  return equals_ignoring_case(name, "Content-Length") || equals_ignoring_case(name, "Connection") ||
         equals_ignoring_case(name, "Transfer-Encoding") ||
         equals_ignoring_case(name, "Keep-Alive");
}

bool has_no_body(int status) {
  return status == 204 || status == 304 || status < 200;
}

int64_t stalled_seconds(std::chrono::milliseconds timeout) {
  return std::chrono::ceil<std::chrono::seconds>(timeout).count();
}

iovec piece_of(std::string_view bytes) {
  return {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
}

int64_t byte_count(std::span<const iovec> pieces) {
  int64_t bytes = 0;
  for (const iovec& piece : pieces) bytes += static_cast<int64_t>(piece.iov_len);
  return bytes;
}

int64_t byte_count(Pieces pieces) {
  int64_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += static_cast<int64_t>(piece.size());
  return bytes;
}

}  // namespace

std::string http_date(std::chrono::sys_seconds time) {
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const auto two_digits = [](std::string& text, auto number) {
    text += static_cast<char>('0' + number / 10);
    text += static_cast<char>('0' + number % 10);
  };
  std::string text(kDays.substr(size_t{3} * std::chrono::weekday(day).c_encoding(), 3));
  text += ", ";
  two_digits(text, static_cast<unsigned>(date.day()));
  text += ' ';
  text += kMonths.substr(size_t{3} * (static_cast<unsigned>(date.month()) - 1), 3);
  text += ' ';
  two_digits(text, static_cast<int>(date.year()) / 100);
  two_digits(text, static_cast<int>(date.year()) % 100);
  text += ' ';
  two_digits(text, clock.hours().count());
  text += ':';
  two_digits(text, clock.minutes().count());
  text += ':';
  two_digits(text, clock.seconds().count());
  text += " GMT";
  return text;
}

Result<void> AnswerWriter::send(int status, const Headers& headers, std::string_view body) {
  // An answer that was only begun in memory may still be replaced, by an error for instance.
  BOWSHOT_CHECK(state_ != State::kEnded && !started());
  make_head(status, headers, has_no_body(status) ? 0 : static_cast<int64_t>(body.size()));
  state_ = State::kEnded;
  pieces_.assign({piece_of(head_)});
  if (framing_ == Framing::kLength && !body.empty()) pieces_.push_back(piece_of(body));
  return write_all({});
}

Result<void> AnswerWriter::start(int status, const Headers& headers,
                                 std::optional<int64_t> content_length) {
  BOWSHOT_CHECK(state_ == State::kFresh);
  make_head(status, headers, content_length);
  state_ = State::kStarted;
  return {};
}

void AnswerWriter::make_head(int status, const Headers& headers,
                             std::optional<int64_t> content_length) {
  status_ = status;
  framing_ = has_no_body(status)    ? Framing::kNoBody
             : content_length       ? Framing::kLength
             : target_.is_chunkable ? Framing::kChunked
                                    : Framing::kUntilClose;
  body_bytes_left_ = content_length.value_or(0);
  bool keep_alive = target_.keep_alive && !target_.stopping->load(std::memory_order_relaxed) &&
                    (!target_.body || target_.body->has_ended());
  const std::string connection = headers.get("Connection");  // split_list points into it
  for (const std::string_view option : split_list(connection))
    if (equals_ignoring_case(option, "close")) keep_alive = false;
  if (framing_ == Framing::kUntilClose && !target_.is_head_method) keep_alive = false;
  after_ = keep_alive ? AfterAnswer::kKeepAlive : AfterAnswer::kClose;

  head_.clear();
  head_.reserve(512);
  append_status_line(head_, status);
  for (const auto& [name, value] : headers.fields())
    if (!is_transport_header(name)) append_field(head_, name, value);
  if (!headers.has("Date")) append_date(head_);
  if (framing_ == Framing::kLength)
    append_field(head_, "Content-Length", std::to_string(body_bytes_left_));
  if (framing_ == Framing::kChunked) append_field(head_, "Transfer-Encoding", "chunked");
  if (!keep_alive) append_field(head_, "Connection", "close");
  if (keep_alive && !target_.is_chunkable) append_field(head_, "Connection", "keep-alive");
  head_ += kLineEnd;
  if (target_.is_head_method) framing_ = Framing::kNoBody;
}

Result<void> AnswerWriter::check_writable(int64_t bytes) {
  BOWSHOT_CHECK(state_ == State::kStarted);
  if (after_ >= AfterAnswer::kReset) return fail(ErrorCode::kCancelled, "the answer was given up");
  if (target_.stop.stop_requested()) return fail(target_.stop.error());
  if (framing_ == Framing::kLength && bytes > body_bytes_left_)
    return give_up({.code = ErrorCode::kInternal, .detail = "more bytes than the Content-Length"});
  return {};
}

Result<void> AnswerWriter::write(Pieces pieces, const std::function<void()>& when_slow) {
  const int64_t piece_bytes = byte_count(pieces);
  BOWSHOT_TRY(check_writable(piece_bytes));
  if (piece_bytes == 0) return {};  // an empty chunk would be the last one
  return write_framed(pieces, piece_bytes, when_slow);
}

Result<void> AnswerWriter::write_file(const FilePart& part) {
  BOWSHOT_TRY(check_writable(part.bytes));
  BOWSHOT_CHECK(framing_ == Framing::kLength || framing_ == Framing::kNoBody);
  pieces_.clear();
  if (!head_.empty()) pieces_.push_back(piece_of(head_));
  BOWSHOT_TRY(write_all({}));
  if (framing_ == Framing::kNoBody) return {};
  FilePart left = part;
  while (left.bytes > 0) {
    if (target_.stop.stop_requested()) return fail(target_.stop.error());
    const ssize_t sent =
        target_.stream->send_file(part.descriptor, left.begin, static_cast<size_t>(left.bytes));
    if (sent < 0 && (errno == ENODATA || errno == EIO))
      return fail(ErrorCode::kBadData, "the file cannot be read to its end");
    std::optional<Wait> wait;  // of no memory: the file is not held
    BOWSHOT_TRY(take_outcome(sent, wait, 0, {}));
    const int64_t taken = std::max<ssize_t>(sent, 0);
    left.begin += taken;
    left.bytes -= taken;
    body_bytes_left_ -= taken;
  }
  pieces_.clear();
  return write_all({});  // what the stream still holds
}

Result<void> AnswerWriter::write_framed(Pieces pieces, int64_t piece_bytes,
                                        const std::function<void()>& when_slow) {
  std::array<char, 20> size_line;
  pieces_.clear();
  if (!head_.empty()) pieces_.push_back(piece_of(head_));
  if (framing_ == Framing::kChunked) {
    char* end = std::to_chars(size_line.data(), size_line.data() + 16, piece_bytes, 16).ptr;
    end = std::ranges::copy(kLineEnd, end).out;
    pieces_.push_back(piece_of({size_line.data(), end}));
  }
  if (framing_ != Framing::kNoBody)
    for (const std::string_view piece : pieces)
      if (!piece.empty()) pieces_.push_back(piece_of(piece));
  if (framing_ == Framing::kChunked) pieces_.push_back(piece_of(kLineEnd));
  if (framing_ == Framing::kLength) body_bytes_left_ -= piece_bytes;
  return write_all(when_slow);
}

Result<void> AnswerWriter::finish() {
  BOWSHOT_CHECK(state_ == State::kStarted);
  if (after_ >= AfterAnswer::kReset) return fail(ErrorCode::kCancelled, "the answer was given up");
  if (framing_ == Framing::kLength && body_bytes_left_ > 0)
    return give_up({.code = ErrorCode::kInternal, .detail = "fewer bytes than the Content-Length"});
  state_ = State::kEnded;
  pieces_.clear();
  if (!head_.empty()) pieces_.push_back(piece_of(head_));
  if (framing_ == Framing::kChunked) pieces_.push_back(piece_of(kLastChunk));
  return write_all({});
}

void AnswerWriter::abort(Pieces last) {
  const int64_t last_bytes = byte_count(last);
  if (state_ == State::kStarted && started() && after_ < AfterAnswer::kReset && last_bytes > 0) {
    if (framing_ == Framing::kLength && last_bytes >= body_bytes_left_)
      framing_ = Framing::kNoBody;  // with `last` the body would look whole: reset without it
    // A failure here leaves nothing else to do: the connection is reset all the same.
    [[maybe_unused]] const auto written = write_framed(last, last_bytes, {});
  }
  state_ = State::kEnded;
  if (after_ < AfterAnswer::kReset) after_ = AfterAnswer::kReset;
}

AfterAnswer AnswerWriter::after() const {
  return after_;
}

std::unexpected<Error> AnswerWriter::give_up(Error error) {
  after_ = error.code == ErrorCode::kInternal ? AfterAnswer::kReset : AfterAnswer::kResetNow;
  return fail(std::move(error));
}

Result<void> AnswerWriter::write_all(const std::function<void()>& when_slow) {
  auto* piece = pieces_.data();
  auto* const end = piece + pieces_.size();
  std::optional<Wait> wait;
  while (piece != end || target_.stream->has_unsent()) {
    const ssize_t sent = target_.stream->send({piece, end});
    BOWSHOT_TRY(take_outcome(sent, wait, byte_count({piece, end}), when_slow));
    auto left = static_cast<size_t>(std::max<ssize_t>(sent, 0));
    while (piece != end && left >= piece->iov_len) left -= (piece++)->iov_len;
    if (left > 0) {
      piece->iov_base = static_cast<char*>(piece->iov_base) + left;
      piece->iov_len -= left;
    }
  }
  head_.clear();
  return {};
}

Result<void> AnswerWriter::take_outcome(ssize_t sent, std::optional<Wait>& wait, int64_t bytes_held,
                                        const std::function<void()>& when_slow) {
  if (sent < 0 && errno == EINTR) return {};
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    if (!wait) wait.emplace(target_.held, target_.stream->descriptor());
    wait->hold.set_bytes(bytes_held);
    return wait_for_reader(*wait, when_slow);
  }
  if (sent < 0) return give_up({.code = ErrorCode::kCancelled, .detail = "the client left"});
  bytes_written_ += sent;
  target_.bytes_sent->fetch_add(sent, std::memory_order_relaxed);
  return {};
}

Result<void> AnswerWriter::wait_for_reader(Wait& wait, const std::function<void()>& when_slow) {
  const auto now = std::chrono::steady_clock::now();
  const auto deadline = now + target_.stall_timeout;
  // A reader that takes a little now and then is as slow as one that takes nothing.
  const auto slow_at = (wait.is_slow ? now : wait.begun) + kSlowAfter;
  BOWSHOT_ASSIGN(bool is_writable, wait_writable(wait, std::min(deadline, slow_at)));
  if (!is_writable) {
    wait.is_slow = true;
    if (when_slow) when_slow();
    wait.hold.check();
    BOWSHOT_ASSIGN(is_writable, wait_writable(wait, deadline));
  }
  if (is_writable) return {};
  return give_up({.code = ErrorCode::kDeadlineExceeded,
                  .detail = "the client read nothing for " +
                            std::to_string(stalled_seconds(target_.stall_timeout)) +
                            " s (stalled_reader_seconds)"});
}

Result<bool> AnswerWriter::wait_writable(const Wait& wait,
                                         std::chrono::steady_clock::time_point deadline) {
  std::array<pollfd, 2> waits = {{
      {.fd = target_.stream->descriptor(), .events = POLLOUT | POLLRDHUP, .revents = 0},
      {.fd = target_.shutdown_descriptor, .events = POLLIN, .revents = 0},
  }};
  int ready = 0;
  do {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto timeout_ms = std::clamp<int64_t>(left.count(), 0, INT_MAX);
    ready = poll(waits.data(), waits.size(), static_cast<int>(timeout_ms));
  } while (ready < 0 && errno == EINTR);
  if (ready < 0)
    return give_up({.code = ErrorCode::kInternal, .detail = "poll failed on a connection"});
  if (wait.hold.is_ended())
    return give_up({.code = ErrorCode::kOverloaded,
                    .detail = "answers held more than " +
                              std::to_string(target_.held->bytes_max()) +
                              " bytes for slow readers (answer_bytes_held x streams_running), "
                              "this one the most for the longest"});
  // End of input counts as leaving, and the event loop may notice it a little later than we do.
  if ((waits[0].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
    return give_up({.code = ErrorCode::kCancelled, .detail = "the client left"});
  if ((waits[0].revents & POLLOUT) != 0) return true;
  if ((waits[1].revents & POLLIN) != 0)
    return give_up({.code = ErrorCode::kNotReady, .detail = "the server is shutting down"});
  return false;
}

std::string error_answer(const Error& error, const ErrorWriter& error_writer, bool is_head_method) {
  Headers headers;
  std::string body;
  if (error_writer) error_writer(error, headers, body);
  if (error.code == ErrorCode::kOverloaded && !headers.has("Retry-After"))
    headers.add("Retry-After", "1");
  std::string answer;
  append_status_line(answer, error_info(error.code).status);
  for (const auto& [name, value] : headers.fields())
    if (!is_transport_header(name)) append_field(answer, name, value);
  if (!headers.has("Date")) append_date(answer);
  append_field(answer, "Content-Length", std::to_string(body.size()));
  append_field(answer, "Connection", "close");
  answer += kLineEnd;
  if (!is_head_method) answer += body;
  return answer;
}

}  // namespace bowshot::http
