#include "query_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <map>

#include "config_file.hpp"
#include "credentials.hpp"
#include "encode/negotiation.hpp"
#include "encode/text_table.hpp"
#include "local_query.hpp"
#include "options.hpp"
#include "query/percent.hpp"
#include "query/request.hpp"
#include "remote_query.hpp"
#include "stop_on_signal.hpp"

namespace bowshot {

namespace {

constexpr int kFailed = 1, kMistake = 2, kStopped = 130, kReaderLeft = 141;
constexpr const char* kTable = "table";
constexpr const char* kRowsOnScreen = "20";

constexpr const char* kAbout =
    "Answers one request: of files, without a server, or of a running server.\n\n"
    "PATH is a file, a directory or a glob. A URL is http://HOST:PORT/NAME or "
    "https://HOST:PORT/NAME "
    "of a server on TCP, or unix:SOCKET:NAME of one that listens on a Unix socket. Flags are the "
    "request's parameters (protocol/PROTOCOL.md, section 4). On a terminal rows are 20 unless "
    "--limit says more.\n";

constexpr const char* kFooter =
    "Examples:\n"
    "  bowshot query flights.parquet --filter 'delay > 60' --order=-delay\n"
    "  bowshot query 'data/*.csv' --shape aggregate --by origin --measures 'mean(delay)' -o a.csv\n"
    "  bowshot query http://127.0.0.1:8765/flights --shape profile --token-file token\n"
    "  bowshot query unix:/run/bowshot.sock:flights --shape count\n\n"
    "Ctrl-C stops it, the engine or the server's query too; a file begun by -o is not left "
    "behind.\n"
    "Exit codes: 0 answered; 1 an error, told on standard error; 2 a mistake on the command line;\n"
    "130 stopped by Ctrl-C or SIGTERM; 141 the reader of standard output left (head, less).";

struct QueryOptions {
  std::string path;
  std::string shape = "rows";
  std::map<std::string, std::string> parameters;  // by the flag's name; empty: maybe not given
  std::string format;                             // empty: by the output
  std::string output;                             // empty or `-`: standard output
  std::string token_file;
  std::string table;
  std::string cache_directory;
};

struct FileEnding {
  std::string_view extension;
  std::string_view format;
};
constexpr std::array kEndings = {
    FileEnding{".arrows", "arrow"},   FileEnding{".arrow", "arrow-file"},
    FileEnding{".ipc", "arrow-file"}, FileEnding{".feather", "arrow-file"},
    FileEnding{".csv", "csv"},        FileEnding{".parquet", "parquet"},
    FileEnding{".pq", "parquet"},     FileEnding{".json", "json"},
    FileEnding{".jsonl", "ndjson"},   FileEnding{".ndjson", "ndjson"},
};

bool to_standard_output(const QueryOptions& options) {
  return options.output.empty() || options.output == "-";
}

bool is_on_screen(const QueryOptions& options) {
  return to_standard_output(options) && ::isatty(STDOUT_FILENO) == 1;
}

/// A mistake in how the command was called, before anything is asked.
std::unexpected<Error> mistake(std::string detail) {
  return fail(ErrorCode::kBadParameter, std::move(detail));
}

Result<std::string> choose_format(const QueryOptions& options, Shape shape) {
  const bool on_screen = is_on_screen(options);
  if (options.format.empty()) {
    if (on_screen) return kTable;
    if (to_standard_output(options)) return "csv";
    const std::string extension = std::filesystem::path(options.output).extension().string();
    const auto* const found = std::ranges::find(kEndings, extension, &FileEnding::extension);
    if (found == kEndings.end())
      return mistake(
          fmt::format("'{}' tells no format by its ending: say --format", options.output));
    return std::string(found->format);
  }
  if (options.format == kTable) {
    if (to_standard_output(options)) return kTable;
    return mistake("--format table is for a screen: it goes to standard output");
  }
  BOWSHOT_ASSIGN(const Negotiated negotiated, negotiate(shape, {.format_parameter = options.format,
                                                                .accept = {},
                                                                .accept_encoding = {},
                                                                .is_same_machine = true}));
  const bool is_text = negotiated.format == Format::kCsv || negotiated.format == Format::kJson ||
                       negotiated.format == Format::kNdjson;
  if (on_screen && !is_text)
    return mistake(fmt::format("--format {} is not for a screen: say -o FILE", options.format));
  return options.format;
}

struct Question {
  Shape shape = Shape::kRows;
  std::string format;                   // table, or as a request names it
  std::string parameters;               // as a URL has them
  std::optional<RemoteDataset> remote;  // none: the path is of files
  std::string token;
};

/// The flags that were given, as a URL has them; each must be one of the shape.
Result<std::string> url_parameters(const QueryOptions& options, Shape shape) {
  std::string text;
  for (const auto& [name, value] : options.parameters) {
    if (find_parameter(name, shape) == nullptr)
      return mistake(fmt::format("--{} is no parameter of {}", name, shape_name(shape)));
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, percent_encode(value));
  }
  for (const ParameterInfo& parameter : parameter_table())
    if (parameter.required && applies_to(parameter, shape) &&
        !options.parameters.contains(std::string(parameter.name)))
      return mistake(fmt::format("{} needs --{}", shape_name(shape), parameter.name));
  return text;
}

Result<Question> understand(QueryOptions& options) {
  Question question;
  BOWSHOT_ASSIGN(question.shape, parse_shape(options.shape));
  BOWSHOT_ASSIGN(question.format, choose_format(options, question.shape));
  const bool is_drawn = question.format == kTable || is_on_screen(options);
  if (question.shape == Shape::kRows && is_drawn)
    options.parameters.try_emplace("limit", kRowsOnScreen);
  BOWSHOT_ASSIGN(question.parameters, url_parameters(options, question.shape));
  if (!options.token_file.empty()) {
    BOWSHOT_ASSIGN(question.token, read_token(options.token_file));
  }
  if (is_url(options.path)) {
    BOWSHOT_ASSIGN(question.remote, RemoteDataset::parse(options.path));
    if (!options.table.empty()) return mistake("--table is of a database file, not of a server");
  }
  return question;
}

Result<void> ask(const QueryOptions& options, const Question& question, const StopToken& stop) {
  std::unique_ptr<QueryOutput> output;
  if (question.format == kTable) {
    output = make_table_output(stop);
  } else if (to_standard_output(options)) {
    output = make_standard_output(stop);
  } else {
    BOWSHOT_ASSIGN(output, make_file_output(options.output, stop));
  }
  const std::string format = question.format == kTable ? "arrow" : question.format;
  if (question.remote) {
    const RemoteQuery query{.dataset = *question.remote,
                            .token = question.token,
                            .shape = std::string(shape_name(question.shape)),
                            .parameters = options.parameters,
                            .format = format};
    return query.run(*output, stop);
  }
  const LocalQuery query{.path = options.path,
                         .table = options.table,
                         .shape = question.shape,
                         .parameters = question.parameters,
                         .format = format,
                         .cache_directory = options.cache_directory};
  return query.run(*output, stop);
}

/// The text around a mistake's place and a caret below it; of a long text what is near.
std::string caret_lines(std::string text, size_t position) {
  constexpr size_t kAroundMax = 60;
  position = std::min(position, text.size());
  const auto continues = [&](size_t i) { return (static_cast<unsigned char>(text[i]) >> 6) == 2; };
  size_t begin = position > kAroundMax ? position - kAroundMax : 0;
  while (begin < position && continues(begin)) ++begin;
  size_t end = std::min(text.size(), position + kAroundMax);
  while (end < text.size() && continues(end)) ++end;
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) c = ' ';
  const std::string cut = begin > 0 ? "…" : "";
  const size_t before = screen_columns(cut + text.substr(begin, position - begin));
  return fmt::format("  {}{}{}\n  {}^\n", cut, text.substr(begin, end - begin),
                     end < text.size() ? "…" : "", std::string(before, ' '));
}

