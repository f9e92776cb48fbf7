#include "transport/http/connection.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace bowshot::http {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// How long and how much a connection in farewell reads on, waiting for the client to close.
constexpr std::chrono::milliseconds kFarewellTimeout{2'000};
constexpr int64_t kFarewellBytesMax = 16 << 20;
/// How long a cut answer's bytes may take to reach the client before the reset drops the rest.
constexpr std::chrono::milliseconds kDrainTimeout{5'000};
constexpr std::chrono::milliseconds kStopDrainTimeout{250};
/// A body that trickles in more slowly than this is not waited for.
constexpr int64_t kBodyBytesPerSecondMin = 1'024;

/// Runs the handler; whatever it does, the answer is ended afterwards.
void run_handler(const ServerOptions& options, const Request& request, AnswerWriter& writer,
                 const StopToken& stop) {
  Error error{.code = ErrorCode::kInternal, .detail = "the request was not answered"};
  try {
    options.handler(request, writer, stop);
  } catch (...) {  // handlers log and answer what they throw; this is the last line
    error.detail = "the request failed";
  }
  if (writer.ended()) return;
  if (writer.started()) return writer.abort({});
  if (stop.stop_requested()) error = stop.error();
  Headers headers;
  headers.add("Connection", "close");
  std::string body;
  if (options.error_writer) options.error_writer(error, headers, body);
  // A client that has left is told nothing; after() says what becomes of the connection.
  [[maybe_unused]] const auto sent = writer.send(error_info(error.code).status, headers, body);
}

}  // namespace

Connection::Connection(ServerState* server, Socket socket, PeerKind peer, TlsContext::Ssl tls)
    : server_(server), socket_(std::move(socket)), peer_(peer), reader_(&server->limits) {
  const int descriptor = socket_.native_handle();
  if (tls) {
    auto stream = std::make_unique<TlsStream>(descriptor, std::move(tls));
    tls_ = stream.get();
    stream_ = std::move(stream);
    state_ = State::kHandshake;
    deadline_ = Clock::now() + server_->timeouts.head;
  } else {
    stream_ = std::make_unique<PlainStream>(descriptor);
  }
}

void Connection::start() {
  if (state_ != State::kHandshake) begin_head();
  arm_read();
}

// The handshake: keys are worked with on a worker, so that the loop never computes.

void Connection::fill_handshake() {
  const ssize_t bytes = tls_->fill();
  if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return arm_read();
  if (bytes <= 0) return close();
  WorkerPool::Task task = [self = shared_from_this()] {
    const auto outcome = self->tls_->handshake();
    asio::post(self->server_->loop, [self, outcome] { self->on_handshake(outcome); });
  };
  if (!server_->workers.submit(std::move(task))) close();
}

void Connection::on_handshake(TlsStream::Handshake outcome) {
  if (state_ != State::kHandshake) return;  // the deadline or the server's stop closed it
  while (stream_->has_unsent()) {
    if (stream_->send({}) >= 0) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return close();
    return socket_.async_wait(Socket::wait_write, [self = shared_from_this(), outcome](error_code) {
      self->on_handshake(outcome);
    });
  }
  if (outcome == TlsStream::Handshake::kMore) return arm_read();
  end_handshake(outcome);
}

void Connection::end_handshake(TlsStream::Handshake outcome) {
  state_ = State::kHead;
  if (outcome == TlsStream::Handshake::kPlainHttp) {
    tls_ = nullptr;
    stream_ = std::make_unique<PlainStream>(socket_.native_handle());
    return refuse({.code = ErrorCode::kBadRequest,
                   .detail = "this port speaks TLS: the address begins with https://"});
  }
  if (outcome == TlsStream::Handshake::kFailed) {
    server_->requests_malformed.fetch_add(1, std::memory_order_relaxed);
    return begin_farewell();  // until the client has the alert
  }
  if (refusal_) return refuse(*refusal_);
  begin_head();
  on_readable();  // the request may have come with the client's last word
}

void Connection::begin_head() {
  state_ = State::kHead;
  reader_ = HeadReader(&server_->limits, &server_->options.streams_body);
  unused_since_ = Clock::now();
  deadline_ = unused_since_ + server_->timeouts.idle;
}

// Reading: always armed but while enough is pipelined, so that a hang-up is an event.

void Connection::arm_read() {
  if (is_read_armed_ || is_input_ended_) return;
  if (state_ == State::kRunning && is_body_broken_) return;
  if (state_ == State::kBody && is_write_pending_) return;  // bounds input_; see send_continue()
  const bool is_body_waiting = body_pipe_ && !body_pipe_->has_ended();
  is_input_full_ =
      state_ == State::kRunning &&
      (is_body_waiting ? body_pipe_->is_full()
                       : input_.size() >= static_cast<size_t>(server_->limits.head_bytes));
  if (is_input_full_) return server_->on_fast_ticks_wanted();
  is_read_armed_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
    self->is_read_armed_ = false;
    if (self->state_ != State::kClosed && !error) self->on_readable();
  });
}

