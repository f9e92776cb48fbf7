#pragma once

#include <arrow/type_fwd.h>

namespace bowshot {

/// Whether every text in `array`, at any depth, is UTF-8; plain text and views of it.
bool is_valid_utf8(const arrow::ArrayData& data);

}  // namespace bowshot
