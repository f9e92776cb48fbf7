#include "engine/duckdb/database.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "engine/duckdb/distinct_function.hpp"
#include "engine/duckdb/memory_function.hpp"
#include "engine/duckdb/sql_type.hpp"

namespace bowshot {
namespace {

std::unexpected<Error> cannot_set_up(const char* reason) {
  spdlog::error("duckdb cannot be set up: {}", reason ? reason : "no reason given");
  return fail(ErrorCode::kInternal, "the engine cannot be set up");
}

std::vector<std::string> settings(const DuckDbOptions& options) {
  const int64_t threads =
      options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  return {
      fmt::format("threads = {}", threads),
      fmt::format("memory_limit = '{}B'", options.memory_bytes),
      fmt::format("temp_directory = {}", duckdb_sql::sql_text(options.temporary_directory)),
      "TimeZone = 'UTC'",
      "ieee_floating_point_ops = false",  // division by zero is null, nothing else changes
      "preserve_insertion_order = true",  // rows without an order come in their own
      "default_null_order = 'NULLS_LAST'",
      "enable_external_file_cache = false",  // holds whole files in memory
      "parquet_metadata_cache = false",      // by path: a descriptor's number is used again
      "enable_geoparquet_conversion = false",
      "late_materialization_max_rows = 0",  // ordered windows do it themselves
      "autoinstall_known_extensions = false",
      "autoload_known_extensions = false",
      "allow_community_extensions = false",
      // DuckDB resolves links, so /proc/self/fd cannot be allowed alone. Statements are ours.
      "allowed_directories = ['/']",
      "enable_external_access = false",
      "lock_configuration = true",
  };
}

Result<void> configure(duckdb_connection connection, const DuckDbOptions& options) {
  for (const std::string& setting : settings(options)) {
    duckdb_result result;
    const duckdb_state state =
        duckdb_query(connection, fmt::format("SET GLOBAL {}", setting).c_str(), &result);
    std::unexpected<Error> error{Error{}};
    if (state == DuckDBError) error = cannot_set_up(duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    if (state == DuckDBError) return error;
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<DuckDbDatabase>> DuckDbDatabase::make(const DuckDbOptions& options) {
  std::shared_ptr<DuckDbDatabase> database(new DuckDbDatabase());
  char* reason = nullptr;
  if (duckdb_open_ext(nullptr, &database->database_, nullptr, &reason) == DuckDBError) {
    auto error = cannot_set_up(reason);
    duckdb_free(reason);
    return error;
  }
  duckdb_connection connection = nullptr;
  if (duckdb_connect(database->database_, &connection) == DuckDBError)
    return cannot_set_up("no connection");
  const bool is_registered =
      duckdb_sql::register_distinct_function(connection) == DuckDBSuccess &&
      duckdb_sql::register_memory_function(connection, &database->database_) == DuckDBSuccess;
  auto configured = configure(connection, options);
  duckdb_disconnect(&connection);
  if (!is_registered) return cannot_set_up("its functions cannot be added");
  if (!configured) return std::unexpected(std::move(configured).error());
  return database;
}

DuckDbDatabase::~DuckDbDatabase() {
  duckdb_close(&database_);
}

}  // namespace bowshot
