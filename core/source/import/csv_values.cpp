#include "source/import/csv_values.hpp"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/util/value_parsing.h>

#include <algorithm>
#include <array>

namespace bowshot {

namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

const std::vector<TypePtr>& candidates() {
  using arrow::TimeUnit;
  static const std::vector<TypePtr> kTypes = {
      arrow::null(),
      arrow::int64(),
      arrow::boolean(),
      arrow::date32(),
      arrow::time64(TimeUnit::MICRO),
      arrow::timestamp(TimeUnit::MICRO),
      arrow::timestamp(TimeUnit::MICRO, "UTC"),
      arrow::timestamp(TimeUnit::NANO),
      arrow::timestamp(TimeUnit::NANO, "UTC"),
      arrow::decimal128(38, 0),
      arrow::float64(),
  };
  return kTypes;
}

bool holds_text(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY ||
         type.id() == arrow::Type::DICTIONARY;
}

/// `1.0` and `1e3` would pass for decimals without digits after the point.
bool are_whole_numbers(const arrow::csv::BlockParser& rows, int column) {
  const auto visit = [](const uint8_t* data, uint32_t size, bool, bool) -> arrow::Status {
    const bool has_sign = size > 0 && (data[0] == '-' || data[0] == '+');
    const auto is_digit = [](uint8_t c) { return c >= '0' && c <= '9'; };
    if (std::all_of(data + (has_sign ? 1 : 0), data + size, is_digit)) return arrow::Status::OK();
    return arrow::Status::Invalid("no whole number");
  };
  return rows.VisitColumn(column, visit).ok();
}

/// Where a type stands among numbers or times, for join_csv_types; 0: elsewhere.
int number_rank(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::INT64:
      return 1;
    case arrow::Type::DECIMAL128:
      return 2;
    case arrow::Type::DOUBLE:
      return 3;
    default:
      return 0;
  }
}

bool is_zoned(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP &&
         !static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

}  // namespace

CsvConversion::CsvConversion(const ImportOptions& options)
    : value_options_(arrow::csv::ConvertOptions::Defaults()) {
  value_options_.null_values = options.nulls;
  value_options_.true_values = {"true", "True", "TRUE"};
  value_options_.false_values = {"false", "False", "FALSE"};
  value_options_.strings_can_be_null = true;
  value_options_.decimal_point = options.decimal;
  if (options.timestamp_format)
    value_options_.timestamp_parsers = {
        arrow::TimestampParser::MakeStrptime(*options.timestamp_format),
        arrow::TimestampParser::MakeISO8601()};
  text_options_ = value_options_;
  text_options_.quoted_strings_can_be_null = false;
}

arrow::Result<std::shared_ptr<arrow::Array>> CsvConversion::convert(
    const arrow::csv::BlockParser& rows, int column, const TypePtr& type) const {
  const auto& options = holds_text(*type) ? text_options_ : value_options_;
  if (type->id() == arrow::Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(auto converter,
                          arrow::csv::DictionaryConverter::Make(arrow::utf8(), options));
    return converter->Convert(rows, column);
  }
  ARROW_ASSIGN_OR_RAISE(auto converter, arrow::csv::Converter::Make(type, options));
  return converter->Convert(rows, column);
}

TypePtr CsvConversion::infer(const arrow::csv::BlockParser& rows, int column) const {
  for (const TypePtr& type : candidates()) {
    if (type->id() == arrow::Type::DECIMAL128 && !are_whole_numbers(rows, column)) continue;
    if (convert(rows, column, type).ok()) return type;
  }
  return arrow::utf8();
}

bool CsvConversion::has_quoted(const arrow::csv::BlockParser& rows, int column) {
  bool found = false;
  const auto visit = [&](const uint8_t*, uint32_t, bool quoted, bool) {
    found |= quoted;
    return arrow::Status::OK();
  };
  (void)rows.VisitColumn(column, visit);
  return found;
}

TypePtr join_csv_types(const TypePtr& a, const TypePtr& b) {
  if (a->Equals(*b) || b->id() == arrow::Type::NA) return a;
  if (a->id() == arrow::Type::NA) return b;
  if (number_rank(*a) > 0 && number_rank(*b) > 0) return number_rank(*a) > number_rank(*b) ? a : b;
  const bool is_a_time = a->id() == arrow::Type::TIMESTAMP;
  const bool is_b_time = b->id() == arrow::Type::TIMESTAMP;
  if (is_a_time && is_b_time && is_zoned(*a) == is_zoned(*b))
    return arrow::timestamp(arrow::TimeUnit::NANO, is_zoned(*a) ? "UTC" : "");
  if (is_a_time && !is_zoned(*a) && b->id() == arrow::Type::DATE32) return a;
  if (is_b_time && !is_zoned(*b) && a->id() == arrow::Type::DATE32) return b;
  return arrow::utf8();
}

}  // namespace bowshot
