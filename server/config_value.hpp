#pragma once

// Without exceptions: toml++'s own errors are values then.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
// Its assertions hold of its own input only: `[=` breaks one and is then refused all the same.
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace bowshot {

/// The file being read, as it was named. Outlives the values.
struct ConfigSource {
  std::string path;
  std::filesystem::path folder;  // what relative paths are relative to

  std::unexpected<Error> wrong(const toml::source_region& place, std::string_view what) const;
};

/// One value of the file, with its place for errors. Lives while the file is read.
class ConfigValue {
 public:
  ConfigValue(const ConfigSource* source, std::string key, const toml::node* node)
      : source_(source), key_(std::move(key)), node_(node) {}

  Result<std::string> text() const;
  Result<std::string> path() const;  // made absolute; the empty text stays so
  Result<int64_t> number(int64_t min, int64_t max) const;
  Result<bool> boolean() const;
  Result<std::vector<std::string>> texts() const;  // one text is a list of one
  Result<std::map<std::string, std::string>> table_of_texts() const;
  /// One byte; nothing, where the text is empty.
  Result<std::optional<char>> character() const;

  /// `what` about this value.
  std::unexpected<Error> wrong(std::string_view what) const;
  std::string resolved(const std::string& path) const;

 private:
  std::unexpected<Error> wrong_type(std::string_view wanted) const;

  const ConfigSource* source_;
  std::string key_;  // [server] port
  const toml::node* node_;
};

}  // namespace bowshot
