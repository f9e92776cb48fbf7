#pragma once

#include <arrow/type_fwd.h>

#include <string>

#include "query/time_width.hpp"

namespace bowshot::duckdb_sql {

struct BinArguments {
  std::string value;                      // SQL
  const arrow::DataType* type = nullptr;  // of the value; outlives the call
  std::string width;                      // SQL, above 0
};

/// floor(value / width) * width as `type`: exact for integers and decimals, also below zero.
std::string bin_sql(const arrow::DataType& type, const BinArguments& arguments);

/// The start of the bin of `value` (SQL of `type`), in UTC, as `type`. Multiples count from
/// 1970-01-01, of weeks from Monday 1969-12-29, the week that day is in.
std::string time_bin_sql(const arrow::DataType& type, const std::string& value, TimeWidth width);

/// Function::kMicroseconds of `value`, SQL of `type`.
std::string microseconds_sql(const arrow::DataType& type, const std::string& value);

}  // namespace bowshot::duckdb_sql
