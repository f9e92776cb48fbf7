#include "view/view_store.hpp"

#include <arrow/type.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace bowshot {
namespace {

/// An order takes every core for seconds, counts take little: one thread is left for them.
constexpr int kThreads = 3;
constexpr int kLongBuildsAtOnceMax = kThreads - 1;
constexpr size_t kQueueMax = 64;
/// Of what was asked for; failures and small views are few bytes, but not none.
constexpr size_t kEntriesMax = 1'024;
/// Up to so many rows a build takes about a second.
constexpr int64_t kEagerRowsMax = 10'000'000;
constexpr size_t kWantedOnceMax = 64;
constexpr std::chrono::seconds kWait{1};
constexpr std::chrono::seconds kIdleWait{60};
/// Longer than an engine takes to stop.
constexpr std::chrono::seconds kStopMax{5};

std::string spell_order(const Plan& plan) {
  std::string text;
  for (const OrderItem& item : plan.order) {
    const auto* column = std::get_if<ColumnReference>(&item.expression->node);
    if (!text.empty()) text += ',';
    if (item.descending) text += '-';
    if (!column || column->kind == ColumnReference::Kind::kRowNumber)
      text += "_row";
    else if (column->kind == ColumnReference::Kind::kDataset)
      text += plan.dataset->schema()->field(column->index)->name();
    else
      text += plan.computed[static_cast<size_t>(column->index)].name;
  }
  return text;
}

}  // namespace

/// A view on its way. The token is safe from any thread, the rest is under the store's lock.
struct ViewStore::Build {
  ViewRequest request;
  StopSource stop;
  std::atomic<int64_t> rows_done = 0;
  BuildSteps steps;
  int64_t bytes_reserved = 0;
  int waiting = 0;
  Clock::time_point wanted_until;  // goes on until then though nobody waits
  bool is_done = false;
  bool is_given_up = false;
  Shared view;  // null: it could not be built
  std::optional<Error> failure;
};

void ViewStore::start() {
  const std::lock_guard lock(mutex_);
  if (!threads_.empty() || is_stopping_) return;
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run_builds(); });
  threads_.emplace_back([this] { watch_graces(); });
}

void ViewStore::stop() {
  std::vector<std::shared_ptr<Build>> builds;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    builds = running_;
    builds.insert(builds.end(), queue_.begin(), queue_.end());
    threads = std::exchange(threads_, {});
  }
  for (const auto& build : builds) build->stop.request_stop(StopReason::kShutdown);
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

ViewStore::Shared ViewStore::find_locked(const std::string& key) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end() || !entry->second.view) return nullptr;
  entry->second.last_use = ++uses_;
  return entry->second.view;
}

ViewStore::Shared ViewStore::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  Shared view = find_locked(key);
  if (view) ++counts_.hits;
  return view;
}

ViewStore::Shared ViewStore::peek(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(key);
  return entry == entries_.end() ? nullptr : entry->second.view;
}

Result<ViewStore::Shared> ViewStore::get(const ViewRequest& request, const StopToken& stop) {
  std::unique_lock lock(mutex_);
  if (Shared view = find_locked(request.key)) {
    ++counts_.hits;
    return view;
  }
  ++counts_.misses;
  BOWSHOT_ASSIGN(const std::shared_ptr<Build> build, begin_locked(request));
  const bool is_built_for_another = build->waiting++ > 0;
  lock.unlock();
  if (!is_built_for_another) return wait_for(*build, stop);
  if (options_.before_wait) options_.before_wait();
  Result<Shared> view = wait_for(*build, stop);
  if (options_.after_wait) BOWSHOT_TRY(options_.after_wait(stop));
  return view;
}

Result<ViewStore::Shared> ViewStore::wait_for(Build& build, const StopToken& stop) {
  std::unique_lock lock(mutex_);
  while (!build.is_done && !stop.stop_requested())
    changed_.wait_for(lock, stop.std_token(), kWait, [&] { return build.is_done; });
  if (!build.is_done) leave(build, stop.reason(), lock);
  --build.waiting;
  if (build.view) return build.view;
  return fail(build.is_done && !stop.stop_requested() ? *build.failure : stop.error());
}

/// The asker's token stopped. Who leaves a build alone ends it, and sees to its being idle.
void ViewStore::leave(Build& build, StopReason reason, std::unique_lock<std::mutex>& lock) {
  // Of a screen that is scrolled the next window follows.
  const bool was_wanted = build.wanted_until != Clock::time_point{};
  if (was_wanted) build.wanted_until = Clock::now() + options_.grace;
  changed_.notify_all();
  if (build.waiting > 1 || build.wanted_until > Clock::now()) return;
  give_up_locked(build);
  lock.unlock();
  build.stop.request_stop(reason);
  lock.lock();
  changed_.wait_for(lock, kStopMax, [&] { return build.is_done; });
}

