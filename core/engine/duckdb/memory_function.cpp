#include "engine/duckdb/memory_function.hpp"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "source/data_type.hpp"
#include "source/memory_table.hpp"

namespace bowshot::duckdb_sql {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

/// Of a dictionary up to this size DuckDB gets the codes, and converts the whole of it for each
/// vector; of a larger one the texts.
constexpr int64_t kDictionaryMax = 512;

/// What DuckDB calls throws into it as text.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return *std::move(result);
}

template <class T>
T must(arrow::Result<T> result) {
  if (!result.ok()) throw std::runtime_error("Arrow: " + result.status().CodeAsString());
  return *std::move(result);
}

void must(const arrow::Status& status) {
  if (!status.ok()) throw std::runtime_error("Arrow: " + status.CodeAsString());
}

void must_not(duckdb_error_data problem) {
  if (!problem) return;
  const std::string message = duckdb_error_data_message(problem);
  duckdb_destroy_error_data(&problem);
  throw std::runtime_error(message);
}

TypePtr sql_arrow_type(const TypePtr& type);

arrow::FieldVector sql_fields(const arrow::DataType& type) {
  arrow::FieldVector fields;
  for (const auto& field : type.fields())
    fields.push_back(field->WithType(sql_arrow_type(field->type())));
  return fields;
}

/// The Arrow type that DuckDB takes for what sql_type() names.
TypePtr sql_arrow_type(const TypePtr& type) {
  switch (type->id()) {
    case arrow::Type::HALF_FLOAT:
      return arrow::float32();
    case arrow::Type::DURATION:
      return arrow::int64();
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(*type);
      // There are no nanoseconds with a zone: they are in UTC.
      if (timestamp.unit() == arrow::TimeUnit::NANO) return arrow::timestamp(arrow::TimeUnit::NANO);
      return arrow::timestamp(arrow::TimeUnit::MICRO, timestamp.timezone());
    }
    case arrow::Type::LIST:
      return arrow::list(sql_fields(*type)[0]);
    case arrow::Type::STRUCT:
      return arrow::struct_(sql_fields(*type));
    default:
      return type;
  }
}

/// A column as DuckDB reads it.
class Column {
 public:
  Column(duckdb_connection connection, const MemoryTable& table, int column, bool by_number)
      : connection_(connection), column_(column) {
    const TypePtr& type = table.schema()->field(column)->type();
    if (type->id() == arrow::Type::DICTIONARY)
      type_ = table.dictionary(column)->values()->length() <= kDictionaryMax ? type : arrow::utf8();
    else if (by_number || table.kept_type(column)->Equals(*type))
      type_ = sql_arrow_type(type);
    else
      type_ = table.kept_type(column);  // a view, which DuckDB reads
    schema_ = arrow::schema({arrow::field("", type_)});
    ArrowSchema exported{};
    must(arrow::ExportSchema(*schema_, &exported));
    duckdb_error_data problem = duckdb_schema_from_arrow(connection_, &exported, &converted_);
    if (exported.release) exported.release(&exported);
    must_not(problem);
  }
  ~Column() { duckdb_destroy_arrow_converted_schema(&converted_); }
  Column(const Column&) = delete;
  Column& operator=(const Column&) = delete;

  int column() const { return column_; }

