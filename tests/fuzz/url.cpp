// The query of a URL, as `shape?query`: the canonical form of what is accepted is itself accepted,
// and canonical.
#include "base/check.hpp"
#include "fuzz_target.hpp"
#include "query/request.hpp"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = bowshot::fuzz::as_text(data, size);
  const size_t mark = input.find('?');
  if (mark == std::string_view::npos) return 0;
  const auto shape = bowshot::parse_shape(input.substr(0, mark));
  if (!shape) return 0;
  const bowshot::Limits limits;
  const auto request = bowshot::parse_url_request("d", *shape, input.substr(mark + 1), limits);
  if (!request) {
    BOWSHOT_CHECK(!request.error().detail.empty());
    return 0;
  }
  const std::string_view canonical = request->canonical;
  const size_t start = canonical.find('?');
  const auto again = bowshot::parse_url_request(
      "d", *shape,
      start == std::string_view::npos ? std::string_view() : canonical.substr(start + 1), limits);
  BOWSHOT_CHECK(again.has_value());
  BOWSHOT_CHECK(again->canonical == canonical);
  return 0;
}
