#pragma once

#include <arrow/type_fwd.h>
#include <duckdb.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/stop.hpp"
#include "engine/duckdb/database.hpp"

namespace bowshot {

/// One statement on a connection of its own, its rows as they come. One thread at a time;
/// destroying it stops the statement. A stop ends it in both phases: while it executes and while it
/// is fetched.
class RunningQuery {
 public:
  /// Plans and starts; does not wait for rows.
  static Result<std::unique_ptr<RunningQuery>> start(std::shared_ptr<DuckDbDatabase> database,
                                                     const std::string& sql, const StopToken& stop);
  ~RunningQuery();
  RunningQuery(const RunningQuery&) = delete;
  RunningQuery& operator=(const RunningQuery&) = delete;

  /// The next rows in DuckDB's own types, at most 2,048 of them; null at the end.
  Result<std::shared_ptr<arrow::RecordBatch>> next();

 private:
  RunningQuery() = default;
  Result<void> prepare(const std::string& sql);
  Result<void> execute();
  Result<void> describe();
  Error error(const char* reason, duckdb_error_type type) const;

  std::shared_ptr<DuckDbDatabase> database_;  // shared: open for as long as a query runs
  StopToken stop_;
  duckdb_connection connection_ = nullptr;
  duckdb_prepared_statement statement_ = nullptr;
  duckdb_pending_result pending_ = nullptr;
  std::optional<duckdb_result> result_;
  duckdb_arrow_options arrow_options_ = nullptr;
  std::shared_ptr<arrow::Schema> schema_;
  bool is_done_ = false;
  // Interrupts connection_; registered once the statement has started, for starting one clears an
  // earlier interrupt. Destroyed first.
  std::optional<StopCallback> interrupt_;
};

/// What went wrong in DuckDB as an error of the protocol, without the statement's text, which is
/// logged. Broken data is `bad_data`; whether the files changed is for the caller to check.
Error duckdb_error(std::string_view message, duckdb_error_type type);
/// Whether the database is of no more use.
bool is_fatal(std::string_view message, duckdb_error_type type);

}  // namespace bowshot
