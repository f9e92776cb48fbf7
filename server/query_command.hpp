#pragma once

#include <CLI/CLI.hpp>
#include <optional>

namespace bowshot {

/// `bowshot query PATH|URL --shape ...`: one request, without a server or of one. Runs while the
/// command line is parsed, and sets its exit code then: 0 answered, 1 an error, 2 a mistake on the
/// command line, 130 stopped by a signal, 141 the reader of standard output has left.
void add_query_command(CLI::App& app, std::optional<int>& exit_code);

}  // namespace bowshot
