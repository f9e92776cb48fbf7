#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/guarded.hpp"
#include "engine/duckdb/database.hpp"
#include "engine/duckdb/matching_rows.hpp"
#include "engine/engine.hpp"

namespace bowshot {

/// The universal path: any plan as SQL in an embedded DuckDB. One database for all; each run has
/// connections of its own. Safe from any thread; streams may outlive it. Not for static storage:
/// when that is destroyed, DuckDB's thread-local state has gone.
///   auto engine = DuckDbEngine::make({.memory_bytes = limits.engine_memory_bytes}, windows);
class DuckDbEngine : public Engine {
 public:
  /// `windows` reads rows by number and rows that are too long for DuckDB straight from Parquet;
  /// it outlives the engine and its streams. Null: DuckDB reads all, whole row groups of long rows.
  static Result<std::unique_ptr<DuckDbEngine>> make(const DuckDbOptions& options, Engine* windows);

  EngineCapabilities capabilities() const override;
  bool accepts(const Plan& plan) const override;
  Result<std::unique_ptr<BatchStream>> run(std::shared_ptr<const Plan> plan,
                                           const StopToken& stop) override;

  /// The numbers of some of the rows that the plan's filter keeps, ascending. Blocks.
  Result<std::vector<int64_t>> find_rows(std::shared_ptr<const Plan> plan, const MatchSlice& slice,
                                         const StopToken& stop);
  /// The plan's outputs of these rows in this order; its filter, order, offset and limit are not
  /// looked at. Columns as they are stored need no statement. At most kFetchedRowsMax rows where
  /// anything is computed.
  Result<std::unique_ptr<BatchStream>> fetch_rows(std::shared_ptr<const Plan> plan,
                                                  std::vector<int64_t> rows, const StopToken& stop);

 private:
  DuckDbEngine(DuckDbOptions options, std::shared_ptr<DuckDbDatabase> database, Engine* windows)
      : options_(std::move(options)), database_(std::move(database)), windows_(windows) {}
  /// A new database after an error from which DuckDB does not recover.
  Result<std::shared_ptr<DuckDbDatabase>> current_database();

  DuckDbOptions options_;
  Guarded<std::shared_ptr<DuckDbDatabase>> database_;  // shared with streams under way
  Engine* windows_;                                    // outlives this: the caller's promise
};

}  // namespace bowshot
