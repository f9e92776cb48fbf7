#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "query/json_value.hpp"
#include "query/request.hpp"

namespace bowshot {

/// A JSON number as it was written.
struct RawNumber {
  std::string text;
};
/// A member of a JSON object {"alias": "expression"}.
struct AliasedText {
  std::string alias;
  std::string text;
};
/// A JSON value that no parameter takes: null, true, an array of numbers, ...
struct RawOther {
  std::string_view what;  // `null`, `an object`; static text
};

/// A parameter as it came, from a URL or from JSON, before anyone has asked whether it exists.
/// A URL has texts only.
struct RawParameter {
  std::string name;                 // as written: `skip`
  std::string pointer;              // the JSON Pointer of the value; empty: from a URL
  const JsonValue* json = nullptr;  // the value as it stands in the body, which outlives this
  std::variant<std::string, RawNumber, std::vector<std::string>, std::vector<AliasedText>, RawOther>
      value;
};

/// What both kinds of requests become, and the only way to a Request: names, counts, values and
/// syntax are checked in one place, so that GET and JSON cannot differ.
struct RawRequest {
  std::string dataset;
  Shape shape = Shape::kRows;
  std::vector<RawParameter> parameters;
};
Result<Request> validate_request(const RawRequest& raw, const Limits& limits);

}  // namespace bowshot
