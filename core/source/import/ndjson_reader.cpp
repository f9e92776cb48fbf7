#include "source/import/ndjson_reader.hpp"

#include <arrow/buffer.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "source/data_type.hpp"

namespace bowshot {

namespace {

constexpr size_t kBlockBytes = 2 << 20;
constexpr size_t kLineBytesMax = 64 << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

using TypePtr = std::shared_ptr<arrow::DataType>;

Result<arrow::FieldVector> join_fields(const arrow::FieldVector& a, const arrow::FieldVector& b) {
  arrow::FieldVector fields = a;
  for (const auto& other : b) {
    const auto found =
        std::ranges::find(fields, other->name(),
                          [](const auto& field) -> const std::string& { return field->name(); });
    if (found == fields.end()) {
      fields.push_back(other);
      continue;
    }
    auto type = join_json_types((*found)->type(), other->type());
    if (!type)
      return fail(ErrorCode::kBadData,
                  fmt::format("\"{}\" is {}", other->name(), type.error().detail));
    *found = arrow::field(other->name(), *std::move(type));
  }
  return fields;
}

/// Of Arrow's "... in row 12": 12, which counts from 0.
std::optional<int64_t> row_of(std::string_view message) {
  constexpr std::string_view kRow = "in row ";
  const size_t begin = message.rfind(kRow);
  if (begin == std::string_view::npos) return std::nullopt;
  int64_t row = 0;
  const auto read =
      std::from_chars(message.data() + begin + kRow.size(), message.data() + message.size(), row);
  if (read.ec != std::errc()) return std::nullopt;
  return row;
}

/// Of "JSON parse error: Column(/a/b) changed from number to string in row 1": what may be told,
/// and what would help.
std::string what_of(std::string_view message) {
  constexpr std::string_view kChanged = ") changed from ";
  const size_t begin = message.find("Column(");
  const size_t end = message.rfind(" in row ");
  if (begin == std::string_view::npos || end == std::string_view::npos || begin > end)
    return "is no JSON object that can be read";
  const std::string_view what = message.substr(begin, end - begin);
  const size_t changed = what.find(kChanged);
  if (changed == std::string_view::npos) return std::string(what);
  return fmt::format(
      "{}{}; a field has one type in all rows, or null (integers and fractions are float64 "
      "together): write its values as text to keep them all",
      what.substr(0, changed + 1), what.substr(changed + 1));
}

}  // namespace

Result<TypePtr> join_json_types(const TypePtr& a, const TypePtr& b) {
  using arrow::Type;
  if (a->Equals(*b) || b->id() == Type::NA) return a;
  if (a->id() == Type::NA) return b;
  const auto both = [&](Type::type one, Type::type other) {
    return (a->id() == one && b->id() == other) || (a->id() == other && b->id() == one);
  };
  if (both(Type::INT64, Type::DOUBLE)) return arrow::float64();
  if (both(Type::TIMESTAMP, Type::STRING)) return arrow::utf8();
  if (both(Type::TIMESTAMP, Type::TIMESTAMP)) return arrow::timestamp(arrow::TimeUnit::NANO);
  if (both(Type::LIST, Type::LIST)) {
    BOWSHOT_ASSIGN(const auto item, join_json_types(a->field(0)->type(), b->field(0)->type()));
    return arrow::list(a->field(0)->WithType(item));
  }
  if (both(Type::STRUCT, Type::STRUCT)) {
    BOWSHOT_ASSIGN(const auto fields, join_fields(a->fields(), b->fields()));
    return arrow::struct_(fields);
  }
  return fail(ErrorCode::kBadData,
              fmt::format("{} here and {} there", type_name(*a), type_name(*b)));
}

Result<std::unique_ptr<NdjsonReader>> NdjsonReader::make(FileList files,
                                                         const ImportOptions& options,
                                                         const StopToken& stop,
                                                         ConversionProgress* progress) {
  std::unique_ptr<NdjsonReader> reader(new NdjsonReader(std::move(files), options, stop, progress));
  arrow::FieldVector given;
  for (const auto& [name, type_name] : options.types) {
    BOWSHOT_ASSIGN(auto type, parse_type_name(type_name));
    given.push_back(arrow::field(name, std::move(type)));
  }
  reader->schema_ = arrow::schema(std::move(given));
  return reader;
}

Result<void> NdjsonReader::rewind() {
  files_.rewind();
  stream_.reset();
  return {};
}

Result<void> NdjsonReader::open_file() {
  BOWSHOT_ASSIGN(stream_, files_.open_text(options_.encoding));
  buffer_.clear();
  has_ended_ = false;
  row_number_ = 0;
  return {};
}

Result<std::string> NdjsonReader::next_lines() {
  for (;;) {
    if (stop_.stop_requested()) return std::unexpected(stop_.error());
    const size_t held = buffer_.size();
    if (!has_ended_) {
      buffer_.resize(held + kBlockBytes);
      const auto read = stream_->Read(kBlockBytes, buffer_.data() + held);
      buffer_.resize(held + static_cast<size_t>(read.ok() ? *read : 0));
      if (!read.ok()) return std::unexpected(files_.read_error(read.status()));
      has_ended_ = *read == 0;
      if (held == 0 && row_number_ == 0 && buffer_.starts_with(kByteOrderMark))
        buffer_.erase(0, kByteOrderMark.size());
    }
    if (has_ended_) return std::exchange(buffer_, {});
    const size_t end = buffer_.rfind('\n');
    if (end == std::string::npos) {
      if (buffer_.size() < kLineBytesMax) continue;
      return fail(ErrorCode::kBadData,
                  fmt::format("'{}': row {} is longer than {} bytes", files_.current().display_name,
                              row_number_ + 1, kLineBytesMax));
    }
    std::string rest = buffer_.substr(end + 1);
    std::string lines = std::exchange(buffer_, std::move(rest));
    lines.resize(end + 1);
    return lines;
  }
}

std::unexpected<Error> NdjsonReader::bad_lines(const arrow::Status& status) const {
  if (status.IsOutOfMemory())
    return fail(ErrorCode::kOutOfMemory, "not enough memory to convert a block of rows");
  const auto row = row_of(status.message());
  const std::string where = row ? fmt::format("row {}", row_number_ + *row + 1)
                                : fmt::format("after row {}", row_number_);
  return fail(ErrorCode::kBadData, fmt::format("'{}': {}: {}", files_.current().display_name, where,
                                               what_of(status.message())));
}

Result<std::shared_ptr<arrow::RecordBatch>> NdjsonReader::parse(
    const std::shared_ptr<arrow::Buffer>& lines) {
  auto options = arrow::json::ParseOptions::Defaults();
  options.explicit_schema = schema_;
  auto batch = arrow::json::ParseOne(options, lines);
  if (batch.ok()) {
    if (!schema_->Equals(*(*batch)->schema())) schema_ = (*batch)->schema();
    return *std::move(batch);
  }
  // A value that its column's type does not hold: find the types of this block by itself.
  arrow::FieldVector given;
  for (const auto& [name, type] : options_.types) given.push_back(schema_->GetFieldByName(name));
  options.explicit_schema = arrow::schema(std::move(given));
  batch = arrow::json::ParseOne(options, lines);
  if (!batch.ok()) return bad_lines(batch.status());
  auto fields = join_fields(schema_->fields(), (*batch)->schema()->fields());
  if (!fields)
    return fail(ErrorCode::kBadData,
                fmt::format("'{}': from row {} on {}", files_.current().display_name,
                            row_number_ + 1, fields.error().detail));
  schema_ = arrow::schema(*std::move(fields));
  options.explicit_schema = schema_;
  batch = arrow::json::ParseOne(options, lines);
  if (!batch.ok()) return bad_lines(batch.status());
  return *std::move(batch);
}

Result<std::shared_ptr<arrow::RecordBatch>> NdjsonReader::next() {
  while (!files_.is_at_end()) {
    if (!stream_) BOWSHOT_TRY(open_file());
    BOWSHOT_ASSIGN(std::string lines, next_lines());
    if (lines.empty()) {
      stream_.reset();
      files_.advance();
      continue;
    }
    if (lines.find_first_not_of(" \t\r\n") == std::string::npos) continue;
    BOWSHOT_ASSIGN(auto batch, parse(arrow::Buffer::FromString(std::move(lines))));
    row_number_ += batch->num_rows();
    if (batch->num_rows() > 0) return batch;
  }
  BOWSHOT_TRY(files_.check_unchanged());
  return nullptr;
}

boost::json::object NdjsonReader::details() const {
  boost::json::object types;
  for (const auto& field : schema_->fields()) {
    const auto type = protocol_type(*field->type());
    types[field->name()] = type ? type_name(**type) : "";
  }
  return {{"types", std::move(types)}};
}

}  // namespace bowshot
