#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.hpp"
#include "base/guarded.hpp"

namespace bowshot {

/// What became of a request: `GET /v1/requests/{id}`.
struct RequestStatus {
  enum class State { kRunning, kDone, kFailed };  // in the order in which they may follow
  State state = State::kRunning;
  std::optional<Error> problem;
};

/// The requests at work and those that ended within ten minutes, by id. At most 65,536 ended ones
/// are kept: the oldest go first. Safe from any thread.
class RequestTable {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  static constexpr auto kKept = std::chrono::minutes(10);
  static constexpr size_t kEndedMax = 65'536;

  explicit RequestTable(Clock clock = std::chrono::steady_clock::now);

  /// A new id of 16 hexadecimal digits, not to be guessed; its request runs.
  std::string begin();
  /// The first end stands; but for one that was finished before its last bytes had left, which may
  /// still fail.
  void finish(const std::string& id);
  void fail(const std::string& id, Error problem);
  std::optional<RequestStatus> find(std::string_view id) const;

 private:
  struct Entry {
    RequestStatus status;
    std::chrono::steady_clock::time_point ended;
  };
  struct State {
    std::unordered_map<std::string, Entry> entries;
    std::list<std::string> ended;  // the oldest first
  };
  void end(const std::string& id, RequestStatus status);
  void forget_old(State& state) const;

  Clock clock_;
  mutable Guarded<State> state_;
};

}  // namespace bowshot
