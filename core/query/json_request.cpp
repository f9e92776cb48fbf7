#include <fmt/format.h>

#include <algorithm>

#include "query/cql2_json.hpp"
#include "query/json_value.hpp"
#include "query/raw_request.hpp"
#include "query/request.hpp"

namespace bowshot {

namespace {

std::string_view kind_text(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
      return "null";
    case JsonValue::Kind::kBool:
      return "a boolean";
    case JsonValue::Kind::kNumber:
      return "a number";
    case JsonValue::Kind::kString:
      return "a string";
    case JsonValue::Kind::kArray:
      return "an array";
    case JsonValue::Kind::kObject:
      return "an object";
  }
  return "";
}

bool is_string(const JsonValue& value) {
  return value.kind == JsonValue::Kind::kString;
}

/// The neutral form of a member's value; what no parameter takes is a RawOther.
decltype(RawParameter::value) raw_value(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::kString:
      return value.text;
    case JsonValue::Kind::kNumber:
      return RawNumber{value.text};
    case JsonValue::Kind::kArray: {
      if (!std::ranges::all_of(value.items, is_string))
        return RawOther{"an array that does not hold strings only"};
      std::vector<std::string> items;
      for (const JsonValue& item : value.items) items.push_back(item.text);
      return items;
    }
    case JsonValue::Kind::kObject: {
      std::vector<AliasedText> members;
      for (const JsonMember& member : value.members) {
        if (!is_string(member.value)) return RawOther{"an object that does not hold strings only"};
        members.push_back({member.key, member.value.text});
      }
      return members;
    }
    case JsonValue::Kind::kNull:
    case JsonValue::Kind::kBool:
      break;
  }
  return RawOther{kind_text(value)};
}

/// A filter is one level down; the rest of a request has two levels.
constexpr size_t kRequestLevels = 2;

/// The text of a key that every request has.
Result<std::string> required_text(const JsonValue& body, std::string_view key) {
  const auto member = std::ranges::find(body.members, key, &JsonMember::key);
  if (member == body.members.end())
    return fail({.code = ErrorCode::kMissingParameter,
                 .detail = fmt::format("the request has no `{}`", key),
                 .parameter = std::string(key)});
  if (!is_string(member->value))
    return fail(
        {.code = ErrorCode::kBadParameter,
         .detail = fmt::format("`{}` must be a string, was {}", key, kind_text(member->value)),
         .parameter = std::string(key),
         .pointer = json_pointer("", key)});
  return member->value.text;
}

}  // namespace

Result<Request> parse_json_request(std::string_view body, const Limits& limits) {
  BOWSHOT_ASSIGN(const JsonValue root,
                 parse_json(body, cql2_json_levels_max(limits) + kRequestLevels));
  if (root.kind != JsonValue::Kind::kObject)
    return fail({.code = ErrorCode::kBadJson,
                 .detail = fmt::format("the body must be a JSON object, was {}", kind_text(root)),
                 .position = 0});

  RawRequest raw;
  BOWSHOT_ASSIGN(raw.dataset, required_text(root, "dataset"));
  BOWSHOT_ASSIGN(const std::string shape, required_text(root, "shape"));
  auto parsed_shape = parse_shape(shape);
  if (!parsed_shape) {
    Error error = std::move(parsed_shape).error();
    error.parameter = "shape";
    error.pointer = "/shape";
    return fail(std::move(error));
  }
  raw.shape = *parsed_shape;
  for (const JsonMember& member : root.members) {
    if (member.key == "dataset" || member.key == "shape") continue;
    raw.parameters.push_back({.name = member.key,
                              .pointer = json_pointer("", member.key),
                              .json = &member.value,
                              .value = raw_value(member.value)});
  }
  return validate_request(raw, limits);
}

Error pointed_into(Error error, std::string_view body, const Limits& limits) {
  if (error.parameter.empty() || !error.pointer.empty()) return error;
  const auto root = parse_json(body, cql2_json_levels_max(limits) + kRequestLevels);
  if (root &&
      std::ranges::find(root->members, error.parameter, &JsonMember::key) != root->members.end())
    error.pointer = json_pointer("", error.parameter);
  return error;
}

}  // namespace bowshot
