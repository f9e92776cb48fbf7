#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/guarded.hpp"
#include "transport/http/message.hpp"

namespace bowshot::http {

/// A request's body on its way from the event loop, which puts bytes in, to the handler's thread,
/// which takes them out. Holds about kBytesMax: beyond it the loop stops to read from the client.
/// put(), end() and fail() are the loop's, next() the handler's.
class BodyPipe final : public BodyStream {
 public:
  static constexpr size_t kBytesMax = 1 << 20;

  struct Options {
    /// Without a byte for so long, or where it comes more slowly than 1 KiB/s: `head_too_slow`.
    std::chrono::milliseconds stall_timeout;
    std::function<void()> on_wanted;  // called by next() when it empties the pipe or finds it so
  };
  explicit BodyPipe(Options options);

  void put(std::string bytes);
  bool is_full() const;
  void end();
  /// What next() says from now on, unless the body has ended.
  void fail(Error error);
  /// Whether all of the body has come.
  bool has_ended() const;
  /// Whether more may come: it has neither ended nor failed.
  bool is_open() const;

  Result<std::string> next() override;

 private:
  struct State {
    std::string bytes;
    bool has_ended = false;
    std::optional<Error> error;
  };
  std::chrono::steady_clock::time_point deadline() const;

  const Options options_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  int64_t bytes_taken_ = 0;  // the handler's
  Guarded<State> state_;
};

}  // namespace bowshot::http
