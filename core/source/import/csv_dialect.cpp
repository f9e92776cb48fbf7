#include "source/import/csv_dialect.hpp"

#include <arrow/csv/parser.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "source/import/csv_values.hpp"

namespace bowshot {

namespace {

constexpr int32_t kSampleRowsMax = 2'000;

/// How well a delimiter splits the sample.
struct Fit {
  int32_t columns = 0;
  int64_t fitting = 0;  // rows of as many values as the first row
  int64_t others = 0;
  double score() const {
    if (columns < 2) return 0;
    return static_cast<double>(fitting) / static_cast<double>(fitting + others);
  }
};

arrow::Status parse(arrow::csv::BlockParser& parser, std::string_view data, bool is_whole) {
  uint32_t parsed = 0;
  return is_whole ? parser.ParseFinal(data, &parsed) : parser.Parse(data, &parsed);
}

Fit fit_of(std::string_view sample, bool is_whole, const CsvDialect& dialect) {
  Fit fit;
  auto options = dialect.parse_options();
  options.invalid_row_handler = [&](const arrow::csv::InvalidRow&) {
    ++fit.others;
    return arrow::csv::InvalidRowResult::Skip;
  };
  arrow::csv::BlockParser parser(options, -1, 1, kSampleRowsMax);
  if (!parse(parser, sample, is_whole).ok()) return {};
  fit.columns = parser.num_cols();
  fit.fitting = parser.num_rows();
  return fit;
}

char detect_delimiter(std::string_view sample, bool is_whole, CsvDialect dialect) {
  char best = ',';
  Fit best_fit;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    if (delimiter == dialect.quote) continue;
    dialect.delimiter = delimiter;
    const Fit fit = fit_of(sample, is_whole, dialect);
    const bool is_better = fit.score() > best_fit.score() ||
                           (fit.score() == best_fit.score() && fit.columns > best_fit.columns);
    if (!is_better) continue;
    best = delimiter;
    best_fit = fit;
  }
  return best;
}

/// Whether the first row is unlike those below: no value of it is of the type of the values below.
bool detect_header(std::string_view sample, bool is_whole, const CsvDialect& dialect,
                   const ImportOptions& options, int32_t columns) {
  auto parse_options = dialect.parse_options();
  parse_options.invalid_row_handler = [](const arrow::csv::InvalidRow&) {
    return arrow::csv::InvalidRowResult::Skip;
  };
  arrow::csv::BlockParser first(parse_options, columns, 1, 1);
  uint32_t first_bytes = 0;
  const auto status =
      is_whole ? first.ParseFinal(sample, &first_bytes) : first.Parse(sample, &first_bytes);
  if (!status.ok()) return true;
  arrow::csv::BlockParser below(parse_options, columns, 1, kSampleRowsMax);
  if (!parse(below, sample.substr(first_bytes), is_whole).ok() || below.num_rows() == 0)
    return true;
  const CsvConversion conversion(options);
  bool fits_somewhere = false;
  for (int32_t column = 0; column < columns; ++column) {
    const auto type = conversion.infer(below, column);
    if (type->id() == arrow::Type::NA || type->id() == arrow::Type::STRING) continue;
    const auto first_type = conversion.infer(first, column);
    if (first_type->id() == arrow::Type::NA) continue;  // an empty value says nothing
    if (!join_csv_types(type, first_type)->Equals(*type) && first_type->id() == arrow::Type::STRING)
      return true;
    fits_somewhere = true;
  }
  return !fits_somewhere;
}

}  // namespace

std::vector<std::string> unique_names(const std::vector<std::string>& header) {
  std::unordered_set<std::string> taken(header.begin(), header.end());
  std::unordered_set<std::string> used;
  std::vector<std::string> names;
  for (size_t i = 0; i < header.size(); ++i) {
    std::string name = header[i].empty() ? fmt::format("column{}", i) : header[i];
    const std::string base = name;
    const bool is_taken = header[i].empty() && taken.contains(name);
    if (is_taken || used.contains(name))
      for (int n = 1; taken.contains(name) || used.contains(name); ++n)
        name = fmt::format("{}_{}", base, n);
    used.insert(name);
    names.push_back(std::move(name));
  }
  return names;
}

arrow::csv::ParseOptions CsvDialect::parse_options() const {
  auto options = arrow::csv::ParseOptions::Defaults();
  options.delimiter = delimiter;
  options.quoting = quote != '\0';
  options.quote_char = quote;
  options.double_quote = !escape || *escape == quote;
  options.escaping = escape && *escape != quote;
  if (options.escaping) options.escape_char = *escape;
  options.newlines_in_values = options.quoting || options.escaping;
  // Of a single column an empty line is a null; elsewhere it is nothing.
  options.ignore_empty_lines = names.size() != 1;
  return options;
}

Result<CsvRow> first_csv_row(std::string_view data, bool is_whole, const CsvDialect& dialect) {
  CsvRow row;
  if (data.find_first_not_of("\r\n") == std::string_view::npos) return row;
  auto options = dialect.parse_options();
  options.ignore_empty_lines = true;
  arrow::csv::BlockParser parser(options, -1, 1, 1);
  uint32_t parsed = 0;
  const auto status = is_whole ? parser.ParseFinal(data, &parsed) : parser.Parse(data, &parsed);
  if (!status.ok()) return fail(ErrorCode::kBadData, "the first row cannot be parsed");
  row.bytes = parsed;
  if (parser.num_rows() == 0) return row;
  const auto visit = [&](const uint8_t* bytes, uint32_t size, bool, bool) {
    row.values.emplace_back(reinterpret_cast<const char*>(bytes), size);
    return arrow::Status::OK();
  };
  (void)parser.VisitLastRow(visit);
  return row;
}

Result<CsvDialect> detect_csv_dialect(std::string_view sample, bool is_whole, bool tab_separated,
                                      const ImportOptions& options) {
  CsvDialect dialect;
  dialect.quote = options.quote.value_or('"');
  dialect.escape = options.escape;
  if (options.delimiter)
    dialect.delimiter = *options.delimiter;
  else
    dialect.delimiter = tab_separated ? '\t' : detect_delimiter(sample, is_whole, dialect);

  BOWSHOT_ASSIGN(const CsvRow row, first_csv_row(sample, is_whole, dialect));
  const std::vector<std::string>& first = row.values;
  if (first.empty())
    return fail(ErrorCode::kBadData, "the file has no rows, not even one of names");
  const auto columns = static_cast<int32_t>(first.size());
  dialect.header =
      options.header ? *options.header : detect_header(sample, is_whole, dialect, options, columns);
  dialect.names = unique_names(dialect.header ? first : std::vector<std::string>(first.size()));
  arrow::util::InitializeUTF8();
  for (size_t i = 0; i < dialect.names.size(); ++i) {
    const std::string& name = dialect.names[i];
    if (!arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t*>(name.data()),
                                   static_cast<int64_t>(name.size())))
      return fail(
          ErrorCode::kBadData,
          fmt::format("the name of column {} is not UTF-8: say the file's encoding", i + 1));
  }
  return dialect;
}

}  // namespace bowshot
