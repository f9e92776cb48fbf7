// The body of POST /v1/query: a request in its canonical form, or an error with a text.
#include "base/check.hpp"
#include "fuzz_target.hpp"
#include "query/request.hpp"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const bowshot::Limits limits;
  const auto request = bowshot::parse_json_request(bowshot::fuzz::as_text(data, size), limits);
  if (!request) {
    BOWSHOT_CHECK(!request.error().detail.empty());
    return 0;
  }
  // What JSON says, a URL can say too.
  const std::string_view canonical = request->canonical;
  const size_t start = canonical.find('?');
  const auto as_url = bowshot::parse_url_request(
      request->dataset, request->shape,
      start == std::string_view::npos ? std::string_view() : canonical.substr(start + 1), limits);
  BOWSHOT_CHECK(as_url.has_value());
  BOWSHOT_CHECK(as_url->canonical == canonical);
  return 0;
}