void Connection::on_readable() {
  if (state_ == State::kHandshake) return fill_handshake();
  auto& buffer = server_->read_buffer;
  const ssize_t bytes = stream_->receive(buffer);
  if (bytes > 0) return on_input({buffer.data(), static_cast<size_t>(bytes)});
  if (bytes == 0) return on_input_end();
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return arm_read();
  on_input_error();
}

void Connection::on_input(std::string_view bytes) {
  if (state_ == State::kDraining) return;
  if (state_ == State::kFarewell) {
    discarded_bytes_ += static_cast<int64_t>(bytes.size());
    return discarded_bytes_ > kFarewellBytesMax ? close() : arm_read();
  }
  input_ += bytes;
  advance();
}

void Connection::on_input_end() {
  is_input_ended_ = true;
  switch (state_) {
    case State::kHead:
      if (input_.empty()) return close();
      return refuse({.code = ErrorCode::kBadRequest, .detail = "the input ended within the head"});
    case State::kBody:
      return refuse({.code = ErrorCode::kBadRequest, .detail = "the input ended within the body"});
    case State::kRunning:
      if (body_pipe_)
        body_pipe_->fail(
            {.code = ErrorCode::kBadRequest, .detail = "the input ended within the body"});
      return stop_.request_stop(StopReason::kClientLeft);
    case State::kFarewell:
      if (!is_write_pending_) close();
      return;
    case State::kHandshake:  // reads for itself
    case State::kDraining:
    case State::kClosed:
      return;
  }
}

void Connection::on_input_error() {
  is_input_ended_ = true;
  if (state_ != State::kRunning) return close();
  stop_.request_stop(StopReason::kClientLeft);
  if (body_pipe_) body_pipe_->fail(stop_.token().error());
}

// Requests.

void Connection::advance() {
  if (state_ == State::kHead) take_head();
  if (state_ == State::kBody) take_body();
  if (state_ == State::kRunning && body_pipe_) feed_body_stream();
  if (state_ != State::kDraining && state_ != State::kClosed) arm_read();
}

void Connection::take_head() {
  if (input_.empty()) return;
  if (reader_.size() == 0) {
    unused_since_ = Clock::now();
    deadline_ = unused_since_ + server_->timeouts.head;
  }
  const auto done = reader_.read(input_);
  if (!done) return refuse(done.error());
  if (*done) begin_body();
}

void Connection::begin_body() {
  input_.erase(0, reader_.size());
  const Head& head = reader_.head();
  request_ = std::move(reader_.head().request);
  request_.is_same_machine = peer_ != PeerKind::kOtherMachine;
  request_.is_unix_socket = peer_ == PeerKind::kUnixSocket;
  request_.is_secure = tls_ != nullptr;
  state_ = State::kBody;
  body_start_ = Clock::now();
  deadline_ = body_start_ + server_->timeouts.head;
  chunked_.reset();
  body_pipe_.reset();
  is_body_broken_ = false;
  if (head.is_chunked) chunked_.emplace(server_->limits, head.is_body_stream);
  if (head.is_body_stream) return begin_body_stream();
  // A client that has begun to send does not wait for the word to do so.
  if (head.expects_continue && input_.empty() && (head.is_chunked || head.content_length > 0))
    send_continue();
}

// A body that is a stream: the handler runs while it comes.

void Connection::begin_body_stream() {
  body_bytes_left_ = reader_.head().content_length;
  body_pipe_ = std::make_shared<BodyPipe>(
      BodyPipe::Options{.stall_timeout = server_->timeouts.head,
                        .on_wanted = [weak = weak_from_this(), &loop = server_->loop] {
                          asio::post(loop, [weak] {
                            if (const auto self = weak.lock()) self->on_body_wanted();
                          });
                        }});
  request_.body_stream = body_pipe_;
  feed_body_stream();
  dispatch();
}

void Connection::on_body_wanted() {
  if (state_ != State::kRunning || !body_pipe_ || body_pipe_->has_ended()) return;
  // Said only while the handler can but wait: what it answers is written by its own thread.
  if (std::exchange(reader_.head().expects_continue, false) && body_pipe_->is_open())
    send_continue();
  advance();
}

