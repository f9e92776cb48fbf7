#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.hpp"

namespace bowshot {

/// Which bytes of a file to send.
struct ByteRange {
  int64_t begin = 0;
  int64_t bytes = 0;
  bool is_part = false;  // 206 rather than 200
};

/// A Range header (RFC 9110, 14.2) for a file of `file_bytes`: one range of bytes, `first-last`,
/// `first-` or `-count`. The whole file where there is none, where it is malformed or of another
/// unit, and for several ranges: a server may ignore those. `range_not_satisfiable` beyond the end.
Result<ByteRange> parse_range(std::string_view header, int64_t file_bytes);

}  // namespace bowshot
