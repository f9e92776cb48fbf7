#pragma once

#include <string>
#include <string_view>

#include "query/cql2.hpp"

namespace bowshot {

/// A value for an error's detail: in backticks, cut after 64 bytes at a character's boundary.
std::string quote_value(std::string_view value);

/// `text` without blanks at its ends.
std::string_view trim(std::string_view text);

/// An item in its canonical spelling: names as spell_name() has them, no blanks around the alias;
/// arguments and expressions as they were written.
std::string spell_item(const Item& item);

}  // namespace bowshot