/// Moves what has come of the body from `input_` to the pipe.
void Connection::feed_body_stream() {
  if (is_body_broken_ || body_pipe_->has_ended()) return;
  // A client that has begun to send waits for no word, and the handler may answer any moment.
  if (!input_.empty()) reader_.head().expects_continue = false;
  std::string bytes;
  if (chunked_) {
    const auto taken = chunked_->read(input_, bytes);
    if (!taken) {
      is_body_broken_ = true;
      input_.clear();
      return body_pipe_->fail(taken.error());
    }
    input_.erase(0, *taken);
  } else {
    const auto count = std::min(static_cast<size_t>(body_bytes_left_), input_.size());
    bytes.assign(input_, 0, count);
    input_.erase(0, count);
    body_bytes_left_ -= static_cast<int64_t>(count);
  }
  if (!bytes.empty()) body_pipe_->put(std::move(bytes));
  if (chunked_ ? chunked_->done() : body_bytes_left_ == 0) body_pipe_->end();
}

void Connection::send_continue() {
  output_ = "HTTP/1.1 100 Continue\r\n\r\n";
  output_start_ = 0;
  write_output(&Connection::on_continue_sent);
}

void Connection::on_continue_sent(bool is_sent) {
  if (state_ == State::kBody) is_sent ? advance() : close();
}

