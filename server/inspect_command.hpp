#pragma once

#include <CLI/CLI.hpp>
#include <optional>

namespace bowshot {

/// `bowshot inspect PATH [--json]`: runs while the command line is parsed, and sets its exit code
/// then.
void add_inspect_command(CLI::App& app, std::optional<int>& exit_code);

}  // namespace bowshot
