#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/stop.hpp"
#include "view/view.hpp"
#include "view/view_builder.hpp"

namespace bowshot {

/// What is kept, or on its way, of one dataset version.
struct ViewStatus {
  enum class State { kBuilding, kReady, kFailed };
  ViewKind kind = ViewKind::kMatchCounts;
  State state = State::kBuilding;
  std::string order;  // `-delay,origin`; empty for match counts
  bool is_filtered = false;
  int64_t rows = 0;     // so far
  int64_t bytes = 0;    // of a build: what it may hold
  double progress = 0;  // 0..1
};

struct ViewCounts {
  int64_t hits = 0;
  int64_t misses = 0;  // asked for while there was none
  int64_t builds = 0;  // begun
  int64_t builds_failed = 0;
  int64_t builds_cancelled = 0;
  int64_t evictions = 0;          // dropped for want of room
  int64_t builds_running = 0;     // now
  int64_t builds_unattended = 0;  // of them, those that no answer waits for
  int64_t views = 0;              // kept now
  int64_t bytes = 0;
  int64_t bytes_building = 0;  // held by builds, besides
};

/// Views by key, built once for everyone who asks, in the background, on a few threads of its own,
/// and kept within a number of bytes, what builds hold included: the least lately used goes first,
/// and a view goes with its version. A build ends when the last one who waits for it leaves; one
/// that was wanted in the background goes on for a while after the last asker. Safe from any
/// thread. start() makes the threads, stop() ends the builds and joins; both are idempotent. No
/// lock is held while a view is built.
///   auto view = store.find(request.key);
///   if (!view) BOWSHOT_ASSIGN(view, store.get(request, stop));
class ViewStore {
 public:
  using Shared = std::shared_ptr<const View>;  // shared: who uses a view outlives its entry
  using Clock = std::chrono::steady_clock;
  struct Options {
    int64_t bytes_max = 0;
    /// How long a build goes on that nobody waits for.
    std::chrono::milliseconds grace = std::chrono::seconds(30);
    /// Around an asker's wait for a build that another waits for already, on its thread: what it
    /// holds can be lent out. The second may block, and fail. Empty: nothing to do.
    std::function<void()> before_wait = {};
    std::function<Result<void>(const StopToken&)> after_wait = {};
  };

  /// `builder` outlives this.
  ViewStore(const Options& options, ViewBuilder* builder) : options_(options), builder_(builder) {}
  ~ViewStore() { stop(); }
  ViewStore(const ViewStore&) = delete;
  ViewStore& operator=(const ViewStore&) = delete;
  void start();
  void stop();

  int64_t bytes_max() const { return options_.bytes_max; }

  /// The view, or null.
  Shared find(const std::string& key);
  /// As find(), but neither a hit nor a use.
  Shared peek(const std::string& key) const;
  /// The view: at once, or when it is built. Errors: of the build, which stand for the grace
  /// period; `overloaded` where too many wait to be built; the token's, when the asker leaves.
  Result<Shared> get(const ViewRequest& request, const StopToken& stop);
  /// Has the view built, if it is not, without waiting: of a dataset of many rows when it is
  /// wanted a second time, for one answer is no screen that is scrolled.
  void want(const ViewRequest& request);

  std::vector<ViewStatus> list(std::string_view dataset, std::string_view version) const;
  ViewCounts counts() const;

 private:
  struct Build;
  /// One of `build` and `view` is there, or else it failed.
  struct Entry {
    std::weak_ptr<const Dataset> dataset;  // gone: so is the view
    ViewStatus status;
    std::shared_ptr<Build> build;  // shared with its thread and with those who wait
    Shared view;
    std::optional<Error> failure;
    Clock::time_point failed_until;
    int64_t last_use = 0;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  Shared find_locked(const std::string& key);
  /// The entry's build, begun if there is none; an error: there cannot be one now.
  Result<std::shared_ptr<Build>> begin_locked(const ViewRequest& request);
  /// Its asker is counted in `waiting` already.
  Result<Shared> wait_for(Build& build, const StopToken& stop);
  void forget_gone_locked();
  void make_room_locked();
  /// Takes the build out of the table, so that who asks from now on begins another.
  void give_up_locked(Build& build);
  std::shared_ptr<Build> next_build_locked();
  void leave(Build& build, StopReason reason, std::unique_lock<std::mutex>& lock);
  void finish_locked(const std::shared_ptr<Build>& build, Result<View> result);
  Result<View> build_view(Build& build);
  /// BuildContext::take_room() of a build.
  Result<void> take_room(Build& build, int64_t bytes);
  void run_builds();
  void watch_graces();
  bool is_unwanted_locked(const Build& build) const;

  const Options options_;
  ViewBuilder* const builder_;
  mutable std::mutex mutex_;  // guards all below but the threads
  mutable std::condition_variable_any changed_;
  Entries entries_;
  std::deque<std::shared_ptr<Build>> queue_;
  std::deque<std::string> wanted_once_;  // keys; the latest last
  std::vector<std::shared_ptr<Build>> running_;
  ViewCounts counts_;
  int64_t uses_ = 0;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bowshot
