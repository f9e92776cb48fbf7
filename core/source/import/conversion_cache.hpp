#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "source/import/conversion.hpp"

namespace bowshot {

/// A lock on a file, held among processes until its end.
class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock();
  enum class Kind { kShared, kExclusive };
  /// Without waiting; makes the file. A lock that is not held where another's forbids it.
  static Result<FileLock> try_lock(const std::string& path, Kind kind);
  bool is_held() const { return descriptor_ >= 0; }
  /// From now on others may hold it so too.
  void share() const;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

/// A conversion in the cache. While this stands, it is not evicted by any process.
struct CachedConversion {
  std::string path;
  boost::json::object details;
  FileLock lock;
};

/// Conversions in a folder, found by what they were made of; kept from one process to the next,
/// checked against their checksum before use, evicted least recently used first. Many processes may
/// use one folder. Safe from any thread.
///
/// An entry KEY is convert-KEY.parquet, then convert-KEY.json, which tells of it; it counts once
/// the second is there. convert-KEY.lock guards both.
class ConversionCache {
 public:
  ConversionCache(std::string folder, int64_t bytes_max)
      : folder_(std::move(folder)), bytes_max_(bytes_max) {}

  /// What `source` is as Parquet: from the cache, or converted into it.
  Result<std::shared_ptr<const CachedConversion>> obtain(const ConversionSource& source,
                                                         const StopToken& stop,
                                                         ConversionProgress& progress) const;
  /// Removes entries, the least recently used first, until the limit holds the rest; and what a
  /// process that was killed left behind. Nothing that is in use.
  void evict() const;

 private:
  struct Paths {
    std::string data, description, lock;
  };
  Paths paths_of(const std::string& key) const;
  /// The entry, locked: shared where it is whole (then `details` are set), else for writing.
  Result<std::shared_ptr<CachedConversion>> lock_entry(const Paths& paths,
                                                       const ConversionSource& source,
                                                       bool& is_whole, const StopToken& stop) const;
  /// The entry, when it is whole; `bad_data`, with why, when it is not.
  static Result<boost::json::object> read_entry(const Paths& paths, const std::string& canonical);
  static Result<boost::json::object> make_entry(const Paths& paths, const ConversionSource& source,
                                                const StopToken& stop,
                                                ConversionProgress& progress);

  const std::string folder_;
  const int64_t bytes_max_;
};

}  // namespace bowshot
