#include "query/cql2.hpp"

#include "query/cql2_letters.hpp"
#include "query/cql2_parser.hpp"

namespace bowshot {
namespace {

Result<std::vector<Item>> parse_list(std::string_view text, const Limits& limits, ItemKind kind) {
  return Parser(text, limits, ErrorCode::kBadParameter).parse_list_text(kind);
}

Result<Item> parse_one(std::string_view text, const Limits& limits, ItemKind kind) {
  return Parser(text, limits, ErrorCode::kBadParameter).parse_item_text(kind);
}

bool is_bare_name(std::string_view name) {
  size_t at = 0;
  while (at < name.size()) {
    const auto code_point = decode_code_point(name.substr(at));
    if (!code_point) return false;
    if (!(at == 0 ? is_name_start(code_point->value) : is_name_part(code_point->value)))
      return false;
    at += code_point->bytes;
  }
  return !name.empty() && !is_reserved_word(name);
}

}  // namespace

Result<SyntaxPtr> parse_cql2(std::string_view text, const Limits& limits) {
  return Parser(text, limits, ErrorCode::kBadFilter).parse_expression_text();
}

Result<SyntaxPtr> parse_scalar(std::string_view text, const Limits& limits) {
  return Parser(text, limits, ErrorCode::kBadParameter).parse_expression_text();
}

Result<std::vector<Item>> parse_name_list(std::string_view text, const Limits& limits) {
  return parse_list(text, limits, ItemKind::kName);
}

Result<std::vector<Item>> parse_order_list(std::string_view text, const Limits& limits) {
  return parse_list(text, limits, ItemKind::kOrder);
}

Result<std::vector<Item>> parse_function_list(std::string_view text, const Limits& limits) {
  return parse_list(text, limits, ItemKind::kFunction);
}

Result<std::vector<Item>> parse_compute_list(std::string_view text, const Limits& limits) {
  return parse_list(text, limits, ItemKind::kCompute);
}

Result<Item> parse_name_item(std::string_view text, const Limits& limits) {
  return parse_one(text, limits, ItemKind::kName);
}

Result<Item> parse_order_item(std::string_view text, const Limits& limits) {
  return parse_one(text, limits, ItemKind::kOrder);
}

Result<Item> parse_function_item(std::string_view text, const Limits& limits) {
  return parse_one(text, limits, ItemKind::kFunction);
}

Result<Item> parse_compute_item(std::string_view text, const Limits& limits) {
  return parse_one(text, limits, ItemKind::kCompute);
}

std::string spell_name(std::string_view name) {
  if (is_bare_name(name)) return std::string(name);
  std::string spelled = "\"";
  for (const char c : name) {
    if (c == '"') spelled.push_back('"');
    spelled.push_back(c);
  }
  return spelled + '"';
}

}  // namespace bowshot
