#include "query/json_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <unordered_set>
#include <utility>

#include "query/spelling.hpp"
#include "query/utf8.hpp"

namespace bowshot {

namespace {

namespace json = boost::json;

/// What Boost.JSON's parser calls; builds a JsonValue. Its own DOM keeps the last of two equal keys
/// silently and rounds numbers, hence not that.
class TreeBuilder {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the names that Boost.JSON asks for.
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  // NOLINTEND(readability-identifier-naming)
  using error_code = boost::system::error_code;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return open(JsonValue::Kind::kObject); }
  bool on_object_end(std::size_t, error_code&) { return close(); }
  bool on_array_begin(error_code&) { return open(JsonValue::Kind::kArray); }
  bool on_array_end(std::size_t, error_code&) { return close(); }

  bool on_key_part(json::string_view part, std::size_t, error_code&) { return append(part); }
  bool on_key(json::string_view part, std::size_t, error_code& error) {
    append(part);
    Level& level = open_.back();
    level.key = std::exchange(text_, {});
    if (level.keys.insert(level.key).second) return true;
    repeated_key_ = level.key;
    error = json::error::syntax;  // any: `repeated_key` tells
    return false;
  }

  bool on_string_part(json::string_view part, std::size_t, error_code&) { return append(part); }
  bool on_string(json::string_view part, std::size_t, error_code&) {
    append(part);
    return add({.kind = JsonValue::Kind::kString, .text = std::exchange(text_, {})});
  }

  bool on_number_part(json::string_view part, error_code&) { return append(part); }
  bool on_int64(int64_t, json::string_view part, error_code&) { return number(part); }
  bool on_uint64(uint64_t, json::string_view part, error_code&) { return number(part); }
  bool on_double(double, json::string_view part, error_code&) { return number(part); }
  bool on_bool(bool value, error_code&) {
    return add({.kind = JsonValue::Kind::kBool, .text = value ? "true" : "false"});
  }
  bool on_null(error_code&) { return add({}); }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  const std::optional<std::string>& repeated_key() const { return repeated_key_; }
  JsonValue take() { return std::move(root_); }

 private:
  /// An array or object whose end has not come.
  struct Level {
    JsonValue value;
    std::string key = {};                       // kObject: of the member that comes next
    std::unordered_set<std::string> keys = {};  // kObject: so far
  };

  bool append(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool number(json::string_view part) {
    append(part);
    return add({.kind = JsonValue::Kind::kNumber, .text = std::exchange(text_, {})});
  }
  bool open(JsonValue::Kind kind) {
    open_.push_back({.value = {.kind = kind}});
    return true;
  }
  bool close() {
    JsonValue value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }
  bool add(JsonValue value) {
    if (open_.empty())
      root_ = std::move(value);
    else if (Level& level = open_.back(); level.value.kind == JsonValue::Kind::kArray)
      level.value.items.push_back(std::move(value));
    else
      level.value.members.push_back({std::move(level.key), std::move(value)});
    return true;
  }

  JsonValue root_;
  std::vector<Level> open_;
  std::string text_;  // of the string, key or number that is being read
  std::optional<std::string> repeated_key_;
};

std::unexpected<Error> bad_json(std::string detail, size_t position) {
  return fail({.code = ErrorCode::kBadJson,
               .detail = std::move(detail),
               .position = static_cast<int64_t>(position)});
}

}  // namespace

Result<JsonValue> parse_json(std::string_view text, size_t depth_max) {
  if (const auto position = utf8_error_position(text))
    return bad_json("the JSON is not valid UTF-8", *position);

  json::parse_options options;
  options.max_depth = depth_max;
  // Their texts are what counts, so that none is rounded or refused for its size.
  options.numbers = json::number_precision::none;
  json::basic_parser<TreeBuilder> parser(options);
  boost::system::error_code error;
  const size_t consumed = parser.write_some(/*more=*/false, text.data(), text.size(), error);
  if (const auto& key = parser.handler().repeated_key())
    return bad_json(fmt::format("the key {} is given twice", quote_value(*key)), consumed);
  if (error == json::error::too_deep)
    return bad_json(fmt::format("nested more than {} levels deep", depth_max), consumed);
  if (error == json::error::incomplete)
    return bad_json("it ends before its JSON value does", text.size());
  if (error) return bad_json(fmt::format("not JSON: {}", error.message()), consumed);
  if (consumed < text.size()) return bad_json("something follows the JSON value", consumed);
  return parser.handler().take();
}

namespace {

void append_json(const JsonValue& value, std::string& out) {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
      out += "null";
      return;
    case JsonValue::Kind::kBool:
    case JsonValue::Kind::kNumber:
      out += value.text;
      return;
    case JsonValue::Kind::kString:
      out += json::serialize(json::string_view(value.text));
      return;
    case JsonValue::Kind::kArray:
      out += '[';
      for (const JsonValue& item : value.items) {
        if (&item != &value.items.front()) out += ',';
        append_json(item, out);
      }
      out += ']';
      return;
    case JsonValue::Kind::kObject:
      break;
  }
  std::vector<const JsonMember*> members;
  for (const JsonMember& member : value.members) members.push_back(&member);
  std::ranges::sort(members, {}, &JsonMember::key);
  out += '{';
  for (const JsonMember* member : members) {
    if (member != members.front()) out += ',';
    out += json::serialize(json::string_view(member->key)) + ':';
    append_json(member->value, out);
  }
  out += '}';
}

}  // namespace

std::string spell_json(const JsonValue& value) {
  std::string text;
  append_json(value, text);
  return text;
}

std::string json_pointer(std::string_view parent, std::string_view key) {
  std::string pointer(parent);
  pointer += '/';
  for (const char c : key) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

}  // namespace bowshot
