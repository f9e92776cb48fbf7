#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "base/stop.hpp"

namespace bowshot {

/// What a cache did so far, and what it holds now.
struct CacheCounts {
  int64_t hits = 0;       // found, or made by another asker meanwhile
  int64_t misses = 0;     // made
  int64_t evictions = 0;  // dropped for want of room
  int64_t entries = 0;
  int64_t bytes = 0;
};

/// Values that were made lately, up to a number of bytes; the least lately used goes first. Who
/// asks for a value that another is making waits for it instead of making it too. Values are
/// immutable and shared: dropping one never takes it from who uses it. Safe from any thread; no
/// lock is held while a value is made.
///   SharedCache<int, Page> pages(1 << 20);
///   auto page = pages.find_or_make(7, stop, [&] { return Result<Pages::Made>(decode(7)); });
template <class Key, class Value>
class SharedCache {
 public:
  using Shared = std::shared_ptr<const Value>;  // shared: users outlive the entry
  struct Made {
    Shared value;
    int64_t bytes = 0;
  };

  explicit SharedCache(int64_t bytes_max) : bytes_max_(bytes_max) {}
  SharedCache(const SharedCache&) = delete;
  SharedCache& operator=(const SharedCache&) = delete;

  int64_t bytes_max() const { return bytes_max_; }

  /// The value of `key`; `make()` gives a Result<Made> where there is none. Its errors are for its
  /// caller alone: who waited for it makes the value anew. `keeps` false: what is made is not kept
  /// (but still shared with those who wait). Errors: of make(), and the token's while waiting.
  template <class Make>
  Result<Shared> find_or_make(const Key& key, const StopToken& stop, Make&& make,
                              bool keeps = true) {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (Shared found = find_locked(key)) return found;
      const auto [position, is_first] = making_.try_emplace(key);
      if (is_first) break;
      const std::shared_ptr<Flight> flight = flight_of(position);
      made_.wait_for(lock, stop.std_token(), kWait, [&] { return flight->is_done; });
      if (stop.stop_requested()) return std::unexpected(stop.error());
      if (!flight->value) continue;  // it failed, or takes longer: look again
      ++counts_.hits;
      return flight->value;
    }
    ++counts_.misses;
    const std::shared_ptr<Flight> flight = flight_of(making_.find(key));
    Landing landing{.cache = this, .key = &key, .flight = flight, .lock = &lock};
    lock.unlock();
    Result<Made> result = std::forward<Make>(make)();
    lock.lock();
    if (!result) return std::unexpected(std::move(result).error());
    flight->value = result->value;
    if (keeps) insert(key, *std::move(result));
    return flight->value;
  }

  /// The value of `key`, or null.
  Shared find(const Key& key) {
    const std::lock_guard lock(mutex_);
    return find_locked(key);
  }

  /// Whether there is a value; neither a hit nor a use.
  bool contains(const Key& key) const {
    const std::lock_guard lock(mutex_);
    return by_key_.contains(key);
  }

  /// Keeps a value that was made on the way to another one.
  void put(const Key& key, Made made) {
    const std::lock_guard lock(mutex_);
    insert(key, std::move(made));
  }

  CacheCounts counts() const {
    const std::lock_guard lock(mutex_);
    CacheCounts counts = counts_;
    counts.entries = static_cast<int64_t>(by_key_.size());
    return counts;
  }

 private:
  struct Entry {
    Key key;
    Made made;
  };
  /// A value on its way.
  struct Flight {
    bool is_done = false;
    Shared value;  // null: it could not be made
  };
  static constexpr std::chrono::seconds kWait{1};
  using Flights = std::map<Key, std::shared_ptr<Flight>>;

  /// Ends a flight however making it ended.
  struct Landing {
    SharedCache* cache;  // outlives its own calls
    const Key* key;      // the caller's
    std::shared_ptr<Flight> flight;
    std::unique_lock<std::mutex>* lock;
    ~Landing() {
      if (!lock->owns_lock()) lock->lock();
      flight->is_done = true;
      cache->making_.erase(*key);
      cache->made_.notify_all();
    }
  };

  static std::shared_ptr<Flight> flight_of(typename Flights::iterator position) {
    if (!position->second) position->second = std::make_shared<Flight>();
    return position->second;
  }

  Shared find_locked(const Key& key) {
    const auto position = by_key_.find(key);
    if (position == by_key_.end()) return nullptr;
    ++counts_.hits;
    by_use_.splice(by_use_.begin(), by_use_, position->second);
    return position->second->made.value;
  }

  void insert(const Key& key, Made made) {
    if (made.bytes > bytes_max_ || by_key_.contains(key)) return;
    counts_.bytes += made.bytes;
    by_use_.push_front({key, std::move(made)});
    by_key_.emplace(key, by_use_.begin());
    while (counts_.bytes > bytes_max_) {
      counts_.bytes -= by_use_.back().made.bytes;
      ++counts_.evictions;
      by_key_.erase(by_use_.back().key);
      by_use_.pop_back();
    }
  }

  const int64_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any made_;
  std::list<Entry> by_use_;  // the latest first
  std::map<Key, typename std::list<Entry>::iterator> by_key_;
  Flights making_;
  CacheCounts counts_;
};

}  // namespace bowshot
