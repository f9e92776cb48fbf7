#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/limits.hpp"

namespace bowshot {

/// What `bowshot serve` was asked to do.
struct ServeOptions {
  std::vector<std::string> datasets;  // NAME=PATH or PATH: a file, a directory or a glob
  std::string host = "127.0.0.1";
  uint16_t port = 8765;
  std::vector<std::string> allowed_hosts;    // beside 127.0.0.1, localhost and [::1]
  std::vector<std::string> allowed_origins;  // https://app.example.org, or * for any
  std::string log_level = "info";
  std::string cache_directory;  // the default: $XDG_CACHE_HOME/bowshot, or ~/.cache/bowshot
  Limits limits;
};

/// Parses the command line. The alternative is the process's exit code, when there is nothing to
/// serve: --help and --version have printed, or a mistake has been told on standard error.
std::variant<ServeOptions, int> parse_command_line(int argc, const char* const* argv);

}  // namespace bowshot
