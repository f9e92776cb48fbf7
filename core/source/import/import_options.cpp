#include "source/import/import_options.hpp"

#include <arrow/type.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>

namespace bowshot {

namespace {

std::string shown(char c) {
  return c < ' ' ? fmt::format("\\x{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
}

std::unexpected<Error> bad_option(std::string_view key, std::string_view why) {
  Error error{.code = ErrorCode::kBadParameter, .detail = fmt::format("{}: {}", key, why)};
  error.parameter = key;
  return fail(std::move(error));
}

std::unexpected<Error> unknown_type(std::string_view name) {
  return bad_option("types", fmt::format("\"{}\" is no type that text can be read as", name));
}

/// `prefix<inner>`-like texts: the inside, or nothing.
std::optional<std::string_view> inside(std::string_view name, std::string_view prefix, char end) {
  if (!name.starts_with(prefix) || !name.ends_with(end)) return std::nullopt;
  return name.substr(prefix.size(), name.size() - prefix.size() - 1);
}

std::optional<arrow::TimeUnit::type> parse_unit(std::string_view name) {
  if (name == "s") return arrow::TimeUnit::SECOND;
  if (name == "ms") return arrow::TimeUnit::MILLI;
  if (name == "us") return arrow::TimeUnit::MICRO;
  if (name == "ns") return arrow::TimeUnit::NANO;
  return std::nullopt;
}

Result<std::shared_ptr<arrow::DataType>> parse_timestamp(std::string_view name,
                                                         std::string_view inner) {
  constexpr std::string_view kZone = ", tz=";
  const size_t comma = inner.find(kZone);
  const auto unit = parse_unit(inner.substr(0, comma));
  if (!unit) return unknown_type(name);
  if (comma == std::string_view::npos) return arrow::timestamp(*unit);
  return arrow::timestamp(*unit, std::string(inner.substr(comma + kZone.size())));
}

Result<std::shared_ptr<arrow::DataType>> parse_decimal(std::string_view name,
                                                       std::string_view inner) {
  constexpr int32_t kPrecisionMax = 38;
  int32_t precision = 0;
  int32_t scale = 0;
  const char* const start = inner.data();
  const char* const end = start + inner.size();
  auto read = std::from_chars(start, end, precision);
  if (read.ec != std::errc() || !std::string_view(read.ptr, end).starts_with(", "))
    return unknown_type(name);
  read = std::from_chars(read.ptr + 2, end, scale);
  if (read.ec != std::errc() || read.ptr != end || precision < 1 || precision > kPrecisionMax ||
      scale < 0 || scale > precision)
    return unknown_type(name);
  return arrow::decimal128(precision, scale);
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> parse_type_name(std::string_view name) {
  static const std::vector<std::shared_ptr<arrow::DataType>> kPlain = {
      arrow::int8(),  arrow::int16(),  arrow::int32(),   arrow::int64(),
      arrow::uint8(), arrow::uint16(), arrow::uint32(),  arrow::uint64(),
      arrow::utf8(),  arrow::binary(), arrow::boolean(),
  };
  for (const auto& type : kPlain)
    if (type->ToString() == name) return type;
  if (name == "utf8") return arrow::utf8();
  if (name == "float32") return arrow::float32();
  if (name == "float64") return arrow::float64();
  if (name == "date32") return arrow::date32();
  if (name == "time64[us]") return arrow::time64(arrow::TimeUnit::MICRO);
  if (name == "dictionary<utf8>") return arrow::dictionary(arrow::int32(), arrow::utf8());
  if (const auto inner = inside(name, "timestamp[", ']')) return parse_timestamp(name, *inner);
  if (const auto inner = inside(name, "decimal128(", ')')) return parse_decimal(name, *inner);
  return unknown_type(name);
}

Result<void> ImportOptions::check() const {
  const auto is_line_end = [](std::optional<char> c) { return c == '\n' || c == '\r'; };
  if (delimiter == '\0' || is_line_end(delimiter))
    return bad_option("delimiter", "it is one character, and not the end of a line");
  if (is_line_end(quote) || (quote && *quote != '\0' && quote == delimiter))
    return bad_option("quote", fmt::format("\"{}\" cannot be told from the delimiter or the end "
                                           "of a line",
                                           shown(*quote)));
  if (escape == '\0' || is_line_end(escape) || (escape && escape == delimiter))
    return bad_option("escape", "it is one character, and neither delimiter nor end of a line");
  if (decimal == '\n' || decimal == '\0' || decimal == delimiter)
    return bad_option("decimal", "it is one character, and not the delimiter");
  for (const auto& [column, type] : types) BOWSHOT_TRY(parse_type_name(type));
  return {};
}

std::string ImportOptions::canonical() const {
  const auto character = [](std::optional<char> c) { return c ? shown(*c) : std::string("auto"); };
  std::string text = fmt::format(
      "delimiter={} quote={} escape={} header={} decimal={} encoding={} skip_bad_rows={}\n",
      character(delimiter), character(quote), character(escape),
      header ? (*header ? "yes" : "no") : "auto", shown(decimal), encoding, skip_bad_rows);
  if (timestamp_format)
    text += fmt::format("timestamp_format={} {}\n", timestamp_format->size(), *timestamp_format);
  for (const std::string& null : nulls) text += fmt::format("null={} {}\n", null.size(), null);
  for (const auto& [column, type] : types)
    text += fmt::format("type={} {} {}\n", column.size(), column, type);
  return text;
}

}  // namespace bowshot
