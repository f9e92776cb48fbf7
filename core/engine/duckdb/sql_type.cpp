#include "engine/duckdb/sql_type.hpp"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/check.hpp"
#include "source/data_type.hpp"

namespace bowshot::duckdb_sql {
namespace {

std::string timestamp_sql_type(const arrow::TimestampType& type) {
  // DuckDB has no zoned nanoseconds: such instants are computed without their zone, in UTC.
  if (type.unit() == arrow::TimeUnit::NANO) return "TIMESTAMP_NS";
  return type.timezone().empty() ? "TIMESTAMP" : "TIMESTAMPTZ";
}

std::string struct_sql_type(const arrow::DataType& type) {
  std::string fields;
  for (const auto& field : type.fields())
    fields += fmt::format("{}{} {}", fields.empty() ? "" : ", ", sql_name(field->name()),
                          sql_type(*field->type()));
  return fmt::format("STRUCT({})", fields);
}

/// Times beyond what DuckDB can hold compare as its infinities do.
std::string timestamp_literal(const arrow::TimestampScalar& value) {
  const auto& type = static_cast<const arrow::TimestampType&>(*value.type);
  const std::string sql = sql_type(type);
  const bool is_nanoseconds = type.unit() == arrow::TimeUnit::NANO;
  const int64_t scale = type.unit() == arrow::TimeUnit::SECOND  ? 1'000'000
                        : type.unit() == arrow::TimeUnit::MILLI ? 1'000
                                                                : 1;
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  // make_timestamp() takes microseconds from the year -290308 on.
  const int64_t min = is_nanoseconds ? -kMax + 1 : -9'223'372'022'400'000'000;
  if (value.value > (kMax - 1) / scale) return fmt::format("CAST('infinity' AS {})", sql);
  if (value.value < min / scale) return fmt::format("CAST('-infinity' AS {})", sql);
  const int64_t number = value.value * scale;
  if (is_nanoseconds) return fmt::format("make_timestamp_ns(CAST({} AS BIGINT))", number);
  const std::string text = fmt::format("make_timestamp(CAST({} AS BIGINT))", number);
  return sql == "TIMESTAMP" ? text : fmt::format("CAST({} AS {})", text, sql);
}

std::string date_literal(int32_t days) {
  // 5877642-06-25 (BC) to 5881580-07-10: beyond are DuckDB's infinities.
  if (days >= 2'147'483'647) return "CAST('infinity' AS DATE)";
  if (days <= -2'147'483'647) return "CAST('-infinity' AS DATE)";
  return fmt::format("make_date(CAST({} AS INTEGER))", days);
}

template <class Scalar>
auto value_of(const arrow::Scalar& value) {
  return static_cast<const Scalar&>(value).value;
}

std::string integer_literal(const arrow::Scalar& value) {
  return fmt::format("CAST({} AS {})", value.ToString(), sql_type(*value.type));
}

}  // namespace

std::string sql_type(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return "BOOLEAN";
    case arrow::Type::INT8:
      return "TINYINT";
    case arrow::Type::INT16:
      return "SMALLINT";
    case arrow::Type::INT32:
      return "INTEGER";
    case arrow::Type::INT64:
      return "BIGINT";
    case arrow::Type::UINT8:
      return "UTINYINT";
    case arrow::Type::UINT16:
      return "USMALLINT";
    case arrow::Type::UINT32:
      return "UINTEGER";
    case arrow::Type::UINT64:
      return "UBIGINT";
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
      return "FLOAT";
    case arrow::Type::DOUBLE:
      return "DOUBLE";
    case arrow::Type::STRING:
    case arrow::Type::DICTIONARY:
      return "VARCHAR";
    case arrow::Type::BINARY:
      return "BLOB";
    case arrow::Type::DATE32:
      return "DATE";
    case arrow::Type::TIME64:
      return "TIME";
    case arrow::Type::TIMESTAMP:
      return timestamp_sql_type(static_cast<const arrow::TimestampType&>(type));
    case arrow::Type::DURATION:
      return "BIGINT";
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return fmt::format("DECIMAL({}, {})", decimal.precision(), decimal.scale());
    }
    case arrow::Type::LIST:
      return sql_type(*type.field(0)->type()) + "[]";
    case arrow::Type::STRUCT:
      return struct_sql_type(type);
    default:
      break;
  }
  BOWSHOT_CHECK(false);  // the source lets no other type in
}

std::string sql_name(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string sql_text(std::string_view text) {
  std::string sql = "'";
  bool has_zero = false;
  for (const char c : text) {
    if (c == '\0') {  // ends a statement: spelt by its code
      sql += "' || chr(0) || '";
      has_zero = true;
    } else {
      if (c == '\'') sql += '\'';
      sql += c;
    }
  }
  sql += '\'';
  return has_zero ? "(" + sql + ")" : sql;
}

std::string sql_float64(double value) {
  if (std::isnan(value)) return "CAST('nan' AS DOUBLE)";
  if (std::isinf(value)) return value < 0 ? "CAST('-inf' AS DOUBLE)" : "CAST('inf' AS DOUBLE)";
  return fmt::format("CAST('{}' AS DOUBLE)", value);
}

Result<std::string> sql_literal(const arrow::Scalar& value) {
  if (!value.is_valid) return fmt::format("CAST(NULL AS {})", sql_type(*value.type));
  switch (value.type->id()) {
    case arrow::Type::BOOL:
      return value_of<arrow::BooleanScalar>(value) ? "TRUE" : "FALSE";
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
      return integer_literal(value);
    case arrow::Type::FLOAT:
      return fmt::format("CAST({} AS FLOAT)", sql_float64(value_of<arrow::FloatScalar>(value)));
    case arrow::Type::DOUBLE:
      return sql_float64(value_of<arrow::DoubleScalar>(value));
    case arrow::Type::STRING:
      return sql_text(static_cast<const arrow::StringScalar&>(value).view());
    case arrow::Type::DATE32:
      return date_literal(value_of<arrow::Date32Scalar>(value));
    case arrow::Type::TIMESTAMP:
      return timestamp_literal(static_cast<const arrow::TimestampScalar&>(value));
    case arrow::Type::DECIMAL128: {
      const auto& type = static_cast<const arrow::DecimalType&>(*value.type);
      return fmt::format("CAST('{}' AS {})",
                         value_of<arrow::Decimal128Scalar>(value).ToString(type.scale()),
                         sql_type(type));
    }
    default:
      break;
  }
  return fail(ErrorCode::kInternal,
              fmt::format("no literal of type {} can be spelt", type_name(*value.type)));
}

}  // namespace bowshot::duckdb_sql
