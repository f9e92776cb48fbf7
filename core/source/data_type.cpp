#include "source/data_type.hpp"

#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <algorithm>

namespace bowshot {

namespace {

std::string unit_name(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return "s";
    case arrow::TimeUnit::MILLI:
      return "ms";
    case arrow::TimeUnit::MICRO:
      return "us";
    case arrow::TimeUnit::NANO:
      return "ns";
  }
  return "?";
}

std::string timestamp_name(const arrow::TimestampType& type) {
  if (type.timezone().empty()) return fmt::format("timestamp[{}]", unit_name(type.unit()));
  return fmt::format("timestamp[{}, tz={}]", unit_name(type.unit()), type.timezone());
}

std::string struct_name(const arrow::DataType& type) {
  std::string name = "struct<";
  for (const auto& field : type.fields()) {
    if (name.back() != '<') name += ", ";
    name += fmt::format("{}: {}", field->name(), type_name(*field->type()));
  }
  return name + ">";
}

/// The protocol has no such type; `type_name` falls back to Arrow's own spelling for the message.
std::unexpected<Error> no_counterpart(const arrow::DataType& type) {
  return fail(ErrorCode::kBadData, fmt::format("type {} is not supported", type_name(type)));
}

/// A scale below zero becomes zero: Parquet, DuckDB and Polars have none.
Result<std::shared_ptr<arrow::DataType>> decimal_type(const arrow::DecimalType& type) {
  constexpr int32_t kPrecisionMax = 38;
  const int32_t scale = std::max(type.scale(), 0);
  const int32_t precision = type.precision() + scale - type.scale();
  if (precision > kPrecisionMax) return no_counterpart(type);
  return arrow::decimal128(precision, scale);
}

Result<std::shared_ptr<arrow::DataType>> nested_type(const arrow::DataType& type);

Result<std::shared_ptr<arrow::DataType>> struct_type(const arrow::DataType& type) {
  arrow::FieldVector fields;
  for (const auto& field : type.fields()) {
    BOWSHOT_ASSIGN(auto child, nested_type(*field->type()));
    fields.push_back(arrow::field(field->name(), std::move(child)));
  }
  return arrow::struct_(fields);
}

Result<std::shared_ptr<arrow::DataType>> list_type(const arrow::DataType& item) {
  BOWSHOT_ASSIGN(auto child, nested_type(item));
  return arrow::list(arrow::field("item", std::move(child)));
}

/// Below the top level there are no dictionaries: a dictionary is its values.
Result<std::shared_ptr<arrow::DataType>> nested_type(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY)
    return nested_type(*static_cast<const arrow::DictionaryType&>(type).value_type());
  if (type.id() == arrow::Type::EXTENSION)
    return nested_type(*static_cast<const arrow::ExtensionType&>(type).storage_type());
  return protocol_type(type);
}

bool is_any_utf8(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING ||
         type.id() == arrow::Type::STRING_VIEW;
}

}  // namespace

std::string type_name(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::HALF_FLOAT:
      return "float16";
    case arrow::Type::FLOAT:
      return "float32";
    case arrow::Type::DOUBLE:
      return "float64";
    case arrow::Type::STRING:
      return "utf8";
    case arrow::Type::DATE32:
      return "date32";
    case arrow::Type::TIME64:
      return fmt::format("time64[{}]", unit_name(static_cast<const arrow::TimeType&>(type).unit()));
    case arrow::Type::TIMESTAMP:
      return timestamp_name(static_cast<const arrow::TimestampType&>(type));
    case arrow::Type::DURATION:
      return fmt::format("duration[{}]",
                         unit_name(static_cast<const arrow::DurationType&>(type).unit()));
    case arrow::Type::LIST:
      return fmt::format("list<{}>", type_name(*type.field(0)->type()));
    case arrow::Type::STRUCT:
      return struct_name(type);
    case arrow::Type::DICTIONARY:
      return fmt::format("dictionary<{}>",
                         type_name(*static_cast<const arrow::DictionaryType&>(type).value_type()));
    default:
      return type.ToString();  // bool, int8.., binary, decimal128(p, s) are spelt alike
  }
}

Result<std::shared_ptr<arrow::DataType>> protocol_type(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return arrow::utf8();  // every value is null: any type holds them
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::DATE32:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
      return type.GetSharedPtr();
    case arrow::Type::DATE64:
      return arrow::date32();
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return arrow::utf8();
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return arrow::binary();
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:  // nanoseconds are cut: polars writes every time of day in them
      return arrow::time64(arrow::TimeUnit::MICRO);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      return decimal_type(static_cast<const arrow::DecimalType&>(type));
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST_VIEW:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::MAP:
      return list_type(*type.field(0)->type());
    case arrow::Type::STRUCT:
      return struct_type(type);
    case arrow::Type::DICTIONARY: {
      const auto& values = *static_cast<const arrow::DictionaryType&>(type).value_type();
      if (is_any_utf8(values)) return arrow::dictionary(arrow::int32(), arrow::utf8());
      return nested_type(values);
    }
    case arrow::Type::EXTENSION:
      return protocol_type(*static_cast<const arrow::ExtensionType&>(type).storage_type());
    default:
      return no_counterpart(type);
  }
}

bool is_integer(const arrow::DataType& type) {
  return arrow::is_integer(type.id());
}
bool is_floating(const arrow::DataType& type) {
  return arrow::is_floating(type.id());
}
bool is_numeric(const arrow::DataType& type) {
  // Qualified: Arrow has functions of these names, found by the argument.
  return bowshot::is_integer(type) || bowshot::is_floating(type) || arrow::is_decimal(type.id());
}
bool is_text(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::DICTIONARY;
}

}  // namespace bowshot
