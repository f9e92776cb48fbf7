#include "options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "version.hpp"

namespace bowshot {

namespace {

constexpr const char* kAbout =
    "Bowshot serves columnar data to screens: columnar files of any size, as Arrow, JSON or CSV "
    "over "
    "HTTP,\nfiltered, computed, aggregated and paged by the server.";

constexpr const char* kServeAbout =
    "Serves datasets and the explorer page.\n\n"
    "A dataset is NAME=PATH or PATH. The path is a file, a directory (every file of one kind below "
    "it is\none dataset) or a glob in quotes. Without a NAME= the dataset is named after the file "
    "or directory.\nParquet is read in place. CSV, TSV, NDJSON (.jsonl; all also .gz, .zst), Arrow "
    "(.arrow, .feather, .ipc,\n.arrows) and DuckDB databases (.duckdb: a dataset for each table) "
    "are "
    "converted once, into the cache.";

constexpr const char* kServeExamples =
    "Examples:\n"
    "  bowshot serve flights=data/flights.parquet\n"
    "  bowshot serve 'trades=data/2026-*.parquet' reference/ --port 9000\n"
    "  bowshot serve data/ --allow-origin https://app.example.org\n\n"
    "Then:\n"
    "  curl 'http://127.0.0.1:8765/v1/datasets'\n"
    "  curl 'http://127.0.0.1:8765/v1/datasets/flights/rows?filter=delay>60&limit=5&format=csv'\n"
    "and the explorer page at http://127.0.0.1:8765/\n\n"
    "SIGTERM and SIGINT stop it: running answers have 10 s to end. Exit codes: 0 stopped, 1 "
    "none of the\ndatasets, or not the address, can be opened, 2 a mistake on the command line. "
    "The log goes to "
    "standard error.";

/// Limits as flags: one row of the table, one flag.
void add_limit_flags(CLI::App& serve, Limits& limits) {
  for (const LimitInfo& limit : limit_table()) {
    std::string flag = fmt::format("--{}", limit.name);
    std::ranges::replace(flag, '_', '-');
    serve.add_option(flag, limits.*limit.member, std::string(limit.description))
        ->check(CLI::Range(limit.min, std::numeric_limits<int64_t>::max() / 4))
        ->capture_default_str()
        ->group("Limits (bytes, seconds or numbers, as the name says)");
  }
}

std::string default_cache_directory() {
  const char* const cache_home = std::getenv("XDG_CACHE_HOME");
  if (cache_home != nullptr && *cache_home == '/') return fmt::format("{}/bowshot", cache_home);
  const char* const home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fmt::format("{}/.cache/bowshot", home);
  return "/tmp/bowshot";
}

/// Any other address needs a token, which this version does not take yet.
std::string check_loopback(const std::string& host) {
  const bool is_loopback =
      host == "localhost" || host == "::1" || host == "[::1]" ||
      (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
  if (is_loopback) return {};
  return fmt::format(
      "\"{}\" is not a loopback address: without a token only 127.0.0.1, localhost and [::1] may "
      "be "
      "listened on",
      host);
}

/// A page's origin as browsers send it: a scheme, a host, perhaps a port, nothing more.
std::string check_origin(const std::string& origin) {
  const size_t scheme_end = origin.find("://");
  const bool is_origin =
      origin == "*" || origin == "null" ||
      (scheme_end != std::string::npos && scheme_end > 0 && scheme_end + 3 < origin.size() &&
       origin.find_first_of("/?# ", scheme_end + 3) == std::string::npos);
  if (is_origin) return {};
  return fmt::format("\"{}\" is not an origin such as https://app.example.org", origin);
}

std::string check_host_name(const std::string& host) {
  const bool is_address = host.starts_with('[') && host.ends_with(']');
  if (!host.empty() && (is_address || host.find_first_of(":/ ") == std::string::npos)) return {};
  return fmt::format("\"{}\" is not a host's name: without scheme, port and path", host);
}

void add_serve(CLI::App& app, ServeOptions& options) {
  CLI::App* serve = app.add_subcommand("serve", kServeAbout);
  serve->footer(kServeExamples);
  serve->add_option("dataset", options.datasets, "NAME=PATH or PATH, one or more")
      ->required()
      ->type_name("[NAME=]PATH");
  serve->add_option("--host", options.host, "Loopback address to listen on")
      ->check(CLI::Validator(check_loopback, "ADDRESS"))
      ->capture_default_str();
  serve->add_option("--port", options.port, "TCP port; 0 takes a free one")->capture_default_str();
  serve
      ->add_option("--allow-host", options.allowed_hosts,
                   "Name that a request's Host may have, beside 127.0.0.1, localhost and [::1]; "
                   "may be repeated")
      ->check(CLI::Validator(check_host_name, "NAME"));
  serve
      ->add_option("--allow-origin", options.allowed_origins,
                   "Origin of pages that may ask, such as https://app.example.org, or * for any; "
                   "may be repeated")
      ->check(CLI::Validator(check_origin, "ORIGIN"));
  serve->add_option("--log-level", options.log_level, "What is logged to standard error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  serve
      ->add_option("--cache-directory", options.cache_directory,
                   "Where what is not Parquet is kept as Parquet, and where sorts beyond the "
                   "engine's memory go, for as long as they run")
      ->capture_default_str();
  add_limit_flags(*serve, options.limits);
}

}  // namespace

std::variant<ServeOptions, int> parse_command_line(int argc, const char* const* argv) {
  ServeOptions options;
  options.limits = Limits::make_default();
  options.cache_directory = default_cache_directory();
  CLI::App app(kAbout, "bowshot");
  app.set_version_flag("--version", fmt::format("bowshot {}", kVersion));
  app.require_subcommand(1);
  add_serve(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return options;
}

}  // namespace bowshot
