#include "source/import/csv_reader.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "source/data_type.hpp"

namespace bowshot {

namespace {

constexpr size_t kBlockBytes = 2 << 20;
constexpr size_t kReadBytesMin = 64 << 10;
constexpr size_t kRowBytesMax = 64 << 20;
constexpr int32_t kBlockRowsMax = 65'536;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Of Arrow's "Row #12: CSV conversion error to int64: invalid value 'x'": 12. The rest may hold
/// the value.
std::optional<int64_t> row_of(std::string_view message) {
  constexpr std::string_view kRow = "Row #";
  const size_t begin = message.find(kRow);
  if (begin == std::string_view::npos) return std::nullopt;
  int64_t row = 0;
  const char* const first = message.data() + begin + kRow.size();
  const auto read = std::from_chars(first, message.data() + message.size(), row);
  if (read.ec != std::errc()) return std::nullopt;
  return row;
}

}  // namespace

CsvReader::CsvReader(FileList files, const ImportOptions& options, const StopToken& stop,
                     ConversionProgress* progress)
    : files_(std::move(files), stop, progress),
      options_(options),
      stop_(stop),
      conversion_(options_),
      block_bytes_(kBlockBytes) {}

Result<std::unique_ptr<CsvReader>> CsvReader::make(FileList files, const ImportOptions& options,
                                                   const StopToken& stop,
                                                   ConversionProgress* progress) {
  std::unique_ptr<CsvReader> reader(new CsvReader(std::move(files), options, stop, progress));
  BOWSHOT_TRY(reader->detect());
  BOWSHOT_TRY(reader->rewind());
  return reader;
}

Result<void> CsvReader::detect() {
  BOWSHOT_TRY(open_stream());
  BOWSHOT_TRY(read_ahead(kBlockBytes));
  auto dialect = detect_csv_dialect(at_hand(), has_ended_,
                                    format_of(files_.first().path).is_tab_separated, options_);
  if (!dialect) return bad_file_here(dialect.error().detail);
  dialect_ = *std::move(dialect);
  columns_.assign(dialect_.names.size(), {.type = arrow::null()});
  BOWSHOT_TRY(apply_given_types());
  update_schema();
  return {};
}

Result<void> CsvReader::apply_given_types() {
  for (const auto& [name, type] : options_.types) {
    const auto found = std::ranges::find(dialect_.names, name);
    if (found == dialect_.names.end()) {
      Error error{.code = ErrorCode::kBadParameter,
                  .detail = fmt::format("types: '{}' has no column \"{}\"",
                                        files_.first().display_name, name)};
      error.suggestions = suggest(name, dialect_.names);
      return fail(std::move(error));
    }
    Column& column = columns_[static_cast<size_t>(found - dialect_.names.begin())];
    BOWSHOT_ASSIGN(column.type, parse_type_name(type));
    column.is_given = true;
  }
  return {};
}

Result<void> CsvReader::rewind() {
  files_.rewind();
  rows_skipped_ = 0;
  stream_.reset();
  return {};
}

std::unexpected<Error> CsvReader::bad_file_here(std::string_view what) const {
  return fail(ErrorCode::kBadData, fmt::format("'{}': {}", files_.current().display_name, what));
}

Result<void> CsvReader::open_stream() {
  BOWSHOT_ASSIGN(stream_, files_.open_text(options_.encoding));
  buffer_.clear();
  buffer_begin_ = 0;
  block_bytes_ = kBlockBytes;
  has_ended_ = false;
  ended_with_cr_ = false;
  row_number_ = 0;
  BOWSHOT_TRY(read_ahead(kBlockBytes));
  if (at_hand().starts_with(kByteOrderMark)) buffer_begin_ += kByteOrderMark.size();
  const bool is_utf16 = at_hand().starts_with("\xFF\xFE") || at_hand().starts_with("\xFE\xFF");
  if (is_utf16 && options_.encoding == "utf-8")
    return bad_file_here("the text is UTF-16, not UTF-8: say its encoding");
  return {};
}

Result<void> CsvReader::open_file() {
  BOWSHOT_TRY(open_stream());
  return dialect_.header ? skip_header() : Result<void>();
}

Result<void> CsvReader::skip_header() {
  auto row = first_csv_row(at_hand(), has_ended_, dialect_);
  if (!row) return bad_file_here(row.error().detail);
  if (row->values.empty()) return bad_file_here("the file has no rows, not even one of names");
  if (unique_names(row->values) != dialect_.names)
    return bad_file_here(
        fmt::format("its header differs from that of '{}'", files_.first().display_name));
  advance(row->bytes);
  row_number_ = 1;
  return {};
}

Result<void> CsvReader::read_ahead(size_t bytes) {
  if (has_ended_ || at_hand().size() >= bytes) return {};
  buffer_.erase(0, buffer_begin_);
  buffer_begin_ = 0;
  while (buffer_.size() < bytes) {
    if (stop_.stop_requested()) return std::unexpected(stop_.error());
    const size_t held = buffer_.size();
    const size_t wanted = std::max(bytes - held, kReadBytesMin);
    buffer_.resize(held + wanted);
    const auto read = stream_->Read(static_cast<int64_t>(wanted), buffer_.data() + held);
    buffer_.resize(held + static_cast<size_t>(read.ok() ? *read : 0));
    if (!read.ok()) return std::unexpected(files_.read_error(read.status()));
    if (*read == 0) {
      has_ended_ = true;
      break;
    }
  }
  return {};
}

void CsvReader::advance(size_t bytes) {
  if (bytes > 0) ended_with_cr_ = at_hand()[bytes - 1] == '\r';
  buffer_begin_ += bytes;
}

Result<std::unique_ptr<arrow::csv::BlockParser>> CsvReader::parse_block() {
  auto parse_options = dialect_.parse_options();
  parse_options.invalid_row_handler = [this](const arrow::csv::InvalidRow& row) {
    if (options_.skip_bad_rows) return arrow::csv::InvalidRowResult::Skip;
    bad_row_ = BadRow{.number = row.number, .values = row.actual_columns};
    return arrow::csv::InvalidRowResult::Error;
  };
  for (;;) {
    BOWSHOT_TRY(read_ahead(block_bytes_));
    if (ended_with_cr_ && at_hand().starts_with('\n')) advance(1);
    if (at_hand().empty()) return nullptr;
    // Arrow would take the end of the file for the end of an open quote.
    if (has_ended_ && buffer_.back() != '\n' && buffer_.back() != '\r') buffer_ += '\n';
    auto rows = std::make_unique<arrow::csv::BlockParser>(parse_options, dialect_.columns(),
                                                          row_number_ + 1, kBlockRowsMax);
    uint32_t parsed = 0;
    const std::string_view block = at_hand().substr(0, block_bytes_);
    const bool is_last = has_ended_ && block.size() == at_hand().size();
    const auto status = rows->Parse(block, &parsed);
    if (bad_row_)
      return bad_file_here(fmt::format("row {} has {} values where there are {} columns",
                                       bad_row_->number, bad_row_->values, dialect_.columns()));
    if (!status.ok())
      return bad_file_here(fmt::format("row {}: cannot be parsed", row_number_ + 1));
    if (parsed > 0) {
      advance(parsed);
      row_number_ += rows->total_num_rows();
      rows_skipped_ += rows->total_num_rows() - rows->num_rows();
      return rows;
    }
    if (is_last || block_bytes_ >= kRowBytesMax)
      return bad_file_here(fmt::format("row {} does not end within {} bytes: a quote may be open",
                                       row_number_ + 1, block.size()));
    block_bytes_ *= 2;
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> CsvReader::next() {
  while (!files_.is_at_end()) {
    if (stop_.stop_requested()) return std::unexpected(stop_.error());
    if (!stream_) BOWSHOT_TRY(open_file());
    BOWSHOT_ASSIGN(const auto rows, parse_block());
    if (!rows) {
      stream_.reset();
      files_.advance();
      continue;
    }
    if (rows->num_rows() > 0) return convert(*rows);
  }
  BOWSHOT_TRY(files_.check_unchanged());
  return nullptr;
}

Result<std::shared_ptr<arrow::RecordBatch>> CsvReader::convert(
    const arrow::csv::BlockParser& rows) {
  arrow::ArrayVector arrays(columns_.size());
  std::vector<std::optional<Error>> errors(columns_.size());
  const int count = dialect_.columns();
  const auto status =
      arrow::internal::OptionalParallelFor(count > 1, count, [&](int column) -> arrow::Status {
        auto array = convert_column(rows, column);
        if (array)
          arrays[column] = *std::move(array);
        else
          errors[column] = std::move(array).error();
        return arrow::Status::OK();
      });
  for (auto& error : errors)
    if (error) return std::unexpected(*std::move(error));
  if (!status.ok()) return fail(ErrorCode::kNotReady, "the process is ending");
  update_schema();
  return arrow::RecordBatch::Make(schema_, rows.num_rows(), std::move(arrays));
}

Result<std::shared_ptr<arrow::Array>> CsvReader::convert_column(const arrow::csv::BlockParser& rows,
                                                                int index) {
  Column& column = columns_[static_cast<size_t>(index)];
  auto array = conversion_.convert(rows, index, column.type);
  if (!array.ok() && !column.is_given) {
    column.type = join_csv_types(column.type, conversion_.infer(rows, index));
    array = conversion_.convert(rows, index, column.type);
  }
  if (column.type->id() == arrow::Type::NA) {
    column.has_empty_text |= conversion_.has_quoted(rows, index);
    array = conversion_.convert(rows, index, column.shown_type());
  }
  if (array.ok()) return *std::move(array);
  if (array.status().IsOutOfMemory())
    return fail(ErrorCode::kOutOfMemory, "not enough memory to convert a column");
  return std::unexpected(bad_value(index, array.status()));
}

Error CsvReader::bad_value(int index, const arrow::Status& status) const {
  const Column& column = columns_[static_cast<size_t>(index)];
  const auto row = row_of(status.message());
  const bool is_text = bowshot::is_text(*column.type);
  return {.code = ErrorCode::kBadData,
          .detail = fmt::format(
              "'{}': row {}: column \"{}\" {}", files_.current().display_name, row.value_or(0),
              dialect_.names[static_cast<size_t>(index)],
              is_text ? std::string("holds text that is not UTF-8: say the file's encoding")
                      : fmt::format("holds a value that is no {}", type_name(*column.type)))};
}

std::shared_ptr<arrow::DataType> CsvReader::Column::shown_type() const {
  return type->id() == arrow::Type::NA && has_empty_text ? arrow::utf8() : type;
}

void CsvReader::update_schema() {
  arrow::FieldVector fields;
  for (size_t i = 0; i < columns_.size(); ++i)
    fields.push_back(arrow::field(dialect_.names[i], columns_[i].shown_type()));
  auto schema = arrow::schema(std::move(fields));
  if (!schema_ || !schema_->Equals(*schema)) schema_ = std::move(schema);
}

boost::json::object CsvReader::details() const {
  boost::json::object types;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const auto type = protocol_type(*columns_[i].shown_type());
    types[dialect_.names[i]] = type ? type_name(**type) : "";
  }
  const auto character = [](std::optional<char> c) -> boost::json::value {
    if (!c || *c == '\0') return nullptr;
    return boost::json::string(1, *c);
  };
  return {{"delimiter", character(dialect_.delimiter)},
          {"quote", character(dialect_.quote)},
          {"escape", character(dialect_.escape)},
          {"header", dialect_.header},
          {"encoding", options_.encoding},
          {"types", std::move(types)},
          {"rows_skipped", rows_skipped_}};
}

}  // namespace bowshot
