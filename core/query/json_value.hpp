#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace bowshot {

struct JsonMember;

/// A JSON document as it was written: numbers keep their text, members their order.
struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  std::string text;                 // kString: decoded; kNumber: as written; kBool: true or false
  std::vector<JsonValue> items;     // kArray
  std::vector<JsonMember> members;  // kObject; every key once
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

/// `bad_json` with the byte position of the mistake: not JSON (RFC 8259; no comments, no trailing
/// commas, no byte order mark), not UTF-8, more than `depth_max` levels, a key twice in an object,
/// anything after the value.
Result<JsonValue> parse_json(std::string_view text, size_t depth_max);

/// The value as compact JSON, members by key: the same text for the same value.
std::string spell_json(const JsonValue& value);

/// `/measures/a~1b`: a JSON Pointer (RFC 6901) one level below `parent`.
std::string json_pointer(std::string_view parent, std::string_view key);

}  // namespace bowshot
