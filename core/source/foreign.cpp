#include "source/foreign.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bowshot {

Error bad_file(std::string_view display_name, std::string_view what) {
  constexpr size_t kWhatBytesMax = 200;
  constexpr std::string_view kPythonTraceback = ". Detail: Python exception";  // pyarrow's addition
  what = what.substr(0, what.find('\n'));
  what = what.substr(0, what.find(kPythonTraceback)).substr(0, kWhatBytesMax);
  std::string printable(what);
  std::ranges::replace_if(printable, [](char c) { return c < ' ' || c > '~'; }, '?');
  return {.code = ErrorCode::kBadData, .detail = fmt::format("'{}': {}", display_name, printable)};
}

Error bad_file(std::string_view display_name, const arrow::Status& status) {
  if (status.IsOutOfMemory())
    return {.code = ErrorCode::kOutOfMemory, .detail = "not enough memory to read the data"};
  return bad_file(display_name, status.message());
}

}  // namespace bowshot