/// Sends output_, however long the client takes; then `done`, from the loop, unless it was closed.
void Connection::write_output(OutputDone done) {
  is_write_pending_ = true;
  bool is_sent = true;
  while (output_start_ < output_.size() || stream_->has_unsent()) {
    const iovec piece{.iov_base = output_.data() + output_start_,
                      .iov_len = output_.size() - output_start_};
    const ssize_t bytes = stream_->send({&piece, 1});
    if (bytes >= 0) {
      output_start_ += static_cast<size_t>(bytes);
      server_->bytes_sent += bytes;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      return socket_.async_wait(Socket::wait_write, [self = shared_from_this(), done](error_code) {
        if (self->state_ != State::kClosed) self->write_output(done);
      });
    is_sent = false;
    break;
  }
  asio::post(server_->loop, [self = shared_from_this(), done, is_sent] {
    self->is_write_pending_ = false;
    if (self->state_ != State::kClosed) (self.get()->*done)(is_sent);
  });
}

void Connection::take_body() {
  if (is_write_pending_) return;  // the answer may not overtake the 100 Continue
  bool done = false;
  const size_t bytes_before = request_.body.size();
  if (chunked_) {
    const auto taken = chunked_->read(input_, request_.body);
    if (!taken) return refuse(taken.error());
    input_.erase(0, *taken);
    done = chunked_->done();
  } else {
    const auto length = static_cast<size_t>(reader_.head().content_length);
    const size_t bytes = std::min(length - bytes_before, input_.size());
    request_.body.append(input_, 0, bytes);
    input_.erase(0, bytes);
    done = request_.body.size() == length;
  }
  if (done) return dispatch();
  if (request_.body.size() == bytes_before) return;
  const auto earned =
      std::chrono::seconds(static_cast<int64_t>(request_.body.size()) / kBodyBytesPerSecondMin);
  deadline_ = std::min(Clock::now(), body_start_ + earned) + server_->timeouts.head;
}

void Connection::dispatch() {
  state_ = State::kRunning;
  deadline_ = Clock::time_point::max();
  server_->requests_total.fetch_add(1, std::memory_order_relaxed);
  stop_ = StopSource();
  const Head& head = reader_.head();
  AnswerTarget target{.stream = stream_.get(),
                      .shutdown_descriptor = server_->shutdown.descriptor(),
                      .is_head_method = request_.method == "HEAD",
                      .is_chunkable = head.version_minor > 0,
                      .keep_alive = head.keep_alive,
                      .body = body_pipe_.get(),
                      .stopping = &server_->stopping,
                      .stall_timeout = server_->timeouts.stalled_reader,
                      .bytes_sent = &server_->bytes_sent,
                      .held = &server_->held,
                      .stop = stop_.token()};
  WorkerPool::Task task = [self = shared_from_this(), target = std::move(target)]() mutable {
    run(std::move(self), std::move(target));
  };
  if (!server_->workers.submit(std::move(task)))
    refuse({.code = ErrorCode::kOverloaded, .detail = "the server has no thread left"});
}

void Connection::run(std::shared_ptr<Connection> self, AnswerTarget target) {
  ServerState& server = *self->server_;
  const StopToken stop = target.stop;
  AnswerWriter writer(std::move(target));
  run_handler(server.options, self->request_, writer, stop);
  asio::post(server.loop,
             [self = std::move(self), after = writer.after()] { self->on_answered(after); });
}

void Connection::on_answered(AfterAnswer after) {
  request_ = Request();
  if (after == AfterAnswer::kResetNow) return reset();
  if (after == AfterAnswer::kReset) return begin_draining();
  if (is_input_ended_) return close();
  const bool is_body_unread = body_pipe_ && !body_pipe_->has_ended();
  if (after == AfterAnswer::kClose || is_body_unread || server_->stopping) return begin_farewell();
  begin_head();
  advance();  // the next request may have been pipelined
}

// The ends of a connection.

void Connection::refuse(const Error& error) {
  if (state_ == State::kHandshake) {
    refusal_ = error;
    return arm_read();
  }
  const bool is_overload = error.code == ErrorCode::kOverloaded;
  if (!is_overload) server_->requests_malformed.fetch_add(1, std::memory_order_relaxed);
  state_ = State::kFarewell;
  deadline_ = Clock::now() + kFarewellTimeout;
  input_.clear();
  if (is_write_pending_) return begin_farewell();  // the 100 Continue is stuck: nothing can be said
  const bool is_head_method = reader_.is_head_method() || request_.method == "HEAD";
  output_ = error_answer(error, server_->options.error_writer, is_head_method);
  output_start_ = 0;
  write_output(&Connection::on_refusal_sent);
  arm_read();
}

void Connection::on_refusal_sent(bool is_sent) {
  if (!is_sent || is_input_ended_) return close();
  begin_farewell();
}

void Connection::begin_farewell() {
  state_ = State::kFarewell;
  deadline_ = Clock::now() + kFarewellTimeout;
  input_.clear();
  stream_->end_output();
  error_code ignored;  // a socket that cannot be shut down is gone: the read says so
  socket_.shutdown(Socket::shutdown_send, ignored);
  arm_read();
}

void Connection::begin_draining() {
  state_ = State::kDraining;
  const auto timeout = server_->stopping ? kStopDrainTimeout : kDrainTimeout;
  deadline_ = Clock::now() + timeout;
  check_drained(Clock::now());
  if (state_ == State::kDraining) server_->on_fast_ticks_wanted();
}

/// A reset throws away what the socket still holds, so it waits until the client has it all. No
/// event tells that the send queue is empty: ticks ask.
void Connection::check_drained(Clock::time_point now) {
  int unacknowledged_bytes = 0;
  if (ioctl(socket_.native_handle(), SIOCOUTQ, &unacknowledged_bytes) != 0) return reset();
  if (unacknowledged_bytes == 0 || now >= deadline_) reset();
}

/// End of input behind pipelined bytes that are left unread: recv() cannot see it, poll() can.
void Connection::check_left() {
  pollfd wait{.fd = socket_.native_handle(), .events = POLLRDHUP, .revents = 0};
  if (poll(&wait, 1, 0) <= 0) return;
  is_input_full_ = false;
  on_input_error();
}

bool Connection::wants_fast_ticks() const {
  return state_ == State::kDraining || (state_ == State::kRunning && is_input_full_);
}

void Connection::tick(Clock::time_point now) {
  if (state_ == State::kDraining) return check_drained(now);
  if (state_ == State::kRunning && is_input_full_) return check_left();
  if (now >= deadline_) on_deadline();
}

std::string Connection::head_seconds() const {
  return std::to_string(server_->limits.head_seconds);
}

void Connection::on_deadline() {
  switch (state_) {
    case State::kHead:
      if (input_.empty()) return close();
      return refuse(
          {.code = ErrorCode::kHeadTooSlow,
           .detail = "no whole head came within " + head_seconds() + " s (head_seconds)"});
    case State::kBody:
      return refuse({.code = ErrorCode::kHeadTooSlow,
                     .detail = "the body stalled for " + head_seconds() +
                               " s (head_seconds), or came too slowly"});
    default:
      return close();
  }
}

std::optional<Connection::Clock::time_point> Connection::unused_since() const {
  if (state_ == State::kHandshake || state_ == State::kHead || state_ == State::kBody)
    return unused_since_;
  return std::nullopt;
}

void Connection::stop_serving() {
  if (unused_since()) close();
}

void Connection::stop_running() {
  if (state_ == State::kRunning) {
    stop_.request_stop(StopReason::kShutdown);
    if (body_pipe_) body_pipe_->fail(stop_.token().error());
    return;
  }
  deadline_ = std::min(deadline_, Clock::now() + kStopDrainTimeout);
}

void Connection::reset() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  is_reset_ = true;
  close();
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  // A worker may have the handshake, and nothing was said yet; after a part nothing may be said.
  if (state_ != State::kHandshake && !is_reset_) stream_->end_output();
  state_ = State::kClosed;
  error_code ignored;
  socket_.close(ignored);
  server_->on_closed(*this);
}

}  // namespace bowshot::http