void ViewStore::want(const ViewRequest& request) {
  const std::lock_guard lock(mutex_);
  const bool is_costly = request.plan->dataset->rows() > kEagerRowsMax;
  if (is_costly && std::erase(wanted_once_, request.key) == 0) {
    wanted_once_.push_back(request.key);
    if (wanted_once_.size() > kWantedOnceMax) wanted_once_.pop_front();
    return;
  }
  if (find_locked(request.key)) return;
  // What cannot be begun now is begun when it is needed.
  if (const auto build = begin_locked(request))
    (*build)->wanted_until = Clock::now() + options_.grace;
}

Result<std::shared_ptr<ViewStore::Build>> ViewStore::begin_locked(const ViewRequest& request) {
  if (is_stopping_) return fail(ErrorCode::kNotReady, "the server is shutting down");
  forget_gone_locked();
  const auto found = entries_.find(request.key);
  if (found != entries_.end()) {
    if (found->second.build) return found->second.build;
    if (found->second.failure && Clock::now() < found->second.failed_until)
      return fail(*found->second.failure);
    entries_.erase(found);
  }
  if (queue_.size() >= kQueueMax)
    return fail(ErrorCode::kOverloaded,
                fmt::format("{} views wait to be built, which is the limit", kQueueMax));
  auto build = std::make_shared<Build>();
  build->request = request;
  Entry& entry = entries_[request.key];
  entry.dataset = request.plan->dataset;
  entry.build = build;
  entry.status = {.kind = request.kind,
                  .state = ViewStatus::State::kBuilding,
                  .order = spell_order(*request.plan),
                  .is_filtered = request.plan->filter != nullptr};
  queue_.push_back(build);
  changed_.notify_all();
  return build;
}

/// Views of versions that nobody holds any more, and failures that are forgiven.
void ViewStore::forget_gone_locked() {
  const Clock::time_point now = Clock::now();
  std::erase_if(entries_, [&](const auto& item) {
    const Entry& entry = item.second;
    if (entry.build) return false;
    const bool is_gone = entry.view ? entry.dataset.expired() : entry.failed_until <= now;
    if (is_gone && entry.view) counts_.bytes -= entry.status.bytes;
    return is_gone;
  });
}

void ViewStore::make_room_locked() {
  while (counts_.bytes + counts_.bytes_building > options_.bytes_max ||
         entries_.size() > kEntriesMax) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->second.build) continue;
      if (oldest == entries_.end() || entry->second.last_use < oldest->second.last_use)
        oldest = entry;
    }
    if (oldest == entries_.end()) return;
    if (oldest->second.view) {
      counts_.bytes -= oldest->second.status.bytes;
      ++counts_.evictions;
    }
    entries_.erase(oldest);
  }
}

bool ViewStore::is_unwanted_locked(const Build& build) const {
  return !build.is_done && !build.is_given_up && build.waiting == 0 &&
         build.wanted_until <= Clock::now();
}

void ViewStore::give_up_locked(Build& build) {
  if (std::exchange(build.is_given_up, true)) return;
  const auto entry = entries_.find(build.request.key);
  if (entry != entries_.end() && entry->second.build.get() == &build) entries_.erase(entry);
  const bool was_queued =
      std::erase_if(queue_, [&](const auto& queued) { return queued.get() == &build; }) > 0;
  if (was_queued) build.is_done = true;
  ++counts_.builds_cancelled;
}

std::shared_ptr<ViewStore::Build> ViewStore::next_build_locked() {
  const auto is_long = [](const std::shared_ptr<Build>& build) {
    return build->request.kind != ViewKind::kMatchCounts;
  };
  const bool takes_long = std::ranges::count_if(running_, is_long) < kLongBuildsAtOnceMax;
  const auto next = std::ranges::find_if(
      queue_, [&](const auto& build) { return takes_long || !is_long(build); });
  if (next == queue_.end()) return nullptr;
  auto build = *next;
  queue_.erase(next);
  running_.push_back(build);
  ++counts_.builds;
  return build;
}

/// The last catch of a build: what a server's request has in its route.
Result<View> ViewStore::build_view(Build& build) {
  try {
    return builder_->build(build.request,
                           {.bytes_max = options_.bytes_max,
                            .rows_done = &build.rows_done,
                            .steps = &build.steps,
                            .take_room = [&](int64_t bytes) { return take_room(build, bytes); },
                            .stop = build.stop.token()});
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "not enough memory for a view");
  } catch (const std::exception& exception) {
    spdlog::error("view cannot be built what={}", exception.what());
    return fail(ErrorCode::kInternal, "a view cannot be built; the server's log tells more");
  }
}

