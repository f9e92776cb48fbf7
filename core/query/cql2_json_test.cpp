#include "query/cql2_json.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "query/request.hpp"
#include "query/syntax.hpp"

namespace bowshot {
namespace {

Result<JsonFilter> read(std::string_view text, const Limits& limits = {}) {
  BOWSHOT_ASSIGN(const JsonValue json, parse_json(text, cql2_json_levels_max(limits)));
  return read_cql2_json(json, limits);
}

/// Without the positions, which say other things in JSON than in text.
std::string shape_of(const SyntaxNode& node) {
  std::string text = std::to_string(static_cast<int>(node.kind)) + node.text;
  if (node.kind == SyntaxNode::Kind::kBoolean) text += node.truth ? "true" : "false";
  if (node.kind != SyntaxNode::Kind::kOperation) return text;
  text = std::string(function_name(node.function)) + "(";
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    if (i < node.subtracted.size() && node.subtracted[i]) text += "-";
    text += shape_of(*node.arguments[i]) + ",";
  }
  return text + ")";
}

TEST(Cql2Json, MakesTheTreeThatTheTextMakes) {
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {"a > 1", R"({"op":">","args":[{"property":"a"},1]})"},
      {"a = -1.5", R"({"op":"=","args":[{"property":"a"},-1.5]})"},
      {"a + b <> a - b",
       R"({"op":"<>","args":[{"op":"+","args":[{"property":"a"},{"property":"b"}]},
                            {"op":"-","args":[{"property":"a"},{"property":"b"}]}]})"},
      {"a = 1 AND b = 2 AND c", R"({"op":"and","args":[{"op":"=","args":[{"property":"a"},1]},
                            {"op":"=","args":[{"property":"b"},2]},{"property":"c"}]})"},
      {"a IN (1, 'x')", R"({"op":"in","args":[{"property":"a"},[1,"x"]]})"},
      {"a BETWEEN 1 AND 2", R"({"op":"between","args":[{"property":"a"},1,2]})"},
      {"CASEI(a) LIKE CASEI('X%')",
       R"({"op":"like","args":[{"op":"casei","args":[{"property":"a"}]},
                            {"op":"casei","args":["X%"]}]})"},
      {"NOT a IS NULL", R"({"op":"not","args":[{"op":"isNull","args":[{"property":"a"}]}]})"},
      {"d < DATE('2026-11-22')", R"({"op":"<","args":[{"property":"d"},{"date":"2026-11-22"}]})"},
      {"TRUE", "true"},
  };
  for (const auto& [text, json] : pairs) {
    const auto from_text = parse_cql2(text, Limits{});
    const auto from_json = read(json);
    ASSERT_TRUE(from_text && from_json) << text;
    EXPECT_EQ(shape_of(*from_json->syntax), shape_of(**from_text));
  }
}

TEST(Cql2Json, PositionsArePlaces) {
  const auto filter = read(R"({"op":"and","args":[true,{"op":"=","args":[{"property":"a"},1]}]})");
  ASSERT_TRUE(filter);
  const SyntaxNode& equal = *filter->syntax->arguments[1];
  const auto place = [&](const SyntaxNode& node) {
    return filter->pointers[static_cast<size_t>(node.position)];
  };
  EXPECT_EQ(place(*filter->syntax), "");
  EXPECT_EQ(place(equal), "/args/1");
  EXPECT_EQ(place(*equal.arguments[0]), "/args/1/args/0/property");
  EXPECT_EQ(place(*equal.arguments[1]), "/args/1/args/1");
}

TEST(Cql2Json, RefusesWhatTheStandardOrThisServerHasNot) {
  for (const std::string_view text :
       {"null", "[]", "{}", R"({"op":5,"args":[]})", R"({"op":"and","args":[true]})",
        R"({"op":"not","args":[]})", R"({"property":5})", R"({"property":"a","x":1})",
        R"({"interval":["..",".."]})", R"({"type":"Point","coordinates":[1,2]})",
        R"({"timestamp":"yesterday"})", R"({"op":"accenti","args":["a"]})",
        R"({"op":"like","args":[{"property":"a"},{"property":"b"}]})"}) {
    const auto filter = read(text);
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(filter.error().code, ErrorCode::kBadFilter) << text;
  }
}

TEST(Cql2Json, DepthIsThatOfOperations) {
  Limits limits;
  limits.filter_depth = 3;
  const std::string_view open = R"({"op":"not","args":[)";
  const std::string text = fmt::format("{0}{0}{0}true]}}]}}]}}", open);
  EXPECT_TRUE(read(text, limits));
  const auto deeper = read(R"({"op":"not","args":[)" + text + "]}", limits);
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().pointer, "/args/0/args/0/args/0");
}

TEST(SpellJson, IsOneTextForOneValue) {
  const auto value = parse_json(R"( { "b" : [1, "x\n[", [] ], "a" : {"c":null} } )", 9);
  ASSERT_TRUE(value);
  EXPECT_EQ(spell_json(*value), R"({"a":{"c":null},"b":[1,"x\n[",[]]})");
}

TEST(JsonRequest, LanguagesMustAgree) {
  const auto request = [](std::string_view rest) {
    return parse_json_request(R"({"dataset":"t","shape":"count",)" + std::string(rest) + "}",
                              Limits{});
  };
  EXPECT_TRUE(request(R"("filter":{"property":"a"})"));
  EXPECT_TRUE(request(R"("filter":{"property":"a"},"filter-lang":"cql2-json")"));
  EXPECT_TRUE(request(R"("filter-lang":"cql2-text","filter":"a")"));
  EXPECT_TRUE(request(R"("filter-lang":"cql2-json","filter":"{\"property\":\"a\"}")"));
  const auto text = request(R"("filter-lang":"cql2-json","filter":"a")");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kBadFilter);
  for (const std::string_view rest : {R"("filter":{"property":"a"},"filter-lang":"cql2-text")",
                                      R"("filter-lang":"sql","filter":"a")"}) {
    const auto parsed = request(rest);
    ASSERT_FALSE(parsed) << rest;
    EXPECT_EQ(parsed.error().parameter, "filter-lang") << rest;
  }
}

}  // namespace
}  // namespace bowshot
