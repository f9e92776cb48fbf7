#pragma once

#include <duckdb.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.hpp"

namespace bowshot {

struct DuckDbOptions {
  int64_t memory_bytes = int64_t{4} << 30;
  int64_t threads = 0;                   // 0: as many as cores
  std::string temporary_directory = {};  // for sorts beyond memory; empty: none, they fail
};

/// One DuckDB in memory, set up and locked: no extensions, no caches of files, UTC, division by
/// zero null. Open for as long as anything holds it; safe from any thread.
class DuckDbDatabase {
 public:
  static Result<std::shared_ptr<DuckDbDatabase>> make(const DuckDbOptions& options);
  ~DuckDbDatabase();
  DuckDbDatabase(const DuckDbDatabase&) = delete;
  DuckDbDatabase& operator=(const DuckDbDatabase&) = delete;

  duckdb_database handle() const { return database_; }
  /// After a fatal error DuckDB refuses every statement.
  bool is_broken() const { return is_broken_; }
  void mark_broken() { is_broken_ = true; }

 private:
  DuckDbDatabase() = default;
  duckdb_database database_ = nullptr;
  std::atomic<bool> is_broken_ = false;
};

}  // namespace bowshot
