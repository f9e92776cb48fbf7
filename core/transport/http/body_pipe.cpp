#include "transport/http/body_pipe.hpp"

#include <algorithm>
#include <utility>

namespace bowshot::http {

namespace {

/// A body that trickles in more slowly than this is not waited for.
constexpr int64_t kBytesPerSecondMin = 1'024;

}  // namespace

BodyPipe::BodyPipe(Options options) : options_(std::move(options)) {}

void BodyPipe::put(std::string bytes) {
  state_.with([&](State& state) {
    if (state.bytes.empty())
      state.bytes = std::move(bytes);
    else
      state.bytes += bytes;
  });
  state_.notify();
}

bool BodyPipe::is_full() const {
  return state_.with([](const State& state) { return state.bytes.size() >= kBytesMax; });
}

void BodyPipe::end() {
  state_.with([](State& state) { state.has_ended = true; });
  state_.notify();
}

void BodyPipe::fail(Error error) {
  state_.with([&](State& state) {
    if (!state.error) state.error = std::move(error);
  });
  state_.notify();
}

bool BodyPipe::has_ended() const {
  return state_.with([](const State& state) { return state.has_ended; });
}

bool BodyPipe::is_open() const {
  return state_.with([](const State& state) { return !state.has_ended && !state.error; });
}

std::chrono::steady_clock::time_point BodyPipe::deadline() const {
  const auto earned = std::chrono::seconds(bytes_taken_ / kBytesPerSecondMin);
  return std::min(std::chrono::steady_clock::now(), start_ + earned) + options_.stall_timeout;
}

Result<std::string> BodyPipe::next() {
  if (options_.on_wanted) options_.on_wanted();
  const auto is_ready = [](const State& state) {
    return !state.bytes.empty() || state.has_ended || state.error;
  };
  auto taken = state_.wait_until(deadline(), is_ready, [](State& state) -> Result<std::string> {
    if (!state.bytes.empty()) return std::exchange(state.bytes, {});
    if (state.has_ended) return std::string();
    if (state.error) return std::unexpected(*state.error);
    return bowshot::fail(ErrorCode::kHeadTooSlow,
                         "the body stalled for head_seconds, or came too slowly");
  });
  if (taken) bytes_taken_ += static_cast<int64_t>(taken->size());
  return taken;
}

}  // namespace bowshot::http