void tell_error(const Error& error, const QueryOptions& options) {
  fmt::print(stderr, "bowshot: {}\n", error.detail);
  const auto given = options.parameters.find(error.parameter);
  const bool is_given = given != options.parameters.end() && !given->second.empty();
  if (is_given && error.position)
    fmt::print(stderr, "{}", caret_lines(given->second, static_cast<size_t>(*error.position)));
  else if (is_given && !error.pointer.empty())
    fmt::print(stderr, "  in --{}, at {}\n", error.parameter, error.pointer);
  if (!error.suggestions.empty())
    fmt::print(stderr, "  did you mean {}?\n", fmt::join(error.suggestions, ", "));
}

int run_command(QueryOptions& options) {
  const StopOnSignal stop(StopReason::kClientLeft);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of the write
  const auto question = understand(options);
  if (!question) {
    tell_error(question.error(), options);
    return kMistake;
  }
  const auto answered = ask(options, *question, stop.token());
  if (answered) return 0;
  if (stop.token().stop_requested()) return kStopped;
  if (answered.error().code == ErrorCode::kCancelled) return kReaderLeft;
  tell_error(answered.error(), options);
  return kFailed;
}

/// A flag for each parameter; one that several shapes have in their own ways says all of them.
void add_parameter_flags(CLI::App& command, const std::shared_ptr<QueryOptions>& options) {
  std::map<std::string, std::string> told;
  std::vector<const ParameterInfo*> flags;
  for (const ParameterInfo& parameter : parameter_table()) {
    using Kind = ParameterInfo::Kind;
    if (parameter.kind == Kind::kFormat || parameter.kind == Kind::kFileName) continue;
    std::string& about = told[std::string(parameter.name)];
    if (about.empty()) flags.push_back(&parameter);
    std::string of;
    for (const Shape shape : parameter.shapes)
      of += fmt::format("{}{}", of.empty() ? "" : ", ", shape_name(shape));
    about += fmt::format("{}{}{}{}", about.empty() ? "" : " ", of, of.empty() ? "" : ": ",
                         parameter.description);
  }
  for (const ParameterInfo* const parameter : flags) {
    const std::string name(parameter->name);
    const std::string flag = parameter->alias.empty()
                                 ? fmt::format("--{}", name)
                                 : fmt::format("--{},--{}", name, parameter->alias);
    command
        .add_option_function<std::string>(
            flag, [options, name](const std::string& value) { options->parameters[name] = value; },
            told[name])
        ->type_name("TEXT")
        ->group("Parameters of the request");
  }
}

}  // namespace

