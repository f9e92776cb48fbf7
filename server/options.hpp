#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "source/import/import_options.hpp"

namespace bowshot {

/// A dataset of the configuration file: `[datasets.NAME]`.
struct DatasetConfig {
  std::string name;
  std::string path;  // a file, a directory or a glob
  ImportOptions import;
};

/// What `bowshot serve` was asked to do: by the configuration file, then by flags, which win.
struct ServeOptions {
  std::vector<std::string> datasets;               // NAME=PATH or PATH: of the command line
  std::vector<DatasetConfig> configured_datasets;  // of the file
  std::string config_path;                         // empty: none; never looked for by itself
  std::string host = "127.0.0.1";
  uint16_t port = 8765;
  std::vector<std::string> listen;  // unix:PATH
  bool no_tcp = false;
  std::string tls_cert;  // PEM files; both or none
  std::string tls_key;
  std::string token_file;                    // empty: nobody needs a token
  std::vector<std::string> allowed_hosts;    // beside 127.0.0.1, localhost and [::1]
  std::vector<std::string> allowed_origins;  // https://app.example.org, or * for any
  bool allow_publish = false;
  std::string publish_directory;  // empty: published tables are in memory
  std::string log_level = "info";
  std::string log_format = "text";
  std::string cache_directory;   // the default: $XDG_CACHE_HOME/bowshot, or ~/.cache/bowshot
  bool stop_with_input = false;  // when standard input ends, as when SIGTERM came
  bool verify = false;  // every page of every Parquet file against its checksum, at the start
  Limits limits;

  /// The paths of `listen`.
  std::vector<std::string> unix_sockets() const;
};

/// Parses the command line and the configuration file that it names. The alternative is the
/// process's exit code, when there is nothing to serve: --help and --version have printed, or a
/// mistake has been told on standard error.
std::variant<ServeOptions, int> parse_command_line(int argc, const char* const* argv);

/// The same once more, for a command line that was good: the file may have changed. Prints nothing.
Result<ServeOptions> reload_options(int argc, const char* const* argv);

}  // namespace bowshot
