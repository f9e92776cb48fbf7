#pragma once

#include <string>
#include <string_view>

namespace bowshot {

/// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, one for each
/// maximal subpart (Unicode 15, section 3.9), as browsers and Python do.
void append_json_text(std::string_view text, std::string& out);

/// `text` as a field of RFC 4180: in quotes where it holds a comma, a quote or a line end, or is
/// empty. Bytes that are not UTF-8 become U+FFFD.
void append_csv_text(std::string_view text, std::string& out);

/// RFC 4648, section 4, with padding.
void append_base64(std::string_view bytes, std::string& out);

}  // namespace bowshot