  duckdb_logical_type logical_type() const {
    duckdb_data_chunk chunk = convert(must(arrow::MakeArrayOfNull(type_, 1)));
    duckdb_logical_type type =
        duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk, 0));
    duckdb_destroy_data_chunk(&chunk);
    return type;
  }

  /// Has `vector` refer to the values of `array`, which is as the table gives it.
  void put(ArrayPtr array, duckdb_vector vector) const {
    if (!array->type()->Equals(*type_)) array = must(recast(array, type_));
    duckdb_data_chunk chunk = convert(array);
    duckdb_vector_reference_vector(vector, duckdb_data_chunk_get_vector(chunk, 0));
    duckdb_destroy_data_chunk(&chunk);
  }

 private:
  /// One column a chunk: DuckDB gives the memory of a whole batch to its first column alone.
  duckdb_data_chunk convert(const ArrayPtr& array) const {
    ArrowArray exported{};
    must(arrow::ExportRecordBatch(*arrow::RecordBatch::Make(schema_, array->length(), {array}),
                                  &exported));
    duckdb_data_chunk chunk = nullptr;
    duckdb_error_data problem =
        duckdb_data_chunk_from_arrow(connection_, &exported, converted_, &chunk);
    if (exported.release) exported.release(&exported);
    must_not(problem);
    return chunk;
  }

  const duckdb_connection connection_;
  const int column_;
  TypePtr type_;
  std::shared_ptr<arrow::Schema> schema_;
  duckdb_arrow_converted_schema converted_ = nullptr;
};

/// What a statement reads; the same for all threads.
struct Reading {
  ~Reading() {
    columns.clear();
    if (connection) duckdb_disconnect(&connection);
  }
  std::shared_ptr<const MemoryTable> table;
  int64_t begin = 0;
  int64_t end = 0;
  std::vector<int64_t> rows;
  duckdb_connection connection = nullptr;  // DuckDB converts Arrow by the settings of one
  std::vector<std::unique_ptr<Column>> columns;
};

/// How far a run of it is, and the columns that are wanted: null is the row number.
struct Run {
  std::mutex mutex;
  int64_t next = 0;  // guarded; a row number, or an index into `rows`
  std::vector<const Column*> columns;
};
/// The rows that a thread goes through: [next, end).
struct Share {
  int64_t next = 0;
  int64_t end = 0;
};

template <class T>
void destroy(void* data) {
  delete static_cast<T*>(data);
}

int64_t integer_parameter(duckdb_bind_info info, idx_t index) {
  duckdb_value value = duckdb_bind_get_parameter(info, index);
  const int64_t number = duckdb_get_int64(value);
  duckdb_destroy_value(&value);
  return number;
}

std::vector<int64_t> list_parameter(duckdb_bind_info info, idx_t index) {
  duckdb_value list = duckdb_bind_get_parameter(info, index);
  std::vector<int64_t> numbers;
  for (idx_t i = 0; i < duckdb_get_list_size(list); ++i) {
    duckdb_value item = duckdb_get_list_child(list, i);
    numbers.push_back(duckdb_get_int64(item));
    duckdb_destroy_value(&item);
  }
  duckdb_destroy_value(&list);
  return numbers;
}

void add_result_column(duckdb_bind_info info, size_t column, duckdb_logical_type type) {
  duckdb_bind_add_result_column(info, fmt::format("p{}", column).c_str(), type);
  duckdb_destroy_logical_type(&type);
}

