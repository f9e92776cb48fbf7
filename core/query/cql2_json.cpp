#include "query/cql2_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "query/literal.hpp"
#include "query/spelling.hpp"
#include "query/syntax.hpp"

namespace bowshot {
namespace {

using Kind = SyntaxNode::Kind;

/// As the text's parser has it: the recursion fits a thread's stack.
constexpr int64_t kDepthCeiling = 500;
constexpr size_t kAnyNumber = SIZE_MAX;

struct Operator {
  std::string_view name;
  Function function;
  size_t arguments_min;
  size_t arguments_max;
};

constexpr std::array<Operator, 21> kOperators = {{
    {"and", Function::kAnd, 2, kAnyNumber},
    {"or", Function::kOr, 2, kAnyNumber},
    {"not", Function::kNot, 1, 1},
    {"=", Function::kEqual, 2, 2},
    {"<>", Function::kNotEqual, 2, 2},
    {"<", Function::kLess, 2, 2},
    {"<=", Function::kLessEqual, 2, 2},
    {">", Function::kGreater, 2, 2},
    {">=", Function::kGreaterEqual, 2, 2},
    {"between", Function::kBetween, 3, 3},
    {"in", Function::kIn, 2, 2},
    {"like", Function::kLike, 2, 2},
    {"isNull", Function::kIsNull, 1, 1},
    {"casei", Function::kCasei, 1, 1},
    {"+", Function::kAdd, 2, 2},
    {"-", Function::kSubtract, 2, 2},
    {"*", Function::kMultiply, 2, 2},
    {"/", Function::kDivide, 2, 2},
    {"%", Function::kModulo, 2, 2},
    {"div", Function::kIntegerDivide, 2, 2},
    {"^", Function::kPower, 2, 2},
}};

std::vector<std::string> operator_names() {
  std::vector<std::string> names;
  for (const Operator& known : kOperators) names.emplace_back(known.name);
  return names;
}

/// Walks one JSON filter. Used once.
class Reader {
 public:
  explicit Reader(const Limits& limits)
      : depth_max_(std::min(limits.filter_depth, kDepthCeiling)),
        literals_max_(limits.filter_literals) {}

  Result<SyntaxPtr> read(const JsonValue& value, const std::string& pointer) {
    switch (value.kind) {
      case JsonValue::Kind::kString:
        return literal({.kind = Kind::kText, .text = value.text}, pointer);
      case JsonValue::Kind::kNumber:
        return number(value.text, pointer);
      case JsonValue::Kind::kBool:
        return literal({.kind = Kind::kBoolean, .truth = value.text == "true"}, pointer);
      case JsonValue::Kind::kNull:
        return bad(pointer, "null is not a value here; write {\"op\":\"isNull\",\"args\":[...]}");
      case JsonValue::Kind::kArray:
        return bad(pointer, "an array stands only as the second argument of `in`");
      case JsonValue::Kind::kObject:
        break;
    }
    return object(value, pointer);
  }

  std::vector<std::string> take_pointers() { return std::move(pointers_); }

 private:
  Result<SyntaxPtr> object(const JsonValue& value, const std::string& pointer) {
    if (const JsonValue* op = member(value, "op")) return operation(value, *op, pointer);
    if (value.members.size() != 1) return bad(pointer, std::string(kObjects));
    const auto& [key, inner] = value.members.front();
    const std::string inside = json_pointer(pointer, key);
    if (key != "property" && key != "date" && key != "timestamp")
      return bad(inside,
                 fmt::format("{} is not served in a filter; {}", quote_value(key), kObjects));
    if (inner.kind != JsonValue::Kind::kString)
      return bad(inside, fmt::format("`{}` must be a string", key));
    if (key == "property") return name(inner.text, inside);
    const bool is_date = key == "date";
    if (is_date ? !parse_date(inner.text) : !parse_timestamp(inner.text))
      return bad(inside, fmt::format("{} is no {}; write it as {}", quote_value(inner.text), key,
                                     is_date ? "2026-11-22" : "2026-11-22T10:00:00Z"));
    return literal({.kind = is_date ? Kind::kDate : Kind::kTimestamp, .text = inner.text}, inside);
  }

  Result<SyntaxPtr> operation(const JsonValue& value, const JsonValue& op,
                              const std::string& pointer) {
    for (const JsonMember& other : value.members)
      if (other.key != "op" && other.key != "args")
        return bad(json_pointer(pointer, other.key), "an operation has `op` and `args` only");
    BOWSHOT_ASSIGN(const Operator* known, find_operator(op, json_pointer(pointer, "op")));
    const JsonValue* args = member(value, "args");
    if (!args || args->kind != JsonValue::Kind::kArray)
      return bad(args ? json_pointer(pointer, "args") : pointer,
                 fmt::format("`{}` needs its arguments as the array `args`", known->name));
    const size_t count = args->items.size();
    if (count < known->arguments_min || count > known->arguments_max)
      return bad(json_pointer(pointer, "args"),
                 fmt::format("`{}` takes {}{} argument{}, not {}", known->name,
                             known->arguments_max == kAnyNumber ? "at least " : "",
                             known->arguments_min, known->arguments_min == 1 ? "" : "s", count));
    if (++depth_ > depth_max_)
      return bad(pointer,
                 fmt::format("the filter nests deeper than {} (filter_depth)", depth_max_));
    SyntaxNode node{.kind = Kind::kOperation, .function = known->function};
    BOWSHOT_TRY(arguments(*args, json_pointer(pointer, "args"), node));
    --depth_;
    if (node.function == Function::kSubtract) {  // the tree has sums only
      node.function = Function::kAdd;
      node.subtracted = {false, true};
    } else if (node.function == Function::kAdd) {
      node.subtracted = {false, false};
    }
    return finish(std::move(node), pointer);
  }

