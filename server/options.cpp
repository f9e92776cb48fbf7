#include "options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "config_file.hpp"
#include "convert_command.hpp"
#include "help_format.hpp"
#include "inspect_command.hpp"
#include "option_checks.hpp"
#include "query_command.hpp"
#include "version.hpp"

namespace bowshot {

namespace {

constexpr const char* kAbout =
    "Bowshot serves columnar data to screens: columnar files of any size, as Arrow, Parquet, JSON "
    "or CSV over HTTP, filtered, computed, aggregated and paged by the server.\n\n"
    "`bowshot COMMAND --help` tells more of each command.\n";

constexpr const char* kServeAbout =
    "Serves datasets and the explorer page.\n\n"
    "A dataset is NAME=PATH or PATH. The path is a file, a directory (every file of one kind below "
    "it is one dataset) or a glob in quotes. Without a NAME= the dataset is named after the file "
    "or directory. Parquet is read in place. CSV, TSV, NDJSON (.jsonl; all also .gz, .zst), Arrow "
    "(.arrow, .feather, .ipc, .arrows) and DuckDB databases (.duckdb: a dataset for each table) "
    "are converted once, into the cache.\n";

constexpr const char* kServeFooter =
    "Every flag but --config, --verify and --stop-with-input is a key of bowshot.toml too, with _\n"
    "for -: the limits in its table [limits], the others in [server]. Sizes are in bytes, times "
    "in\n"
    "seconds.\n\n"
    "Examples:\n"
    "  bowshot serve flights=data/flights.parquet\n"
    "  bowshot serve 'trades=data/2026-*.parquet' reference/ --port 9000\n"
    "  bowshot serve data/ --allow-origin https://app.example.org\n"
    "  bowshot serve --config bowshot.toml\n\n"
    "Then:\n"
    "  curl 'http://127.0.0.1:8765/v1/datasets'\n"
    "  curl 'http://127.0.0.1:8765/v1/datasets/flights/rows?filter=delay>60&limit=5&format=csv'\n"
    "and the explorer page at http://127.0.0.1:8765/\n\n"
    "SIGHUP reads the configuration, the certificate and the token again.\n"
    "SIGTERM and SIGINT stop it: running answers have 10 s to end. The log goes to standard "
    "error.\n"
    "Exit codes: 0 stopped; 1 none of the datasets, or not the address, can be opened; 2 a "
    "mistake\n"
    "on the command line or in the configuration.";

/// CLI::Range would show its bounds instead of a unit.
CLI::Validator at_least(int64_t min) {
  const auto check = [min](const std::string& text) {
    int64_t number = 0;
    if (!CLI::detail::lexical_cast(text, number) ||
        number > std::numeric_limits<int64_t>::max() / 4)
      return fmt::format("\"{}\" is not a whole number", text);
    return number >= min ? std::string() : fmt::format("{} is less than {}", number, min);
  };
  return {check, ""};
}

/// Limits as flags: one row of the table, one flag.
void add_limit_flags(CLI::App& serve, Limits& limits) {
  for (const LimitInfo& limit : limit_table()) {
    std::string flag = fmt::format("--{}", limit.name);
    std::ranges::replace(flag, '_', '-');
    const bool is_size = limit.name.contains("_bytes");
    const bool is_time = limit.name.ends_with("_seconds");
    const int64_t value = limits.*limit.member;
    serve.add_option(flag, limits.*limit.member, std::string(limit.description))
        ->check(at_least(limit.min))
        ->type_name(is_size   ? "BYTES"
                    : is_time ? "SECONDS"
                              : "NUMBER")
        ->default_str(is_size ? spelt_size(value) : fmt::format("{}", value))
        ->group("Limits");
  }
}

void add_listening_flags(CLI::App& serve, ServeOptions& options) {
  const std::string group = "Listening";
  serve
      .add_option("--host", options.host,
                  "Address to listen on; any but loopback needs --token-file")
      ->check(CLI::Validator(check_host, ""))
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->group(group);
  serve.add_option("--port", options.port, "TCP port; 0 takes a free one")
      ->check(CLI::Range(0, 65'535).description(""))
      ->type_name("PORT")
      ->capture_default_str()
      ->group(group);
  serve.add_option("--listen", options.listen, "Unix socket to listen on besides TCP (mode 0600)")
      ->check(CLI::Validator(check_listen, ""))
      ->type_name("unix:PATH")
      ->group(group);
  serve.add_flag("--no-tcp", options.no_tcp, "Listen on the Unix sockets only")->group(group);
  serve
      .add_option("--tls-cert", options.tls_cert,
                  "PEM file: the certificate, then its chain; with it TCP is TLS and nothing else")
      ->type_name("FILE")
      ->group(group);
  serve.add_option("--tls-key", options.tls_key, "PEM file: the certificate's key")
      ->type_name("FILE")
      ->group(group);
}

void add_access_flags(CLI::App& serve, ServeOptions& options) {
  const std::string group = "Who may ask";
  serve
      .add_option("--token-file", options.token_file,
                  "File that holds a token, which requests need then, as Authorization: Bearer")
      ->type_name("FILE")
      ->group(group);
  serve
      .add_option("--allow-host", options.allowed_hosts,
                  "Name that a request's Host may have, beside 127.0.0.1, localhost and [::1]")
      ->check(CLI::Validator(check_host_name, ""))
      ->type_name("NAME")
      ->group(group);
  serve
      .add_option("--allow-origin", options.allowed_origins,
                  "Origin of pages that may ask, such as https://app.example.org, or * for any")
      ->check(CLI::Validator(check_origin, ""))
      ->type_name("ORIGIN")
      ->group(group);
  serve
      .add_flag("--allow-publish", options.allow_publish,
                "Lets clients publish, replace and remove tables (PUT, DELETE)")
      ->group(group);
}

void add_storage_flags(CLI::App& serve, ServeOptions& options) {
  const std::string group = "Storage";
  serve
      .add_option("--publish-dir", options.publish_directory,
                  "Keeps published tables here, where they survive the server; without it they are "
                  "in memory, within publish_bytes together")
      ->type_name("DIRECTORY")
      ->group(group);
  serve
      .add_option("--cache-directory", options.cache_directory,
                  "Where what is not Parquet is kept as Parquet, and where sorts beyond the "
                  "engine's memory go, for as long as they run")
      ->type_name("DIRECTORY")
      ->capture_default_str()
      ->group(group);
  serve
      .add_flag(
          "--verify", options.verify,
          "Reads every page of every Parquet file once: before listening, and of a version that "
          "comes later before it is served; a dataset with one that does not fit its "
          "checksum is listed with its problem and not served")
      ->group(group);
}

void add_serve(CLI::App& app, ServeOptions& options) {
  CLI::App* serve = app.add_subcommand("serve", kServeAbout);
  serve->footer(kServeFooter);
  serve->add_option("dataset", options.datasets, "One or more")->type_name("[NAME=]PATH");
  serve
      ->add_option("--config", options.config_path,
                   "Configuration in TOML: settings, limits and datasets; flags win over it; "
                   "SIGHUP reads it again")
      ->type_name("FILE");
  serve
      ->add_option("--log-level", options.log_level,
                   "The least that is logged to standard error: debug, info, warn, error or off")
      ->check(CLI::Validator(check_log_level, ""))
      ->type_name("LEVEL")
      ->capture_default_str();
  serve->add_option("--log-format", options.log_format, "Lines of the log: text or json")
      ->check(CLI::Validator(check_log_format, ""))
      ->type_name("FORMAT")
      ->capture_default_str();
  serve->add_flag("--stop-with-input", options.stop_with_input,
                  "Stop, as by SIGTERM, when standard input ends: for programs that start a server "
                  "which is not to outlive them");
  add_listening_flags(*serve, options);
  add_access_flags(*serve, options);
  add_storage_flags(*serve, options);
  add_limit_flags(*serve, options.limits);
}

ServeOptions default_options() {
  ServeOptions options;
  options.limits = Limits::make_default();
  options.cache_directory = default_cache_directory();
  return options;
}

/// Reads flags over what the options hold already; those that are not given leave it.
void parse_flags(int argc, const char* const* argv, CLI::App& app, ServeOptions& options) {
  app.set_version_flag("--version", fmt::format("bowshot {}", kVersion));
  app.require_subcommand(1);
  add_serve(app, options);
  app.parse(argc, argv);
}

/// `flags` name the file; it fills fresh options, and the flags are read once more over those.
Result<ServeOptions> complete_options(int argc, const char* const* argv, ServeOptions flags) {
  if (!flags.config_path.empty()) {
    ServeOptions options = default_options();
    BOWSHOT_TRY(read_config_file(flags.config_path, options));
    CLI::App app(kAbout, "bowshot");
    parse_flags(argc, argv, app, options);
    flags = std::move(options);
  }
  BOWSHOT_TRY(check_options(flags));
  return flags;
}

}  // namespace

std::variant<ServeOptions, int> parse_command_line(int argc, const char* const* argv) {
  constexpr int kMistake = 2;
  ServeOptions flags = default_options();
  CLI::App app(kAbout, "bowshot");
  app.formatter(std::make_shared<HelpFormatter>());
  try {
    std::optional<int> exit_code;  // of a command that ran while it was parsed
    add_convert_command(app, exit_code);
    add_inspect_command(app, exit_code);
    add_query_command(app, exit_code);
    parse_flags(argc, argv, app, flags);
    if (exit_code) return *exit_code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kMistake;
  }
  auto options = complete_options(argc, argv, std::move(flags));
  if (options) return *std::move(options);
  fmt::print(stderr, "bowshot: {}\n", options.error().detail);
  return kMistake;
}

Result<ServeOptions> reload_options(int argc, const char* const* argv) {
  ServeOptions flags = default_options();
  CLI::App app(kAbout, "bowshot");
  parse_flags(argc, argv, app, flags);  // as at the start: it cannot fail now
  return complete_options(argc, argv, std::move(flags));
}

}  // namespace bowshot
