#include <algorithm>

#include "query/raw_request.hpp"
#include "query/request.hpp"

namespace bowshot {

namespace {

/// `name=value`, still encoded. Without `=` the value is empty.
Result<RawParameter> decode_pair(std::string_view pair) {
  const size_t equals = pair.find('=');
  const std::string_view value = equals == pair.npos ? "" : pair.substr(equals + 1);
  auto name = percent_decode(pair.substr(0, equals), /*plus_is_space=*/true);
  if (!name) {
    Error error = std::move(name).error();
    error.detail = "in the name of a parameter: " + error.detail;
    return fail(std::move(error));
  }
  auto text = percent_decode(value, /*plus_is_space=*/true);
  if (!text) {
    Error error = std::move(text).error();
    error.parameter = *std::move(name);
    return fail(std::move(error));
  }
  return RawParameter{.name = *std::move(name), .pointer = "", .value = *std::move(text)};
}

}  // namespace

Result<Request> parse_url_request(std::string dataset, Shape shape, std::string_view query,
                                  const Limits& limits) {
  RawRequest raw{.dataset = std::move(dataset), .shape = shape, .parameters = {}};
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;  // `a=1&&b=2&`: the URL standard has no parameter there
    BOWSHOT_ASSIGN(RawParameter parameter, decode_pair(pair));
    raw.parameters.push_back(std::move(parameter));
  }
  return validate_request(raw, limits);
}

}  // namespace bowshot
