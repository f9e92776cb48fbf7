#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace bowshot {

/// A key of bowshot.toml; docs/configuration.md lists them all, and a test compares.
struct ConfigKey {
  std::string_view table;  // server, limits, datasets.NAME
  std::string_view name;
  std::string_view type;  // text, number, boolean, list of texts, ...
};
std::vector<ConfigKey> config_keys();

/// Where nothing else is told: $XDG_CACHE_HOME/bowshot, or ~/.cache/bowshot.
std::string default_cache_directory();

/// Reads a configuration file over what the options hold. Relative paths in it are relative to its
/// folder. Errors: `bad_parameter`: the file as it was named, the line, the key, and what is wrong;
/// with the nearest known key where one is unknown. The options are then of no use.
Result<void> read_config_file(const std::string& path, ServeOptions& options);

/// The same of a file's text, which errors name `name`; its paths are relative to the working
/// directory.
Result<void> read_config_text(const std::string& name, std::string_view text,
                              ServeOptions& options);

}  // namespace bowshot
