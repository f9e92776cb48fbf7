#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace bowshot {

/// How text files are read where detection is not to decide; keys of the same names in bowshot.toml
/// (`null` fills `nulls`). What is left empty is detected.
struct ImportOptions {
  // CSV
  std::optional<char> delimiter;
  std::optional<char> quote;   // '\0': nothing is quoted
  std::optional<char> escape;  // without one a quote within quotes is doubled
  std::optional<bool> header;
  std::vector<std::string> nulls = {""};        // unquoted texts that mean null
  std::optional<std::string> timestamp_format;  // as strptime; ISO 8601 is read in any case
  char decimal = '.';
  std::string encoding = "utf-8";
  bool skip_bad_rows = false;  // rows of another number of values are left out and counted
  // CSV and newline-delimited JSON
  std::map<std::string, std::string> types;  // column -> the protocol's name of a type

  /// `bad_parameter` that names the key: a delimiter that is a quote, an unknown type, ...
  Result<void> check() const;
  /// Equal texts mean equal options: part of what a cached conversion is found by.
  std::string canonical() const;
};

/// The type that the protocol calls so; those a text file's column may be given.
Result<std::shared_ptr<arrow::DataType>> parse_type_name(std::string_view name);

}  // namespace bowshot