Result<void> ViewStore::take_room(Build& build, int64_t bytes) {
  if (bytes > options_.bytes_max)
    return fail(ErrorCode::kOutOfMemory, fmt::format("a view takes {} bytes while it is built; "
                                                     "view_bytes is {}",
                                                     bytes, options_.bytes_max));
  const StopToken stop = build.stop.token();
  std::unique_lock lock(mutex_);
  // Who waits holds nothing, for more is never asked for later: each build ends, and makes room.
  BOWSHOT_CHECK(build.bytes_reserved == 0 || bytes <= build.bytes_reserved);
  const auto has_room = [&] {
    return counts_.bytes_building - build.bytes_reserved + bytes <= options_.bytes_max;
  };
  while (!has_room() && !stop.stop_requested())
    changed_.wait_for(lock, stop.std_token(), kWait, has_room);
  if (stop.stop_requested()) return fail(stop.error());
  counts_.bytes_building += bytes - std::exchange(build.bytes_reserved, bytes);
  make_room_locked();
  return {};
}

void ViewStore::run_builds() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    const std::shared_ptr<Build> build = next_build_locked();
    if (!build) {
      changed_.wait_for(lock, kIdleWait);
      continue;
    }
    lock.unlock();
    Result<View> result = build_view(*build);
    lock.lock();
    finish_locked(build, std::move(result));
    changed_.notify_all();
  }
  // Who waits for what was never begun is told.
  for (const auto& build : std::exchange(queue_, {}))
    finish_locked(build, fail(ErrorCode::kNotReady, "the server is shutting down"));
  changed_.notify_all();
}

void ViewStore::finish_locked(const std::shared_ptr<Build>& build, Result<View> result) {
  std::erase(running_, build);
  build->is_done = true;
  counts_.bytes_building -= std::exchange(build->bytes_reserved, 0);
  if (result && view_bytes(*result) > options_.bytes_max)
    result = fail(ErrorCode::kOutOfMemory, fmt::format("the view takes {} bytes; view_bytes is {}",
                                                       view_bytes(*result), options_.bytes_max));
  if (result)
    build->view = std::make_shared<const View>(*std::move(result));
  else
    build->failure = std::move(result).error();
  build->request.plan.reset();  // who still waits holds its own: the version may go
  if (build->is_given_up) return;
  const auto found = entries_.find(build->request.key);
  BOWSHOT_CHECK(found != entries_.end() && found->second.build == build);
  Entry& entry = found->second;
  entry.build.reset();
  entry.last_use = ++uses_;
  if (build->view) {
    entry.view = build->view;
    entry.status.state = ViewStatus::State::kReady;
    entry.status.rows = view_rows(*build->view);
    entry.status.bytes = view_bytes(*build->view) + static_cast<int64_t>(build->request.key.size());
    entry.status.progress = 1;
    counts_.bytes += entry.status.bytes;
  } else {
    entry.failure = build->failure;
    entry.failed_until = Clock::now() + options_.grace;
    entry.status.state = ViewStatus::State::kFailed;
    ++counts_.builds_failed;
    spdlog::debug("view cannot be built what=\"{}\"", build->failure->detail);
  }
  make_room_locked();
}

void ViewStore::watch_graces() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    forget_gone_locked();
    std::vector<std::shared_ptr<Build>> unwanted;
    Clock::time_point next = Clock::now() + kWait;
    auto builds = running_;
    builds.insert(builds.end(), queue_.begin(), queue_.end());
    for (const auto& build : builds) {
      if (build->waiting > 0 || build->is_given_up) continue;
      if (is_unwanted_locked(*build)) {
        give_up_locked(*build);
        unwanted.push_back(build);
      } else {
        next = std::min(next, build->wanted_until);
      }
    }
    if (!unwanted.empty()) {
      lock.unlock();
      for (const auto& build : unwanted) build->stop.request_stop(StopReason::kClientLeft);
      lock.lock();
      changed_.notify_all();
      continue;
    }
    changed_.wait_until(lock, next);
  }
}

std::vector<ViewStatus> ViewStore::list(std::string_view dataset, std::string_view version) const {
  const std::lock_guard lock(mutex_);
  std::vector<ViewStatus> views;
  for (const auto& [key, entry] : entries_) {
    const auto held = entry.dataset.lock();
    if (!held || held->name() != dataset || held->version() != version) continue;
    ViewStatus status = entry.status;
    if (entry.build) {
      status.rows = entry.build->rows_done;
      status.bytes = entry.build->bytes_reserved;
      status.progress = entry.build->steps.share();
    }
    views.push_back(std::move(status));
  }
  return views;
}

ViewCounts ViewStore::counts() const {
  const std::lock_guard lock(mutex_);
  ViewCounts counts = counts_;
  counts.builds_running = static_cast<int64_t>(running_.size());
  counts.builds_unattended =
      std::ranges::count(running_, 0, [](const auto& build) { return build->waiting; });
  for (const auto& [key, entry] : entries_) {
    if (!entry.view) continue;
    if (entry.dataset.expired())
      counts.bytes -= entry.status.bytes;  // goes when the next one is built
    else
      ++counts.views;
  }
  return counts;
}

}  // namespace bowshot
