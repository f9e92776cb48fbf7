#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.hpp"

namespace bowshot {

/// The text of a value that is not null, by its row: what JSON has between its quotes, and numbers
/// in full; `NaN`, `Infinity`. Two values of a column have one text where they are equal, both
/// zeros too. The array outlives it.
using PlainText = std::function<std::string(int64_t row)>;

/// For every type but lists, structs and dictionaries.
Result<PlainText> make_plain_text(const arrow::Array& array);

}  // namespace bowshot
