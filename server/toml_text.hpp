#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace bowshot {

/// Where the first character beyond ASCII stands outside of quotes and comments, where TOML has
/// none, but for a byte order mark in front; nothing, where none does.
std::optional<size_t> find_stray_character(std::string_view toml);

}  // namespace bowshot