void add_query_command(CLI::App& app, std::optional<int>& exit_code) {
  CLI::App* command = app.add_subcommand("query", kAbout);
  command->footer(kFooter);
  const auto options = std::make_shared<QueryOptions>();  // shared with the callback
  options->cache_directory = default_cache_directory();
  command->add_option("path", options->path, "What is asked")->required()->type_name("PATH|URL");
  command
      ->add_option("--shape", options->shape,
                   "What is wanted: rows, count, aggregate, profile, values, histogram or sample")
      ->type_name("SHAPE")
      ->capture_default_str();
  add_parameter_flags(*command, options);
  command
      ->add_option("--format", options->format,
                   "table, csv, json, ndjson, arrow, arrow-file or parquet; without it by the "
                   "ending of -o, else table on a terminal, csv in a pipe")
      ->type_name("FORMAT");
  command
      ->add_option("-o,--output", options->output,
                   "A file, whole or not there; without it, or -, standard output")
      ->type_name("FILE");
  command->add_option("--token-file", options->token_file, "File that holds the server's token")
      ->type_name("FILE");
  command->add_option("--table", options->table, "Table of a database")->type_name("[SCHEMA.]NAME");
  command
      ->add_option("--cache-directory", options->cache_directory,
                   "Where what is not Parquet is kept as Parquet, and large sorts go")
      ->type_name("DIRECTORY")
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = run_command(*options); });
}

}  // namespace bowshot
