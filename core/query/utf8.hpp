#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace bowshot {

/// The byte offset of the first byte that does not belong to valid UTF-8 (no overlong forms, no
/// surrogates, nothing above U+10FFFF); none: the text is valid.
std::optional<size_t> utf8_error_position(std::string_view text);

}  // namespace bowshot
