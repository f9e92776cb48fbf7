#include "shape/plain_text.hpp"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>

#include "query/iso8601.hpp"

namespace bowshot {

namespace {

std::string float_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return fmt::format("{}", value + 0.0);  // of both zeros, 0
}

/// All digits, without an exponent.
std::string decimal_text(const arrow::Decimal128& value, int32_t scale) {
  std::string digits = value.ToIntegerString();
  const bool is_negative = digits.starts_with('-');
  if (is_negative) digits.erase(0, 1);
  if (scale < 0 && digits != "0") digits.append(static_cast<size_t>(-scale), '0');
  if (scale > 0) {
    const auto places = static_cast<size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, ".");
  }
  return is_negative ? "-" + digits : digits;
}

template <class ArrayType, class Text>
PlainText each(const arrow::Array& array, Text text) {
  return [values = &static_cast<const ArrayType&>(array), text = std::move(text)](int64_t row) {
    return text(values->GetView(row));
  };
}

template <class ArrayType>
PlainText integers(const arrow::Array& array) {
  return each<ArrayType>(array, [](auto value) { return fmt::format("{}", value); });
}

template <class ArrayType>
PlainText floats(const arrow::Array& array) {
  return each<ArrayType>(array, [](auto value) { return float_text(value); });
}

/// By one of the functions of iso8601.hpp, with what it needs to know besides the value.
template <class ArrayType, class Append>
PlainText times(const arrow::Array& array, Append append) {
  return each<ArrayType>(array, [append = std::move(append)](auto value) {
    std::string text;
    append(value, text);
    return text;
  });
}

PlainText timestamps(const arrow::Array& array) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  return times<arrow::TimestampArray>(
      array,
      [unit = type.unit(), is_instant = !type.timezone().empty()](int64_t value, std::string& out) {
        append_timestamp(value, unit, is_instant, out);
      });
}

PlainText decimals(const arrow::Array& array) {
  const int32_t scale = static_cast<const arrow::Decimal128Type&>(*array.type()).scale();
  return each<arrow::Decimal128Array>(array, [scale](std::string_view bytes) {
    return decimal_text(arrow::Decimal128(reinterpret_cast<const uint8_t*>(bytes.data())), scale);
  });
}

}  // namespace

Result<PlainText> make_plain_text(const arrow::Array& array) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return each<arrow::BooleanArray>(
          array, [](bool value) { return std::string(value ? "true" : "false"); });
    case arrow::Type::INT8:
      return integers<arrow::Int8Array>(array);
    case arrow::Type::INT16:
      return integers<arrow::Int16Array>(array);
    case arrow::Type::INT32:
      return integers<arrow::Int32Array>(array);
    case arrow::Type::INT64:
      return integers<arrow::Int64Array>(array);
    case arrow::Type::UINT8:
      return integers<arrow::UInt8Array>(array);
    case arrow::Type::UINT16:
      return integers<arrow::UInt16Array>(array);
    case arrow::Type::UINT32:
      return integers<arrow::UInt32Array>(array);
    case arrow::Type::UINT64:
      return integers<arrow::UInt64Array>(array);
    case arrow::Type::HALF_FLOAT:
      return each<arrow::HalfFloatArray>(array, [](uint16_t bits) {
        return float_text(arrow::util::Float16::FromBits(bits).ToFloat());
      });
    case arrow::Type::FLOAT:
      return floats<arrow::FloatArray>(array);
    case arrow::Type::DOUBLE:
      return floats<arrow::DoubleArray>(array);
    case arrow::Type::STRING:
      return each<arrow::StringArray>(array, [](std::string_view v) { return std::string(v); });
    case arrow::Type::BINARY:
      return each<arrow::BinaryArray>(
          array, [](std::string_view bytes) { return arrow::util::base64_encode(bytes); });
    case arrow::Type::DATE32:
      return times<arrow::Date32Array>(array, append_date);
    case arrow::Type::TIME64:
      return times<arrow::Time64Array>(array, [](int64_t value, std::string& out) {
        append_time(value, arrow::TimeUnit::MICRO, out);
      });
    case arrow::Type::TIMESTAMP:
      return timestamps(array);
    case arrow::Type::DURATION:
      return times<arrow::DurationArray>(
          array, [unit = static_cast<const arrow::DurationType&>(*array.type()).unit()](
                     int64_t value, std::string& out) { append_duration(value, unit, out); });
    case arrow::Type::DECIMAL128:
      return decimals(array);
    default:
      break;
  }
  return fail(ErrorCode::kInternal, "type " + array.type()->ToString() + " has no plain text");
}

}  // namespace bowshot
