#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/stop.hpp"
#include "transport/http/server.hpp"

namespace bowshot::abi {

/// An answer between the thread that makes it and the one that takes it: its head, then bytes, of
/// which a bounded number wait to be taken. Either side waits for the other, until `stop` stops;
/// who makes it, no longer than `stalled_reader` without anything being taken.
class QueuedAnswer final : public http::ResponseWriter {
 public:
  /// `has_body` is false for HEAD: bodies are dropped then.
  QueuedAnswer(bool has_body, std::chrono::seconds stalled_reader, StopToken stop)
      : has_body_(has_body), stalled_reader_(stalled_reader), stop_(std::move(stop)) {}

  // Who makes it.
  Result<void> send(int status, const http::Headers& headers, std::string_view body) override;
  Result<void> start(int status, const http::Headers& headers,
                     std::optional<int64_t> content_length) override;
  using http::ResponseWriter::write;
  Result<void> write(http::Pieces pieces, const std::function<void()>& when_slow) override;
  Result<void> write_file(const http::FilePart& part) override;
  Result<void> finish() override;
  void abort(http::Pieces last) override;
  int status() const override;
  bool started() const override;
  int64_t bytes_written() const override;
  /// It has returned: an answer that was neither ended nor aborted is broken off.
  void leave();

  // Who takes it.
  struct Head {
    int status = 0;  // 0: there is no answer
    http::Headers headers;
  };
  /// Waits for the head; without an answer once it is stopped.
  const Head& head();
  /// Waits for the next bytes; empty at the end; nothing, where the body broke off or is stopped.
  std::optional<std::string> next();

 private:
  enum class State { kMaking, kEnded, kBroken };

  /// The head is final now: it can be taken. Under the lock.
  void publish_head();
  /// False, where the stop came first.
  template <class Predicate>
  bool wait_for(std::unique_lock<std::mutex>& lock, Predicate predicate);

  const bool has_body_;
  const std::chrono::seconds stalled_reader_;
  const StopToken stop_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  Head head_;
  bool is_head_there_ = false;
  State state_ = State::kMaking;
  std::deque<std::string> waiting_;
  size_t waiting_bytes_ = 0;
  int64_t bytes_written_ = 0;
};

}  // namespace bowshot::abi
