#include "source/import/import_source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bowshot {

namespace {

/// Who asks for a dataset that is converted again waits this long, then is told to come back.
constexpr auto kReconversionWait = std::chrono::seconds(20);
/// A failure that time may heal is tried again after this; others once the files change.
constexpr auto kRetryAfter = std::chrono::seconds(10);
/// Files that change faster than they are converted.
constexpr int kAttemptsMax = 3;

bool may_heal(ErrorCode code) {
  return code != ErrorCode::kBadData && code != ErrorCode::kBadParameter;
}

}  // namespace

Result<FileList> ImportSource::list() const {
  BOWSHOT_ASSIGN(FileList files, list_files(spec_.pattern));
  if (format_of(files.front().path).kind != spec_.kind)
    return fail(ErrorCode::kBadData,
                fmt::format("'{}' is no {} file any more", files.front().display_name, kind()));
  if (spec_.kind == FileKind::kDuckDb) {  // what was written lately stands beside the database
    const std::string log = files.front().path + ".wal";
    struct stat status = {};
    if (::stat(log.c_str(), &status) == 0)
      files.push_back({.path = log,
                       .display_name = files.front().display_name + ".wal",
                       .stamp = stamp_of(status)});
  }
  return files;
}

std::optional<Result<std::shared_ptr<const Dataset>>> ImportSource::known(const State& state,
                                                                          const FileList& list) {
  if (state.dataset && state.list == list) return state.dataset;
  const auto& failure = state.failure;
  if (failure && failure->list == list && !state.running &&
      (!may_heal(failure->error.code) || Clock::now() < failure->at + kRetryAfter))
    return fail(Error(failure->error));
  return std::nullopt;
}

Result<std::shared_ptr<const Dataset>> ImportSource::look(const FileList& list) {
  return state_.with([&](State& state) -> Result<std::shared_ptr<const Dataset>> {
    if (auto answer = known(state, list)) return *std::move(answer);
    if (!state.running) {
      state.running = std::make_shared<ConversionProgress>();
      importer_->submit([self = shared_from_this(), progress = state.running](
                            const StopToken& stop) { self->run(stop, *progress); });
    }
    return fail(not_ready(*state.running));
  });
}

Result<std::shared_ptr<const Dataset>> ImportSource::current_if_ready() {
  BOWSHOT_ASSIGN(const FileList files, list());
  return look(files);
}

Result<std::shared_ptr<const Dataset>> ImportSource::current() {
  BOWSHOT_ASSIGN(const FileList files, list());
  auto answer = look(files);
  if (answer || answer.error().code != ErrorCode::kNotReady) return answer;
  const bool was_open = state_.with([](const State& state) { return state.dataset != nullptr; });
  if (!was_open) return answer;
  return state_.wait_until(
      Clock::now() + kReconversionWait,
      [&](const State& state) { return known(state, files) || !state.running; },
      [&](State& state) -> Result<std::shared_ptr<const Dataset>> {
        if (auto now = known(state, files)) return *std::move(now);
        return answer;
      });
}

boost::json::object ImportSource::details() const {
  return state_.with([](const State& state) {
    boost::json::object details;
    if (state.cached) details = state.cached->details;
    details["files"] = state.list.size();
    return details;
  });
}

Error ImportSource::not_ready(const ConversionProgress& progress) const {
  const int64_t total = progress.bytes_total;
  const int64_t done = std::min<int64_t>(progress.bytes_read, total);
  const std::string far =
      total == 0 ? "has not begun"
                 : fmt::format("has read {} of {} bytes ({} %), {} rows{}", done, total,
                               100 * done / total, progress.rows.load(),
                               progress.pass > 1 ? " (once more, with other types)" : "");
  return {
      .code = ErrorCode::kNotReady,
      .detail = fmt::format("dataset {} is being converted: the conversion {}", spec_.name, far)};
}

void ImportSource::run(const StopToken& stop, ConversionProgress& progress) {
  ConversionObserver* const observer = importer_->observer();
  if (observer != nullptr) progress.on_rows = [&] { observer->progressed(spec_.name, progress); };
  FileList files;
  Result<void> outcome;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    auto listed = list();
    if (listed) {
      files = *std::move(listed);
      outcome = import(files, stop, progress);
    } else {
      outcome = fail(std::move(listed).error());
    }
    if (outcome || outcome.error().code != ErrorCode::kVersionChanged) break;
  }
  const Error* const error = outcome ? nullptr : &outcome.error();
  const bool is_stopped = stop.stop_requested();
  if (observer != nullptr && !is_stopped) observer->ended(spec_.name, progress, error);
  state_.with([&](State& state) {
    state.running.reset();
    if (error == nullptr)
      state.failure.reset();
    else if (!is_stopped)
      state.failure = {files, *error, Clock::now()};
  });
  state_.notify();
  importer_->cache().evict();  // what this dataset was before, perhaps
}

Result<void> ImportSource::import(const FileList& files, const StopToken& stop,
                                  ConversionProgress& progress) {
  const ConversionSource source{
      .kind = spec_.kind, .files = files, .table = spec_.table, .options = spec_.options};
  BOWSHOT_ASSIGN(auto cached, importer_->cache().obtain(source, stop, progress));
  BOWSHOT_ASSIGN(auto file, DataFile::make(cached->path, files.front().display_name));
  std::vector<std::shared_ptr<const DataFile>> parts = {std::move(file)};
  BOWSHOT_ASSIGN(auto dataset, Dataset::make(spec_.name, std::move(parts)));
  state_.with([&](State& state) {
    state.list = files;
    state.dataset = std::move(dataset);
    state.cached = std::move(cached);
  });
  return {};
}

}  // namespace bowshot
