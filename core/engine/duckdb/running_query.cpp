#include "engine/duckdb/running_query.hpp"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <vector>

#include "engine/duckdb/raw_batches.hpp"

namespace bowshot {
namespace {

constexpr size_t kLoggedSqlBytesMax = 2'000;

}  // namespace

Result<std::unique_ptr<RunningQuery>> RunningQuery::start(std::shared_ptr<DuckDbDatabase> database,
                                                          const std::string& sql,
                                                          const StopToken& stop) {
  if (stop.stop_requested()) return fail(stop.error());
  std::unique_ptr<RunningQuery> query(new RunningQuery());
  query->database_ = std::move(database);
  query->stop_ = stop;
  if (duckdb_connect(query->database_->handle(), &query->connection_) == DuckDBError)
    return fail(ErrorCode::kInternal, "the engine has no connection");
  spdlog::debug("duckdb sql={}", sql.substr(0, kLoggedSqlBytesMax));
  BOWSHOT_TRY(query->prepare(sql));
  return query;
}

RunningQuery::~RunningQuery() {
  interrupt_.reset();
  if (connection_) duckdb_interrupt(connection_);  // what still runs need not finish
  if (arrow_options_) duckdb_destroy_arrow_options(&arrow_options_);
  if (result_) duckdb_destroy_result(&*result_);
  if (pending_) duckdb_destroy_pending(&pending_);
  if (statement_) duckdb_destroy_prepare(&statement_);
  if (connection_) duckdb_disconnect(&connection_);
}

Error RunningQuery::error(const char* reason, duckdb_error_type type) const {
  if (stop_.stop_requested()) return stop_.error();
  const std::string_view message = reason ? reason : "";
  if (is_fatal(message, type)) database_->mark_broken();
  return duckdb_error(message, type);
}

Result<void> RunningQuery::prepare(const std::string& sql) {
  if (duckdb_prepare(connection_, sql.c_str(), &statement_) == DuckDBError)
    return fail(error(duckdb_prepare_error(statement_), DUCKDB_ERROR_INVALID));
  if (duckdb_pending_prepared_streaming(statement_, &pending_) == DuckDBError)
    return fail(error(duckdb_pending_error(pending_), DUCKDB_ERROR_INVALID));
  interrupt_.emplace(stop_, [this] { duckdb_interrupt(connection_); });
  return {};
}

Result<void> RunningQuery::execute() {
  duckdb_result result{};
  const duckdb_state state = duckdb_execute_pending(pending_, &result);
  result_ = result;
  if (state == DuckDBError)
    return fail(error(duckdb_result_error(&*result_), duckdb_result_error_type(&*result_)));
  return describe();
}

Result<void> RunningQuery::describe() {
  const idx_t columns = duckdb_column_count(&*result_);
  std::vector<duckdb_logical_type> types;
  std::vector<std::string> names;
  std::vector<const char*> name_pointers;
  for (idx_t i = 0; i < columns; ++i) {
    types.push_back(duckdb_column_logical_type(&*result_, i));
    names.push_back(fmt::format("c{}", i));
  }
  for (const std::string& name : names) name_pointers.push_back(name.c_str());
  arrow_options_ = duckdb_result_get_arrow_options(&*result_);
  ArrowSchema exported{};
  duckdb_error_data problem = duckdb_to_arrow_schema(arrow_options_, types.data(),
                                                     name_pointers.data(), columns, &exported);
  for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  if (problem) {
    const Error failed =
        error(duckdb_error_data_message(problem), duckdb_error_data_error_type(problem));
    duckdb_destroy_error_data(&problem);
    return fail(failed);
  }
  auto schema = arrow::ImportSchema(&exported);
  if (!schema.ok()) return fail(arrow_failure(schema.status()));
  schema_ = *std::move(schema);
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> RunningQuery::next() {
  if (stop_.stop_requested()) return fail(stop_.error());
  if (is_done_) return nullptr;  // DuckDB calls a fetch after the end an error
  if (!result_) BOWSHOT_TRY(execute());
  duckdb_data_chunk chunk = duckdb_fetch_chunk(*result_);
  if (!chunk) {
    const char* message = duckdb_result_error(&*result_);
    if (message) return fail(error(message, duckdb_result_error_type(&*result_)));
    is_done_ = true;
    return nullptr;
  }
  if (duckdb_data_chunk_get_size(chunk) == 0) {
    duckdb_destroy_data_chunk(&chunk);
    is_done_ = true;
    return nullptr;
  }
  ArrowArray exported{};
  duckdb_error_data problem = duckdb_data_chunk_to_arrow(arrow_options_, chunk, &exported);
  duckdb_destroy_data_chunk(&chunk);
  if (problem) {
    const Error failed =
        error(duckdb_error_data_message(problem), duckdb_error_data_error_type(problem));
    duckdb_destroy_error_data(&problem);
    return fail(failed);
  }
  auto batch = arrow::ImportRecordBatch(&exported, schema_);
  if (!batch.ok()) return fail(arrow_failure(batch.status()));
  return *std::move(batch);
}

}  // namespace bowshot
