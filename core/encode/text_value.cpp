#include "encode/text_value.hpp"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>
#include <fmt/compile.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <string_view>
#include <utility>
#include <vector>

#include "encode/text_escape.hpp"
#include "query/iso8601.hpp"

namespace bowshot {
namespace {

/// The greatest integer up to which JavaScript's numbers tell all integers apart.
constexpr int64_t kJsonIntegerMax = int64_t{1} << 53;

void append_null(TextStyle style, std::string& out) {
  if (style == TextStyle::kJson) out += "null";
}

template <std::integral Integer>
void append_integer(Integer value, TextStyle style, std::string& out) {
  std::array<char, 24> text;
  const auto* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  bool quoted = false;
  if constexpr (sizeof(Integer) == 8) {
    quoted = style == TextStyle::kJson &&
             (std::cmp_greater(value, kJsonIntegerMax) || std::cmp_less(value, -kJsonIntegerMax));
  }
  if (quoted) out += '"';
  out.append(text.data(), end - text.data());
  if (quoted) out += '"';
}

/// The shortest text that reads back as the same float64: readers of JSON and CSV know no other, so
/// that float32 0.1 is written as what it is, 0.10000000149011612.
void append_float(double value, TextStyle style, std::string& out) {
  if (!std::isfinite(value)) {
    if (style == TextStyle::kJson) {
      out += "null";
    } else {
      out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    }
    return;
  }
  std::array<char, 32> text;
  const char* end = fmt::format_to(text.data(), FMT_COMPILE("{}"), value);
  out.append(text.data(), end - text.data());
}

/// All digits, without an exponent: `-0.050` for -50 at scale 3, `1200` for 12 at scale -2.
void append_decimal(const arrow::Decimal128& value, int32_t scale, std::string& out) {
  std::string digits = value.ToIntegerString();
  if (digits.front() == '-') {
    out += '-';
    digits.erase(0, 1);
  }
  if (scale <= 0) {
    out += digits;
    if (digits != "0") out.append(-scale, '0');
    return;
  }
  if (std::ssize(digits) <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  out.append(digits, 0, digits.size() - scale);
  out += '.';
  out.append(digits, digits.size() - scale);
}

void append_text(std::string_view text, TextStyle style, std::string& out) {
  style == TextStyle::kJson ? append_json_text(text, out) : append_csv_text(text, out);
}

/// Calls `append_value(value, out)` for what is not null.
template <class ArrayType, class AppendValue>
class LeafWriter final : public CellWriter {
 public:
  LeafWriter(const arrow::Array& array, TextStyle style, AppendValue append_value)
      : array_(&static_cast<const ArrayType&>(array)),
        append_value_(std::move(append_value)),
        style_(style) {}

  void append(int64_t row, std::string& out) const override {
    if (array_->IsNull(row)) return append_null(style_, out);
    append_value_(array_->GetView(row), out);
  }

 private:
  const ArrayType* array_;  // the array given to make_cell_writer, which outlives this
  AppendValue append_value_;
  TextStyle style_;
};

template <class ArrayType, class AppendValue>
std::unique_ptr<CellWriter> leaf(const arrow::Array& array, TextStyle style,
                                 AppendValue append_value) {
  return std::make_unique<LeafWriter<ArrayType, AppendValue>>(array, style,
                                                              std::move(append_value));
}

/// The same between quotes in JSON: for text that never needs an escape.
template <class ArrayType, class AppendValue>
std::unique_ptr<CellWriter> quoted_leaf(const arrow::Array& array, TextStyle style,
                                        AppendValue append_value) {
  if (style == TextStyle::kCsv) return leaf<ArrayType>(array, style, std::move(append_value));
  return leaf<ArrayType>(array, style, [append_value](auto value, std::string& out) {
    out += '"';
    append_value(value, out);
    out += '"';
  });
}

class ListWriter final : public CellWriter {
 public:
  ListWriter(const arrow::ListArray& array, std::shared_ptr<arrow::Array> values,
             std::unique_ptr<CellWriter> items)
      : array_(&array), values_(std::move(values)), items_(std::move(items)) {}

  void append(int64_t row, std::string& out) const override {
    if (array_->IsNull(row)) return append_null(TextStyle::kJson, out);
    out += '[';
    for (int64_t i = array_->value_offset(row); i < array_->value_offset(row + 1); ++i) {
      if (i > array_->value_offset(row)) out += ',';
      items_->append(i, out);
    }
    out += ']';
  }

 private:
  const arrow::ListArray* array_;         // outlives this
  std::shared_ptr<arrow::Array> values_;  // shared with the list's data; items_ refers to it
  std::unique_ptr<CellWriter> items_;
};

class StructWriter final : public CellWriter {
 public:
  struct Field {
    std::string key;                      // `"name":`, with the comma before it from the second on
    std::shared_ptr<arrow::Array> array;  // shared with the struct's data; `writer` refers to it
    std::unique_ptr<CellWriter> writer;
  };

  StructWriter(const arrow::Array& array, std::vector<Field> fields)
      : array_(&array), fields_(std::move(fields)) {}

  void append(int64_t row, std::string& out) const override {
    if (array_->IsNull(row)) return append_null(TextStyle::kJson, out);
    out += '{';
    for (const Field& field : fields_) {
      out += field.key;
      field.writer->append(row, out);
    }
    out += '}';
  }

 private:
  const arrow::Array* array_;  // outlives this
  std::vector<Field> fields_;
};

/// The text that a code stands for.
class DictionaryWriter final : public CellWriter {
 public:
  DictionaryWriter(const arrow::DictionaryArray& array, std::unique_ptr<CellWriter> values,
                   TextStyle style)
      : array_(&array), values_(std::move(values)), style_(style) {}

  void append(int64_t row, std::string& out) const override {
    if (array_->IsNull(row)) return append_null(style_, out);
    values_->append(array_->GetValueIndex(row), out);
  }

 private:
  const arrow::DictionaryArray* array_;  // outlives this, and with it the dictionary of values_
  std::unique_ptr<CellWriter> values_;
  TextStyle style_;
};

/// A nested value within CSV: its JSON text as one field.
class JsonFieldWriter final : public CellWriter {
 public:
  JsonFieldWriter(const arrow::Array& array, std::unique_ptr<CellWriter> json)
      : array_(&array), json_(std::move(json)) {}

  void append(int64_t row, std::string& out) const override {
    if (array_->IsNull(row)) return;
    text_.clear();
    json_->append(row, text_);
    append_csv_text(text_, out);
  }

 private:
  const arrow::Array* array_;  // outlives this
  std::unique_ptr<CellWriter> json_;
  mutable std::string text_;  // kept for its capacity
};

Result<std::unique_ptr<CellWriter>> make_list_writer(const arrow::Array& array) {
  const auto& list = static_cast<const arrow::ListArray&>(array);
  auto values = list.values();
  BOWSHOT_ASSIGN(auto items, make_cell_writer(*values, TextStyle::kJson));
  return std::make_unique<ListWriter>(list, std::move(values), std::move(items));
}

Result<std::unique_ptr<CellWriter>> make_struct_writer(const arrow::Array& array) {
  const auto& structure = static_cast<const arrow::StructArray&>(array);
  std::vector<StructWriter::Field> fields;
  for (int i = 0; i < structure.num_fields(); ++i) {
    StructWriter::Field field{.key = i > 0 ? "," : "", .array = structure.field(i), .writer = {}};
    append_json_text(structure.struct_type()->field(i)->name(), field.key);
    field.key += ':';
    BOWSHOT_ASSIGN(field.writer, make_cell_writer(*field.array, TextStyle::kJson));
    fields.push_back(std::move(field));
  }
  return std::make_unique<StructWriter>(array, std::move(fields));
}

Result<std::unique_ptr<CellWriter>> make_nested_writer(const arrow::Array& array, TextStyle style) {
  BOWSHOT_ASSIGN(auto json, array.type_id() == arrow::Type::LIST ? make_list_writer(array)
                                                                 : make_struct_writer(array));
  if (style == TextStyle::kJson) return json;
  return std::make_unique<JsonFieldWriter>(array, std::move(json));
}

template <class ArrayType>
std::unique_ptr<CellWriter> make_integer_writer(const arrow::Array& array, TextStyle style) {
  return leaf<ArrayType>(
      array, style, [style](auto value, std::string& out) { append_integer(value, style, out); });
}

template <class ArrayType>
std::unique_ptr<CellWriter> make_float_writer(const arrow::Array& array, TextStyle style) {
  return leaf<ArrayType>(
      array, style, [style](auto value, std::string& out) { append_float(value, style, out); });
}

std::unique_ptr<CellWriter> make_half_writer(const arrow::Array& array, TextStyle style) {
  return leaf<arrow::HalfFloatArray>(array, style, [style](uint16_t bits, std::string& out) {
    append_float(arrow::util::Float16::FromBits(bits).ToFloat(), style, out);
  });
}

std::unique_ptr<CellWriter> make_bool_writer(const arrow::Array& array, TextStyle style) {
  return leaf<arrow::BooleanArray>(
      array, style, [](bool value, std::string& out) { out += value ? "true" : "false"; });
}

std::unique_ptr<CellWriter> make_text_writer(const arrow::Array& array, TextStyle style) {
  return leaf<arrow::StringArray>(array, style, [style](std::string_view text, std::string& out) {
    append_text(text, style, out);
  });
}

std::unique_ptr<CellWriter> make_binary_writer(const arrow::Array& array, TextStyle style) {
  return leaf<arrow::BinaryArray>(array, style, [style](std::string_view bytes, std::string& out) {
    // In CSV no bytes are `""`, as no text is: nothing at all means null.
    const bool quoted = style == TextStyle::kJson || bytes.empty();
    if (quoted) out += '"';
    append_base64(bytes, out);
    if (quoted) out += '"';
  });
}

std::unique_ptr<CellWriter> make_date_writer(const arrow::Array& array, TextStyle style) {
  return quoted_leaf<arrow::Date32Array>(array, style, &append_date);
}

std::unique_ptr<CellWriter> make_time_writer(const arrow::Array& array, TextStyle style) {
  const auto unit = static_cast<const arrow::Time64Type&>(*array.type()).unit();
  return quoted_leaf<arrow::Time64Array>(
      array, style, [unit](int64_t value, std::string& out) { append_time(value, unit, out); });
}

std::unique_ptr<CellWriter> make_timestamp_writer(const arrow::Array& array, TextStyle style) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  return quoted_leaf<arrow::TimestampArray>(
      array, style,
      [unit = type.unit(), is_instant = !type.timezone().empty()](int64_t value, std::string& out) {
        append_timestamp(value, unit, is_instant, out);
      });
}

std::unique_ptr<CellWriter> make_duration_writer(const arrow::Array& array, TextStyle style) {
  const auto unit = static_cast<const arrow::DurationType&>(*array.type()).unit();
  return quoted_leaf<arrow::DurationArray>(
      array, style, [unit](int64_t value, std::string& out) { append_duration(value, unit, out); });
}

std::unique_ptr<CellWriter> make_decimal_writer(const arrow::Array& array, TextStyle style) {
  const auto scale = static_cast<const arrow::Decimal128Type&>(*array.type()).scale();
  return quoted_leaf<arrow::Decimal128Array>(
      array, style, [scale](std::string_view bytes, std::string& out) {
        append_decimal(arrow::Decimal128(reinterpret_cast<const uint8_t*>(bytes.data())), scale,
                       out);
      });
}

Result<std::unique_ptr<CellWriter>> make_dictionary_writer(const arrow::Array& array,
                                                           TextStyle style) {
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
  BOWSHOT_ASSIGN(auto values, make_cell_writer(*dictionary.dictionary(), style));
  return std::make_unique<DictionaryWriter>(dictionary, std::move(values), style);
}

}  // namespace

Result<std::unique_ptr<CellWriter>> make_cell_writer(const arrow::Array& array, TextStyle style) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return make_bool_writer(array, style);
    case arrow::Type::INT8:
      return make_integer_writer<arrow::Int8Array>(array, style);
    case arrow::Type::INT16:
      return make_integer_writer<arrow::Int16Array>(array, style);
    case arrow::Type::INT32:
      return make_integer_writer<arrow::Int32Array>(array, style);
    case arrow::Type::INT64:
      return make_integer_writer<arrow::Int64Array>(array, style);
    case arrow::Type::UINT8:
      return make_integer_writer<arrow::UInt8Array>(array, style);
    case arrow::Type::UINT16:
      return make_integer_writer<arrow::UInt16Array>(array, style);
    case arrow::Type::UINT32:
      return make_integer_writer<arrow::UInt32Array>(array, style);
    case arrow::Type::UINT64:
      return make_integer_writer<arrow::UInt64Array>(array, style);
    case arrow::Type::HALF_FLOAT:
      return make_half_writer(array, style);
    case arrow::Type::FLOAT:
      return make_float_writer<arrow::FloatArray>(array, style);
    case arrow::Type::DOUBLE:
      return make_float_writer<arrow::DoubleArray>(array, style);
    case arrow::Type::STRING:
      return make_text_writer(array, style);
    case arrow::Type::BINARY:
      return make_binary_writer(array, style);
    case arrow::Type::DATE32:
      return make_date_writer(array, style);
    case arrow::Type::TIME64:
      return make_time_writer(array, style);
    case arrow::Type::TIMESTAMP:
      return make_timestamp_writer(array, style);
    case arrow::Type::DURATION:
      return make_duration_writer(array, style);
    case arrow::Type::DECIMAL128:
      return make_decimal_writer(array, style);
    case arrow::Type::LIST:
    case arrow::Type::STRUCT:
      return make_nested_writer(array, style);
    case arrow::Type::DICTIONARY:
      return make_dictionary_writer(array, style);
    default:
      break;
  }
  return fail(ErrorCode::kInternal, "type " + array.type()->ToString() + " has no text form");
}

}  // namespace bowshot
