#pragma once

#include <arrow/io/type_fwd.h>

#include <memory>
#include <string>

#include "base/error.hpp"

namespace bowshot {

/// `text` of an encoding that iconv knows (latin1, windows-1252, utf-16, ...), read as UTF-8. For
/// utf-8 the stream itself. `bad_parameter` for an encoding that is not known.
Result<std::shared_ptr<arrow::io::InputStream>> recoded(
    std::shared_ptr<arrow::io::InputStream> text, const std::string& encoding);

}  // namespace bowshot