void bind(duckdb_bind_info info) try {
  auto reading = std::make_unique<Reading>();
  reading->table = MemoryTable::find(integer_parameter(info, 0));
  if (!reading->table) throw std::runtime_error("no such table in memory");
  reading->begin = integer_parameter(info, 1);
  reading->end = std::min(integer_parameter(info, 2), reading->table->rows());
  reading->rows = list_parameter(info, 3);
  const auto* database = static_cast<duckdb_database*>(duckdb_bind_get_extra_info(info));
  if (duckdb_connect(*database, &reading->connection) == DuckDBError)
    throw std::runtime_error("no connection");
  const int columns = reading->table->schema()->num_fields();
  for (int column = 0; column < columns; ++column) {
    reading->columns.push_back(std::make_unique<Column>(reading->connection, *reading->table,
                                                        column, !reading->rows.empty()));
    add_result_column(info, reading->columns.size() - 1, reading->columns.back()->logical_type());
  }
  add_result_column(info, reading->columns.size(), duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  const int64_t rows = reading->rows.empty() ? reading->end - reading->begin
                                             : static_cast<int64_t>(reading->rows.size());
  duckdb_bind_set_cardinality(info, static_cast<idx_t>(std::max<int64_t>(0, rows)), true);
  duckdb_bind_set_bind_data(info, reading.release(), destroy<Reading>);
} catch (const std::exception& error) {
  duckdb_bind_set_error(info, error.what());
}

void init(duckdb_init_info info) try {
  const auto& reading = *static_cast<const Reading*>(duckdb_init_get_bind_data(info));
  auto run = std::make_unique<Run>();
  run->next = reading.rows.empty() ? reading.begin : 0;
  for (idx_t i = 0; i < duckdb_init_get_column_count(info); ++i) {
    const idx_t column = duckdb_init_get_column_index(info, i);
    run->columns.push_back(column < reading.columns.size() ? reading.columns[column].get()
                                                           : nullptr);
  }
  duckdb_init_set_init_data(info, run.release(), destroy<Run>);
  duckdb_init_set_max_threads(info, std::max(1U, std::thread::hardware_concurrency()));
} catch (const std::exception& error) {
  duckdb_init_set_error(info, error.what());
}

void init_thread(duckdb_init_info info) {
  duckdb_init_set_init_data(info, std::make_unique<Share>().release(), destroy<Share>);
}

/// The next batch, or all of the rows by number, is this thread's.
void take_share(const Reading& reading, Run& run, Share& share) {
  const std::lock_guard lock(run.mutex);
  share.next = run.next;
  if (!reading.rows.empty())
    share.end = static_cast<int64_t>(reading.rows.size());
  else if (run.next < reading.end)
    share.end = std::min(reading.end, reading.table->batch_end(run.next));
  else
    share.end = run.next;
  run.next = share.end;
}

void put_row_numbers(const Reading& reading, int64_t begin, int64_t end, duckdb_vector vector) {
  auto* numbers = static_cast<int64_t*>(duckdb_vector_get_data(vector));
  for (int64_t i = begin; i < end; ++i)
    *numbers++ = reading.rows.empty() ? i : reading.rows[static_cast<size_t>(i)];
}

ArrayPtr values_of(const Reading& reading, int column, int64_t begin, int64_t end) {
  if (reading.rows.empty()) return reading.table->slice(column, begin, end);
  const auto rows =
      std::span(reading.rows).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  return must(reading.table->take({&column, 1}, rows))[0];
}

void read(duckdb_function_info info, duckdb_data_chunk output) try {
  const auto& reading = *static_cast<const Reading*>(duckdb_function_get_bind_data(info));
  auto& run = *static_cast<Run*>(duckdb_function_get_init_data(info));
  auto& share = *static_cast<Share*>(duckdb_function_get_local_init_data(info));
  if (share.next == share.end) take_share(reading, run, share);
  const int64_t begin = share.next;
  const int64_t end = std::min(share.end, begin + static_cast<int64_t>(duckdb_vector_size()));
  for (size_t i = 0; i < run.columns.size(); ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
    if (begin == end) break;
    if (const Column* column = run.columns[i])
      column->put(values_of(reading, column->column(), begin, end), vector);
    else
      put_row_numbers(reading, begin, end, vector);
  }
  share.next = end;
  duckdb_data_chunk_set_size(output, static_cast<idx_t>(end - begin));
} catch (const std::exception& error) {
  duckdb_function_set_error(info, error.what());
}

void add_parameter(duckdb_table_function function, duckdb_logical_type type) {
  duckdb_table_function_add_parameter(function, type);
  duckdb_destroy_logical_type(&type);
}

}  // namespace

duckdb_state register_memory_function(duckdb_connection connection, duckdb_database* database) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, kMemoryFunction);
  for (int i = 0; i < 3; ++i)
    add_parameter(function, duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_logical_type integer = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  add_parameter(function, duckdb_create_list_type(integer));
  duckdb_destroy_logical_type(&integer);
  duckdb_table_function_set_extra_info(function, database, nullptr);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_local_init(function, init_thread);
  duckdb_table_function_set_function(function, read);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const duckdb_state state = duckdb_register_table_function(connection, function);
  duckdb_destroy_table_function(&function);
  return state;
}

}  // namespace bowshot::duckdb_sql
