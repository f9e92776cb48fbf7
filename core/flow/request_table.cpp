#include "flow/request_table.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include "base/check.hpp"

namespace bowshot {

RequestTable::RequestTable(Clock clock) : clock_(std::move(clock)) {}

std::string RequestTable::begin() {
  uint64_t random = 0;
  BOWSHOT_CHECK(getrandom(&random, sizeof random, 0) == sizeof random);
  std::string id = fmt::format("{:016x}", random);
  state_.with([&](State& state) {
    forget_old(state);
    state.entries[id] = {};
  });
  return id;
}

void RequestTable::finish(const std::string& id) {
  end(id, {.state = RequestStatus::State::kDone, .problem = std::nullopt});
}

void RequestTable::fail(const std::string& id, Error problem) {
  end(id, {.state = RequestStatus::State::kFailed, .problem = std::move(problem)});
}

std::optional<RequestStatus> RequestTable::find(std::string_view id) const {
  return state_.with([&](State& state) -> std::optional<RequestStatus> {
    forget_old(state);
    const auto found = state.entries.find(std::string(id));
    if (found == state.entries.end()) return std::nullopt;
    return found->second.status;
  });
}

void RequestTable::end(const std::string& id, RequestStatus status) {
  state_.with([&](State& state) {
    const auto found = state.entries.find(id);
    if (found == state.entries.end() || found->second.status.state >= status.state) return;
    const bool was_running = found->second.status.state == RequestStatus::State::kRunning;
    found->second.status = std::move(status);
    if (!was_running) return;
    found->second.ended = clock_();
    state.ended.push_back(id);
    forget_old(state);
  });
}

void RequestTable::forget_old(State& state) const {
  const auto oldest_kept = clock_() - kKept;
  while (!state.ended.empty() && (state.ended.size() > kEndedMax ||
                                  state.entries.at(state.ended.front()).ended < oldest_kept)) {
    state.entries.erase(state.ended.front());
    state.ended.pop_front();
  }
}

}  // namespace bowshot
