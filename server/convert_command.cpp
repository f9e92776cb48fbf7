#include "convert_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "conversion_reporter.hpp"
#include "source/import/conversion.hpp"
#include "stop_on_signal.hpp"

namespace bowshot {

namespace {

struct ConvertOptions {
  std::string in;
  std::string out;
  std::string table;  // of a database
  bool force = false;
  std::string delimiter, quote, escape, decimal;
  bool has_header = false;
  bool has_no_header = false;
  std::vector<std::string> types;  // column=type
  ImportOptions text;
};

constexpr const char* kAbout =
    "Converts files to one Parquet file that Bowshot reads well: small pages with an index and "
    "checksums.\n\n"
    "IN is a file, a directory or a glob of CSV, NDJSON, Arrow or Parquet files, or a DuckDB "
    "database. It is the conversion that `serve` does by itself into its cache.\n";

Result<std::optional<char>> one_character(std::string_view flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (text == "\\t" || text == "tab") return '\t';
  if (text == "none") return '\0';
  if (text.size() == 1) return text[0];
  return fail(ErrorCode::kBadParameter, fmt::format("--{} is one character", flag));
}

Result<ImportOptions> text_options(const ConvertOptions& options) {
  ImportOptions text = options.text;
  BOWSHOT_ASSIGN(text.delimiter, one_character("delimiter", options.delimiter));
  BOWSHOT_ASSIGN(text.quote, one_character("quote", options.quote));
  BOWSHOT_ASSIGN(text.escape, one_character("escape", options.escape));
  BOWSHOT_ASSIGN(const auto decimal, one_character("decimal", options.decimal));
  if (decimal) text.decimal = *decimal;
  if (options.has_header) text.header = true;
  if (options.has_no_header) text.header = false;
  for (const std::string& item : options.types) {
    const size_t equals = item.rfind('=');
    if (equals == std::string::npos)
      return fail(ErrorCode::kBadParameter, fmt::format("--type {}: write COLUMN=TYPE", item));
    text.types[item.substr(0, equals)] = item.substr(equals + 1);
  }
  return text;
}

Result<DuckDbTable> choose_table(const ListedFile& file, const std::string& wanted) {
  BOWSHOT_ASSIGN(const auto tables, list_duckdb_tables(file));
  std::string names;
  for (const DuckDbTable& table : tables) {
    if (wanted == table.dataset_suffix() || (wanted.empty() && tables.size() == 1)) return table;
    names += (names.empty() ? "" : ", ") + table.dataset_suffix();
  }
  return fail(ErrorCode::kBadParameter,
              fmt::format("'{}' holds {}: choose one by --table", file.display_name, names));
}

Result<ConversionResult> run(const ConvertOptions& options) {
  std::error_code ignored;
  if (std::filesystem::exists(options.out, ignored) && !options.force)
    return fail(ErrorCode::kBadParameter,
                fmt::format("'{}' is there already: --force writes over it", options.out));
  ConversionSource source;
  BOWSHOT_ASSIGN(source.files, list_files(options.in));
  source.kind = format_of(source.files.front().path).kind;
  BOWSHOT_ASSIGN(source.options, text_options(options));
  if (source.kind == FileKind::kDuckDb) {
    BOWSHOT_ASSIGN(source.table, choose_table(source.files.front(), options.table));
  }
  const StopOnSignal stop;
  ConversionReporter reporter;
  ConversionProgress progress;
  const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
  if (is_terminal) progress.on_rows = [&] { reporter.progressed(options.in, progress); };
  BOWSHOT_ASSIGN(const auto output, CheckedOutput::make(options.out));
  auto result = convert(source, *output, stop.token(), progress);
  if (is_terminal) fmt::print(stderr, "\r\033[K");
  return result;
}

int run_command(const ConvertOptions& options) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
  const auto result = run(options);
  if (!result) {
    fmt::print(stderr, "bowshot: {}\n", result.error().detail);
    return 1;
  }
  fmt::print("{}: {} rows, {} bytes\n", options.out, result->rows, result->bytes);
  if (const auto* skipped = result->details.if_contains("rows_skipped");
      skipped && skipped->is_int64() && skipped->get_int64() > 0)
    fmt::print("{} rows were skipped\n", skipped->get_int64());
  return 0;
}

}  // namespace

void add_convert_command(CLI::App& app, std::optional<int>& exit_code) {
  CLI::App* command = app.add_subcommand("convert", kAbout);
  const auto options = std::make_shared<ConvertOptions>();  // shared with the callback
  command->add_option("in", options->in, "What is converted")->required()->type_name("IN");
  command->add_option("out", options->out, "The Parquet file")->required()->type_name("OUT");
  command->add_flag("--force", options->force, "Write over OUT");
  command->add_option("--table", options->table, "Table of a database")->type_name("[SCHEMA.]NAME");
  const std::string group = "Text files, where they are not detected";
  const auto text = [&](const char* flag, std::string& value, const char* about) {
    command->add_option(flag, value, about)->type_name("CHARACTER")->group(group);
  };
  text("--delimiter", options->delimiter, "Between values; also the word `tab`");
  text("--quote", options->quote, "Around values; the word `none`: nothing is quoted");
  text("--escape", options->escape, "Before a quote within quotes, where it is not doubled");
  text("--decimal", options->decimal, "The decimal point");
  command
      ->add_option("--encoding", options->text.encoding,
                   "Such as latin1, windows-1252, utf-16; UTF-8 needs no word")
      ->type_name("NAME")
      ->group(group);
  command
      ->add_option("--timestamp-format", options->text.timestamp_format,
                   "Of times that are not ISO 8601, as strptime: %d/%m/%Y %H:%M")
      ->type_name("FORMAT")
      ->group(group);
  command->add_option("--null", options->text.nulls, "Text that means null")
      ->type_name("TEXT")
      ->group(group);
  command->add_option("--type", options->types, "A column's type: qty=int64, day=date32")
      ->type_name("COLUMN=TYPE")
      ->group(group);
  command->add_flag("--header", options->has_header, "The first row holds names")->group(group);
  command->add_flag("--no-header", options->has_no_header, "The first row holds values")
      ->group(group);
  command
      ->add_flag("--skip-bad-rows", options->text.skip_bad_rows,
                 "Leave out rows with another number of values, and count them")
      ->group(group);
  command->callback([options, &exit_code] { exit_code = run_command(*options); });
}

}  // namespace bowshot