  Result<const Operator*> find_operator(const JsonValue& op, const std::string& pointer) const {
    const auto known = std::ranges::find(kOperators, op.text, &Operator::name);
    if (op.kind == JsonValue::Kind::kString && known != kOperators.end()) return known;
    const auto names = operator_names();
    return bad(pointer,
               fmt::format("there is no such operation; there are {}", fmt::join(names, " ")),
               op.text == "!=" ? std::vector<std::string>{"<>"} : suggest(op.text, names));
  }

  Result<void> arguments(const JsonValue& args, const std::string& pointer, SyntaxNode& node) {
    const bool is_in = node.function == Function::kIn;
    for (size_t i = 0; i < args.items.size(); ++i) {
      const std::string inside = json_pointer(pointer, fmt::format("{}", i));
      if (is_in && i == 1) return items(args.items[i], inside, node);
      BOWSHOT_ASSIGN(SyntaxPtr argument, read(args.items[i], inside));
      node.arguments.push_back(std::move(argument));
    }
    if (node.function != Function::kLike) return {};
    if (const auto problem = find_pattern_problem(*node.arguments[1]))
      return bad(pointers_[static_cast<size_t>(problem->position)], std::string(problem->detail));
    return {};
  }

  /// The second argument of `in`.
  Result<void> items(const JsonValue& list, const std::string& pointer, SyntaxNode& node) {
    if (list.kind != JsonValue::Kind::kArray || list.items.empty())
      return bad(pointer, "the second argument of `in` is an array of at least one value");
    for (size_t i = 0; i < list.items.size(); ++i) {
      BOWSHOT_ASSIGN(SyntaxPtr item,
                     read(list.items[i], json_pointer(pointer, fmt::format("{}", i))));
      node.arguments.push_back(std::move(item));
    }
    return {};
  }

  /// Names are plain text, but that of the pseudo-column: a column that is called so is written as
  /// everywhere in the protocol, `"_row"`.
  SyntaxPtr name(const std::string& text, const std::string& pointer) {
    const bool quoted = text == "\"_row\"";
    return finish({.kind = Kind::kName, .text = quoted ? "_row" : text, .quoted = quoted}, pointer);
  }

  /// A sign is an operation, as in the text.
  Result<SyntaxPtr> number(const std::string& text, const std::string& pointer) {
    if (!text.starts_with('-')) return literal({.kind = Kind::kNumber, .text = text}, pointer);
    BOWSHOT_ASSIGN(SyntaxPtr positive,
                   literal({.kind = Kind::kNumber, .text = text.substr(1)}, pointer));
    return finish({.kind = Kind::kOperation,
                   .function = Function::kNegate,
                   .arguments = {std::move(positive)}},
                  pointer);
  }

  Result<SyntaxPtr> literal(SyntaxNode node, const std::string& pointer) {
    if (++literals_ > literals_max_)
      return bad(pointer, fmt::format("more than {} literals (filter_literals)", literals_max_));
    return finish(std::move(node), pointer);
  }

  SyntaxPtr finish(SyntaxNode node, const std::string& pointer) {
    node.position = static_cast<int64_t>(pointers_.size());
    pointers_.push_back(pointer);
    return std::make_shared<const SyntaxNode>(std::move(node));
  }

  static const JsonValue* member(const JsonValue& object, std::string_view key) {
    const auto found = std::ranges::find(object.members, key, &JsonMember::key);
    return found == object.members.end() ? nullptr : &found->value;
  }

  static std::unexpected<Error> bad(const std::string& pointer, std::string detail,
                                    std::vector<std::string> suggestions = {}) {
    return fail(Error{.code = ErrorCode::kBadFilter,
                      .detail = std::move(detail),
                      .pointer = pointer,
                      .suggestions = std::move(suggestions)});
  }

  static constexpr std::string_view kObjects =
      "an object is an operation (`op` and `args`), a `property`, a `date` or a `timestamp`";

  std::vector<std::string> pointers_;
  int64_t depth_ = 0;
  int64_t depth_max_;
  int64_t literals_ = 0;
  int64_t literals_max_;
};

}  // namespace

Result<JsonFilter> read_cql2_json(const JsonValue& filter, const Limits& limits) {
  Reader reader(limits);
  BOWSHOT_ASSIGN(SyntaxPtr syntax, reader.read(filter, ""));
  return JsonFilter{.syntax = std::move(syntax), .pointers = reader.take_pointers()};
}

size_t cql2_json_levels_max(const Limits& limits) {
  // An operation is an object and an array; the rest leaves room to say `filter_depth`, not JSON.
  constexpr int64_t kRoom = 64;
  return static_cast<size_t>(2 * (std::min(limits.filter_depth, kDepthCeiling) + kRoom));
}

}  // namespace bowshot
