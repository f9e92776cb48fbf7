#pragma once

#include <string>
#include <string_view>

#include "query/cql2.hpp"

namespace bowshot {

/// The start of a text, at most `bytes_max`, cut at a character's boundary.
std::string_view clip(std::string_view text, size_t bytes_max);

/// A value for an error's detail: in backticks; of a long one the first 64 bytes.
std::string quote_value(std::string_view value);

/// `text` without blanks at its ends.
std::string_view trim(std::string_view text);

/// An item in its canonical spelling: names as spell_name() has them, no blanks around the alias;
/// arguments and expressions as they were written.
std::string spell_item(const Item& item);

}  // namespace bowshot
