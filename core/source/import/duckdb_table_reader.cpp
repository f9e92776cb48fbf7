#include "source/import/duckdb_table_reader.hpp"

#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <duckdb.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>

#include "source/import/source_file.hpp"

namespace bowshot {

namespace {

/// Tables are scanned, nothing is sorted or joined: this is ample.
constexpr int64_t kMemoryBytes = int64_t{1} << 30;

std::string in_quotes(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out.append(c == quote ? 2 : 1, c);
  return out + quote;
}

/// A read-only database of its own, and one connection to it.
class Database {
 public:
  Database() = default;
  ~Database() {
    if (connection_) duckdb_disconnect(&connection_);
    if (database_) duckdb_close(&database_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<void> open(const ListedFile& file) {
    const auto cannot_open = [&](std::string_view reason) {
      spdlog::warn("a database cannot be opened file={} what=\"{}\"", file.display_name, reason);
      const std::string_view why = reason.find("lock") != reason.npos
                                       ? "another process writes to it"
                                   : reason.find("not a valid DuckDB") != reason.npos
                                       ? "it is no DuckDB database"
                                       : "it is broken, or of a version that is not read";
      return fail(ErrorCode::kBadData,
                  fmt::format("'{}' cannot be opened: {}", file.display_name, why));
    };
    char* reason = nullptr;
    if (duckdb_open_ext(nullptr, &database_, nullptr, &reason) == DuckDBError) {
      auto error = cannot_open(reason ? reason : "");
      duckdb_free(reason);
      return error;
    }
    if (duckdb_connect(database_, &connection_) == DuckDBError) return cannot_open("no connection");
    const std::vector<std::string> statements = {
        fmt::format("SET memory_limit = '{}B'", kMemoryBytes),
        "SET threads = 2",
        "SET preserve_insertion_order = true",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET TimeZone = 'UTC'",
        fmt::format("ATTACH {} AS source (READ_ONLY)", in_quotes(file.path, '\'')),
    };
    for (const std::string& statement : statements) {
      duckdb_result result;
      const auto state = duckdb_query(connection_, statement.c_str(), &result);
      std::unexpected<Error> error{Error{}};
      if (state == DuckDBError) {
        const char* message = duckdb_result_error(&result);
        error = cannot_open(message ? message : "");
      }
      duckdb_destroy_result(&result);
      if (state == DuckDBError) return error;
    }
    return {};
  }
  duckdb_connection connection() const { return connection_; }

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

/// One statement's rows as record batches. One thread at a time.
class Rows {
 public:
  explicit Rows(duckdb_connection connection) : connection_(connection) {}
  ~Rows() {
    if (options_) duckdb_destroy_arrow_options(&options_);
    if (result_) duckdb_destroy_result(&*result_);
    if (pending_) duckdb_destroy_pending(&pending_);
    if (statement_) duckdb_destroy_prepare(&statement_);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  Result<void> start(const std::string& sql) {
    if (duckdb_prepare(connection_, sql.c_str(), &statement_) == DuckDBError)
      return failed(duckdb_prepare_error(statement_));
    if (duckdb_pending_prepared_streaming(statement_, &pending_) == DuckDBError)
      return failed(duckdb_pending_error(pending_));
    duckdb_result result{};
    const auto state = duckdb_execute_pending(pending_, &result);
    result_ = result;
    if (state == DuckDBError) return failed(duckdb_result_error(&*result_));
    return describe();
  }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  Result<std::shared_ptr<arrow::RecordBatch>> next() {
    duckdb_data_chunk chunk = duckdb_fetch_chunk(*result_);
    if (!chunk) {
      const char* message = duckdb_result_error(&*result_);
      if (message && *message) return failed(message);
      return nullptr;
    }
    ArrowArray exported{};
    duckdb_error_data problem = duckdb_data_chunk_to_arrow(options_, chunk, &exported);
    duckdb_destroy_data_chunk(&chunk);
    if (problem) {
      auto error = failed(duckdb_error_data_message(problem));
      duckdb_destroy_error_data(&problem);
      return error;
    }
    auto batch = arrow::ImportRecordBatch(&exported, schema_);
    if (!batch.ok()) return failed(batch.status().message().c_str());
    return *std::move(batch);
  }

 private:
  std::unexpected<Error> failed(const char* message) const {
    spdlog::warn("a table cannot be read what=\"{}\"", message ? message : "");
    return fail(ErrorCode::kBadData, "the table cannot be read");
  }

  Result<void> describe() {
    const idx_t columns = duckdb_column_count(&*result_);
    std::vector<duckdb_logical_type> types;
    std::vector<const char*> names;
    for (idx_t i = 0; i < columns; ++i) {
      types.push_back(duckdb_column_logical_type(&*result_, i));
      names.push_back(duckdb_column_name(&*result_, i));
    }
    options_ = duckdb_result_get_arrow_options(&*result_);
    ArrowSchema exported{};
    duckdb_error_data problem =
        duckdb_to_arrow_schema(options_, types.data(), names.data(), columns, &exported);
    for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
    if (problem) {
      auto error = failed(duckdb_error_data_message(problem));
      duckdb_destroy_error_data(&problem);
      return error;
    }
    auto schema = arrow::ImportSchema(&exported);
    if (!schema.ok()) return failed(schema.status().message().c_str());
    schema_ = *std::move(schema);
    return {};
  }

  duckdb_connection connection_;
  duckdb_prepared_statement statement_ = nullptr;
  duckdb_pending_result pending_ = nullptr;
  std::optional<duckdb_result> result_;
  duckdb_arrow_options options_ = nullptr;
  std::shared_ptr<arrow::Schema> schema_;
};

class TableReader : public RecordReader {
 public:
  TableReader(ListedFile file, std::string table, StopToken stop, ConversionProgress* progress)
      : file_(std::move(file)),
        table_(std::move(table)),
        stop_(std::move(stop)),
        progress_(progress) {}

  Result<void> open() {
    // Held to see that the file stays as it was listed; DuckDB reads it by its path.
    BOWSHOT_ASSIGN(watched_, SourceFile::make(file_, stop_, nullptr));
    BOWSHOT_TRY(database_.open(file_));
    BOWSHOT_TRY(count());
    return rewind();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    if (stop_.stop_requested()) return std::unexpected(stop_.error());
    BOWSHOT_ASSIGN(auto batch, rows_->next());
    if (!batch) {
      BOWSHOT_TRY(check_unchanged());
      return nullptr;
    }
    rows_read_ += batch->num_rows();
    if (progress_ != nullptr && rows_total_ > 0)
      progress_->bytes_read =
          static_cast<int64_t>(static_cast<double>(file_.stamp.bytes) *
                               static_cast<double>(rows_read_) / static_cast<double>(rows_total_));
    return batch;
  }

  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }

  Result<void> rewind() override {
    rows_read_ = 0;
    rows_.emplace(database_.connection());
    return rows_->start(fmt::format("SELECT * FROM {}", table_));
  }

  Result<void> check_unchanged() const override { return watched_->check_unchanged(); }

 private:
  Result<void> count() {
    Rows counted(database_.connection());
    BOWSHOT_TRY(counted.start(fmt::format("SELECT count(*)::BIGINT FROM {}", table_)));
    BOWSHOT_ASSIGN(const auto batch, counted.next());
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    rows_total_ = column.Value(0);
    return {};
  }

  const ListedFile file_;
  const std::string table_;
  const StopToken stop_;
  ConversionProgress* const progress_;  // outlives this
  std::shared_ptr<SourceFile> watched_;
  Database database_;
  std::optional<Rows> rows_;
  int64_t rows_total_ = 0;
  int64_t rows_read_ = 0;
};

}  // namespace

std::string DuckDbTable::dataset_suffix() const {
  return schema_name == "main" ? table_name : fmt::format("{}.{}", schema_name, table_name);
}

Result<std::vector<DuckDbTable>> list_duckdb_tables(const ListedFile& file) {
  Database database;
  BOWSHOT_TRY(database.open(file));
  Rows rows(database.connection());
  BOWSHOT_TRY(
      rows.start("SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = "
                 "'source' AND NOT internal ORDER BY schema_name, table_name"));
  std::vector<DuckDbTable> tables;
  for (;;) {
    BOWSHOT_ASSIGN(const auto batch, rows.next());
    if (!batch) break;
    const auto& schemas = static_cast<const arrow::StringArray&>(*batch->column(0));
    const auto& names = static_cast<const arrow::StringArray&>(*batch->column(1));
    for (int64_t i = 0; i < batch->num_rows(); ++i)
      tables.push_back({.schema_name = schemas.GetString(i), .table_name = names.GetString(i)});
  }
  if (tables.empty())
    return fail(ErrorCode::kBadData, fmt::format("'{}' has no tables", file.display_name));
  return tables;
}

Result<std::unique_ptr<RecordReader>> open_duckdb_table(const ListedFile& file,
                                                        const DuckDbTable& table,
                                                        const StopToken& stop,
                                                        ConversionProgress* progress) {
  auto reader =
      std::make_unique<TableReader>(file,
                                    fmt::format("source.{}.{}", in_quotes(table.schema_name, '"'),
                                                in_quotes(table.table_name, '"')),
                                    stop, progress);
  auto opened = reader->open();
  if (!opened) {
    Error error = std::move(opened).error();
    if (error.detail.find(file.display_name) == std::string::npos)
      error.detail =
          fmt::format("'{}': table {}: {}", file.display_name, table.table_name, error.detail);
    return std::unexpected(std::move(error));
  }
  return reader;
}

}  // namespace bowshot
