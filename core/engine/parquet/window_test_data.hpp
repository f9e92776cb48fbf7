#pragma once

// For tests only: a table of every type, and plans of windows over it.

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <arrow/json/from_string.h>

#include <limits>
#include <random>
#include <string>

#include "query/plan.hpp"
#include "source/data_type.hpp"

namespace bowshot {

inline NamedExpression column_item(const Dataset& dataset, int column, std::string name) {
  return {std::move(name), std::make_shared<Expression>(Expression{
                               dataset.schema()->field(column)->type(),
                               ColumnReference{ColumnReference::Kind::kDataset, column}})};
}

inline NamedExpression row_number_item(std::string name) {
  return {std::move(name),
          std::make_shared<Expression>(
              Expression{arrow::int64(), ColumnReference{ColumnReference::Kind::kRowNumber, 0}})};
}

inline std::shared_ptr<const Plan> window_plan(std::shared_ptr<const Dataset> dataset,
                                               int64_t offset, std::optional<int64_t> limit) {
  auto plan = std::make_shared<Plan>();
  plan->dataset = std::move(dataset);
  plan->schema = plan->dataset->schema();
  for (int i = 0; i < plan->schema->num_fields(); ++i)
    plan->select.push_back(column_item(*plan->dataset, i, plan->schema->field(i)->name()));
  plan->offset = offset;
  plan->limit = limit;
  return plan;
}

/// A column's values of `type`, drawn from `values` (JSON, null among them) at random.
inline std::shared_ptr<arrow::Array> draw(const std::shared_ptr<arrow::DataType>& type,
                                          const std::vector<std::string>& values, int64_t rows,
                                          std::mt19937_64& random) {
  std::string json = "[";
  for (int64_t i = 0; i < rows; ++i) json += (i ? "," : "") + values[random() % values.size()];
  auto array = arrow::json::ArrayFromJSONString(type, json + "]");
  return array.ValueOrDie();
}

/// Every type of the protocol's table and what is reduced to one, with nulls and extremes.
inline std::shared_ptr<arrow::Table> every_type_table(int64_t rows, uint64_t seed) {
  using arrow::TimeUnit;
  std::mt19937_64 random(seed);
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::vector<std::string>>> columns =
      {
          {arrow::boolean(), {"true", "false", "null"}},
          {arrow::int8(), {"-128", "127", "null"}},
          {arrow::int16(), {"-32768", "32767", "0", "null"}},
          {arrow::int32(), {"-2147483648", "2147483647", "1", "null"}},
          {arrow::int64(), {"-9223372036854775808", "9223372036854775807", "0", "null"}},
          {arrow::uint8(), {"0", "255", "null"}},
          {arrow::uint16(), {"0", "65535", "null"}},
          {arrow::uint32(), {"0", "4294967295", "null"}},
          {arrow::uint64(), {"0", "18446744073709551615", "null"}},
          {arrow::float16(), {"1.5", "-0.0", "null"}},
          {arrow::float32(), {"1.25", "-3.5", "null"}},
          {arrow::float64(), {"1e308", "-0.0", "Inf", "-Inf", "null"}},
          {arrow::utf8(), {R"("")", R"("a,b\"c")", R"("Zürich")", "null"}},
          {arrow::large_utf8(), {R"("x")", R"("yy")", "null"}},
          {arrow::binary(), {R"("")", R"("ab")", "null"}},
          {arrow::fixed_size_binary(3), {R"("abc")", R"("xyz")", "null"}},
          {arrow::date32(), {"-719162", "20000", "null"}},
          {arrow::time32(TimeUnit::MILLI), {"0", "86399999", "null"}},
          {arrow::time64(TimeUnit::MICRO), {"0", "86399999999", "null"}},
          {arrow::timestamp(TimeUnit::MILLI), {"-1", "1700000000000", "null"}},
          {arrow::timestamp(TimeUnit::MICRO, "UTC"), {"-1", "1700000000000000", "null"}},
          {arrow::timestamp(TimeUnit::NANO, "Europe/Rome"), {"1", "1700000000000000001", "null"}},
          {arrow::duration(TimeUnit::MILLI), {"-5", "5", "null"}},
          {arrow::decimal128(5, 2), {R"("-999.99")", R"("0.01")", "null"}},
          {arrow::decimal128(38, 0), {R"("99999999999999999999999999999999999999")", "null"}},
          {arrow::list(arrow::int64()), {"[]", "[1]", "[1, null, 3]", "null"}},
          {arrow::large_list(arrow::large_utf8()), {"[]", R"(["a", null])", "null"}},
          {arrow::list(arrow::list(arrow::int8())), {"[[]]", "[[1, 2], null, []]", "null"}},
          {arrow::struct_({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())}),
           {R"({"a": 1, "b": "x"})", R"({"a": null, "b": null})", R"({"a": 7, "b": ""})", "null"}},
          {arrow::list(arrow::struct_(
               {arrow::field("k", arrow::utf8()), arrow::field("v", arrow::float64())})),
           {R"([{"k": "a", "v": 1.5}, null])", "[]", "null"}},
          {arrow::map(arrow::utf8(), arrow::int64()), {R"([["k", 1], ["l", null]])", "[]", "null"}},
          {arrow::dictionary(arrow::int8(), arrow::utf8()),
           {R"("red")", R"("green")", R"("")", "null"}},
          {arrow::null(), {"null"}},
      };
  arrow::FieldVector fields = {arrow::field("id", arrow::int64(), false)};
  arrow::Int64Builder ids;
  for (int64_t i = 0; i < rows; ++i) (void)ids.Append(i);
  arrow::ArrayVector arrays = {ids.Finish().ValueOrDie()};
  for (const auto& [type, values] : columns) {
    fields.push_back(arrow::field("c" + std::to_string(fields.size()), type));
    arrays.push_back(draw(type, values, rows, random));
  }
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

/// A dictionary column as its values, in one chunk, so that columns compare by value.
inline std::shared_ptr<arrow::ChunkedArray> plain(const arrow::ChunkedArray& column) {
  if (column.type()->id() != arrow::Type::DICTIONARY)
    return std::make_shared<arrow::ChunkedArray>(column.chunks(), column.type());
  arrow::ArrayVector chunks;
  for (const auto& chunk : column.chunks())
    chunks.push_back(arrow::compute::Cast(*chunk, arrow::utf8()).ValueOrDie());
  return std::make_shared<arrow::ChunkedArray>(chunks, arrow::utf8());
}

/// A written table with the types that the protocol gives its columns. Uses recast(), which has its
/// own test against values that were written down.
inline std::shared_ptr<arrow::Table> as_protocol(const arrow::Table& table) {
  arrow::FieldVector fields;
  arrow::ChunkedArrayVector columns;
  for (int i = 0; i < table.num_columns(); ++i) {
    const auto& field = table.schema()->field(i);
    auto type = *protocol_type(*field->type());
    if (type->id() == arrow::Type::DICTIONARY) type = arrow::utf8();
    arrow::ArrayVector chunks;
    for (const auto& chunk : table.column(i)->chunks()) chunks.push_back(*recast(chunk, type));
    fields.push_back(arrow::field(field->name(), type, field->nullable()));
    columns.push_back(std::make_shared<arrow::ChunkedArray>(chunks, type));
  }
  return arrow::Table::Make(arrow::schema(fields), columns);
}

}  // namespace bowshot
