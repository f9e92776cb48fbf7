#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/stop.hpp"
#include "transport/http/answer_writer.hpp"
#include "transport/http/body_pipe.hpp"
#include "transport/http/chunked.hpp"
#include "transport/http/head.hpp"
#include "transport/http/listener.hpp"
#include "transport/http/server_state.hpp"
#include "transport/http/tls_stream.hpp"

namespace bowshot::http {

/// One client's connection: head, body, answer, and again. Lives on the event loop's thread; while
/// an answer runs, a worker reads `request_` and writes to the socket, and the loop only reads from
/// it: what comes is the next request, or the news that the client has left.
///   kHandshake (with TLS) -> kHead; the loop carries the bytes, a worker computes
///   kHead -> kBody -> kRunning -> kHead ...
///   any   -> kFarewell: our last bytes are sent; reads on until the client has them, so that
///            closing does not reset what is under way -> kClosed
///   kRunning -> kDraining: the answer is a part; resets once the client has it -> kClosed
/// Shared: by the server's table and by the loop's pending operations.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  /// `server` outlives the connection. A null `tls`: without TLS.
  Connection(ServerState* server, Socket socket, PeerKind peer, TlsContext::Ssl tls);

  void start();
  /// Answers with an error of the connection itself, then closes; after the handshake, if there is
  /// one to come.
  void refuse(const Error& error);
  /// Since when it waits for its client to ask something; none while a request is at work.
  std::optional<Clock::time_point> unused_since() const;
  /// Its client is gone and has been told so: closes within this turn of the loop or the next.
  bool is_leaving() const { return state_ == State::kFarewell && is_input_ended_; }
  /// Closes at once, without a word, for another connection needs the place.
  void evict() { close(); }
  /// The server stops: closes at once unless an answer or its farewell is under way.
  void stop_serving();
  /// The grace is over: stops the answer, whose handler then returns.
  void stop_running();
  /// Deadlines, and what no event tells. Called every 100 ms, every 10 ms if wants_fast_ticks().
  void tick(Clock::time_point now);
  bool wants_fast_ticks() const;

 private:
  enum class State { kHandshake, kHead, kBody, kRunning, kFarewell, kDraining, kClosed };

  void arm_read();
  void on_readable();
  void fill_handshake();
  void on_handshake(TlsStream::Handshake outcome);
  void end_handshake(TlsStream::Handshake outcome);
  void on_input(std::string_view bytes);
  void on_input_end();
  void on_input_error();
  void advance();
  void take_head();
  void begin_body();
  void take_body();
  void send_continue();
  void on_continue_sent(bool is_sent);
  void on_refusal_sent(bool is_sent);
  using OutputDone = void (Connection::*)(bool is_sent);
  void write_output(OutputDone done);
  void dispatch();
  void begin_body_stream();
  void feed_body_stream();
  void on_body_wanted();
  static void run(std::shared_ptr<Connection> self, AnswerTarget target);  // on a worker
  void on_answered(AfterAnswer after);
  void begin_head();
  void begin_farewell();
  void begin_draining();
  void check_drained(Clock::time_point now);
  void check_left();
  void on_deadline();
  std::string head_seconds() const;  // the limit, for messages
  void reset();
  void close();

  ServerState* server_;  // outlives every connection
  Socket socket_;
  const PeerKind peer_;
  TlsStream* tls_ = nullptr;        // stream_, where it is one
  std::unique_ptr<Stream> stream_;  // of socket_
  State state_ = State::kHead;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point unused_since_ = Clock::now();  // kHandshake, kHead, kBody

  std::string input_;  // read, not yet taken; bounded by pipelined_bytes_max()
  bool is_read_armed_ = false;
  bool is_input_full_ = false;  // kRunning: enough is pipelined, reading rests
  bool is_input_ended_ = false;
  bool is_reset_ = false;
  bool is_write_pending_ = false;  // of output_
  std::string output_;             // what the loop itself writes: 100 Continue, an error
  size_t output_start_ = 0;        // what of it has left
  std::optional<Error> refusal_;   // to be told once the handshake is done
  int64_t discarded_bytes_ = 0;    // kFarewell

  HeadReader reader_;
  std::optional<ChunkedReader> chunked_;
  std::shared_ptr<BodyPipe> body_pipe_;  // shared with request_; null: the body is in it
  int64_t body_bytes_left_ = 0;          // of a stream that is not chunked
  bool is_body_broken_ = false;          // nothing that comes after it can be understood
  Clock::time_point body_start_;
  Request request_;  // the worker's while kRunning
  StopSource stop_;
};

}  // namespace bowshot::http
