#include "source/import/conversion_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <parquet/xxhasher.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace bowshot {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "convert-";

std::string key_of(const std::string& canonical) {
  const parquet::XxHasher hasher;
  return fmt::format("{:016x}{:016x}", hasher.Hash(std::string_view("1" + canonical)),
                     hasher.Hash(std::string_view("2" + canonical)));
}

std::unexpected<Error> broken(std::string_view why) {
  return fail(ErrorCode::kBadData, std::string(why));
}

int64_t modified_ns(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  return int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

/// The description's own time says when the entry was last used.
void touch(const std::string& path) {
  (void)::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);
}

/// `convert-KEY.what`: the key.
std::string key_in(const std::string& file_name) {
  if (!file_name.starts_with(kPrefix)) return {};
  const size_t dot = file_name.find('.');
  if (dot == std::string::npos) return {};
  return file_name.substr(kPrefix.size(), dot - kPrefix.size());
}

}  // namespace

ConversionCache::Paths ConversionCache::paths_of(const std::string& key) const {
  const std::string stem = fmt::format("{}/{}{}", folder_, kPrefix, key);
  return {.data = stem + ".parquet", .description = stem + ".json", .lock = stem + ".lock"};
}

Result<boost::json::object> ConversionCache::read_entry(const Paths& paths,
                                                        const std::string& canonical) {
  std::ifstream file(paths.description, std::ios::binary);
  if (!file) return broken("it is not there");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  boost::system::error_code failed;
  const auto parsed = boost::json::parse(text, failed);
  if (failed || !parsed.is_object()) return broken("its description is broken");
  const auto& entry = parsed.get_object();
  const auto* source = entry.if_contains("source");
  const auto* checksum = entry.if_contains("checksum");
  const auto* details = entry.if_contains("details");
  if (!source || !checksum || !details || !checksum->is_string() || !details->is_object())
    return broken("its description is broken");
  if (!source->is_string() || source->get_string() != canonical)
    return broken("it is of another source");

  const int descriptor = ::open(paths.data.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return broken("its data are not there");
  const auto sum = file_checksum(descriptor);
  ::close(descriptor);
  if (!sum) return std::unexpected(sum.error());
  if (checksum->get_string() != fmt::format("{:016x}", *sum))
    return broken("its checksum is another");
  return details->get_object();
}

Result<boost::json::object> ConversionCache::make_entry(const Paths& paths,
                                                        const ConversionSource& source,
                                                        const StopToken& stop,
                                                        ConversionProgress& progress) {
  ::unlink(paths.description.c_str());
  BOWSHOT_ASSIGN(const auto output, CheckedOutput::make(paths.data));
  BOWSHOT_ASSIGN(const ConversionResult result, convert(source, *output, stop, progress));
  const boost::json::object entry = {{"source", source.canonical()},
                                     {"rows", result.rows},
                                     {"bytes", result.bytes},
                                     {"checksum", fmt::format("{:016x}", result.checksum)},
                                     {"details", result.details}};
  BOWSHOT_TRY(write_file_durably(paths.description, boost::json::serialize(entry)));
  return result.details;
}

Result<std::shared_ptr<CachedConversion>> ConversionCache::lock_entry(
    const Paths& paths, const ConversionSource& source, bool& is_whole,
    const StopToken& stop) const {
  constexpr auto kPause = std::chrono::milliseconds(50);
  const std::string canonical = source.canonical();
  auto cached = std::make_shared<CachedConversion>();
  cached->path = paths.data;
  std::mutex mutex;
  std::condition_variable_any never;
  int64_t checked_ns = -1;  // a broken entry that another has open is not summed up twice
  for (;;) {
    BOWSHOT_ASSIGN(cached->lock, FileLock::try_lock(paths.lock, FileLock::Kind::kShared));
    const int64_t written_ns = modified_ns(paths.description);
    if (cached->lock.is_held() && written_ns != checked_ns) {
      auto entry = read_entry(paths, canonical);
      is_whole = entry.has_value();
      if (is_whole) {
        cached->details = *std::move(entry);
        return cached;
      }
      checked_ns = written_ns;
      if (written_ns != 0)
        spdlog::warn("a cached conversion is made again file={} what=\"{}\"",
                     source.files.front().display_name, entry.error().detail);
    }
    cached->lock = FileLock();
    BOWSHOT_ASSIGN(cached->lock, FileLock::try_lock(paths.lock, FileLock::Kind::kExclusive));
    // Who had it meanwhile may have made the entry: then it is looked at first.
    if (cached->lock.is_held() && modified_ns(paths.description) == checked_ns) return cached;
    cached->lock = FileLock();
    if (stop.stop_requested()) return std::unexpected(stop.error());
    std::unique_lock waiting(mutex);
    never.wait_for(waiting, stop.std_token(), kPause, [] { return false; });
  }
}

Result<std::shared_ptr<const CachedConversion>> ConversionCache::obtain(
    const ConversionSource& source, const StopToken& stop, ConversionProgress& progress) const {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) return fail(write_failure(failed.value()));
  const Paths paths = paths_of(key_of(source.canonical()));
  bool is_whole = false;
  BOWSHOT_ASSIGN(auto cached, lock_entry(paths, source, is_whole, stop));
  if (!is_whole) {
    auto entry = make_entry(paths, source, stop, progress);
    if (!entry) {
      ::unlink(paths.data.c_str());
      ::unlink(paths.lock.c_str());
      return std::unexpected(std::move(entry).error());
    }
    cached->details = *std::move(entry);
    cached->lock.share();
  }
  touch(paths.description);
  return cached;
}

void ConversionCache::evict() const {
  std::set<std::string> keys;
  std::error_code failed;
  fs::directory_iterator files(folder_, failed);
  for (; !failed && files != fs::directory_iterator(); files.increment(failed))
    if (const std::string key = key_in(files->path().filename().string()); !key.empty())
      keys.insert(key);

  const auto remove = [&](const Paths& paths) {
    const auto lock = FileLock::try_lock(paths.lock, FileLock::Kind::kExclusive);
    if (!lock || !lock->is_held()) return false;
    for (const std::string& path : {paths.description, paths.data, paths.description + ".tmp",
                                    paths.data + ".tmp", paths.lock})
      ::unlink(path.c_str());
    return true;
  };
  struct Entry {
    Paths paths;
    int64_t bytes = 0;
  };
  std::multimap<int64_t, Entry> by_use;
  int64_t bytes_total = 0;
  for (const std::string& key : keys) {
    const Paths paths = paths_of(key);
    std::error_code ignored;
    if (!fs::exists(paths.description, ignored)) {
      (void)remove(paths);  // left behind, unless it is being made
      continue;
    }
    const auto bytes = static_cast<int64_t>(fs::file_size(paths.data, ignored));
    bytes_total += ignored ? 0 : bytes;
    by_use.emplace(modified_ns(paths.description), Entry{paths, ignored ? 0 : bytes});
  }
  for (const auto& [used, entry] : by_use) {
    if (bytes_total <= bytes_max_) return;
    if (remove(entry.paths)) bytes_total -= entry.bytes;
  }
}

}  // namespace bowshot
