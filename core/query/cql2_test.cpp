#include "query/cql2.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "query/syntax.hpp"

namespace bowshot {
namespace {

/// The tree as text: operators in prefix form, literals as written.
std::string spell(const SyntaxNode& node) {
  switch (node.kind) {
    case SyntaxNode::Kind::kName:
      return (node.quoted ? "q:" : "") + node.text;
    case SyntaxNode::Kind::kNumber:
      return node.text;
    case SyntaxNode::Kind::kText:
      return "'" + node.text + "'";
    case SyntaxNode::Kind::kBoolean:
      return node.truth ? "TRUE" : "FALSE";
    case SyntaxNode::Kind::kDate:
      return "date:" + node.text;
    case SyntaxNode::Kind::kTimestamp:
      return "timestamp:" + node.text;
    case SyntaxNode::Kind::kOperation:
      break;
  }
  std::string text(node.negated ? "not_" : "");
  text += function_name(node.function);
  for (size_t i = 0; i < node.arguments.size(); ++i) {
    text += i == 0 ? "(" : ", ";
    if (!node.subtracted.empty() && node.subtracted[i]) text += "-";
    text += spell(*node.arguments[i]);
  }
  return text + ")";
}

std::string parsed(std::string_view text) {
  const auto syntax = parse_cql2(text, Limits{});
  return syntax ? spell(**syntax) : "error: " + syntax.error().detail;
}

Error error_of(std::string_view text, const Limits& limits = {}) {
  const auto syntax = parse_cql2(text, limits);
  if (!syntax) return syntax.error();
  ADD_FAILURE() << "parsed: " << text;
  return {};
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Cql2, ParsesEachConstruct) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a = 1", "equal(a, 1)"},
      {"a<>1", "not_equal(a, 1)"},
      {"a<=b", "less_equal(a, b)"},
      {"a >= 1.5e-3", "greater_equal(a, 1.5e-3)"},
      {"a < .5", "less(a, .5)"},
      {"a > 5.", "greater(a, 5.)"},
      {"active", "active"},
      {"TRUE", "TRUE"},
      {"a = tRuE aNd nOt b", "and(equal(a, TRUE), not(b))"},
      {"a = 1 or b = 2 and c = 3", "or(equal(a, 1), and(equal(b, 2), equal(c, 3)))"},
      {"(a = 1 or b = 2) and c = 3", "and(or(equal(a, 1), equal(b, 2)), equal(c, 3))"},
      {"not a = 1 and b", "and(not(equal(a, 1)), b)"},
      {"not not a", "not(not(a))"},
      {"a between 1 and 2 and b", "and(between(a, 1, 2), b)"},
      {"a not between 1 + 1 and 2", "not_between(a, add(1, 1), 2)"},
      {"a in (1, 2,3)", "in(a, 1, 2, 3)"},
      {"a not in ('x')", "not_in(a, 'x')"},
      {"a like '%x_'", "like(a, '%x_')"},
      {"a not like 'x'", "not_like(a, 'x')"},
      {"casei(a) like casei('X%')", "like(casei(a), casei('X%'))"},
      {"a is null", "is_null(a)"},
      {"a + 1 is not null", "not_is_null(add(a, 1))"},
      {"name = 'it''s'", "equal(name, 'it's')"},
      {"name = ''", "equal(name, '')"},
      {"\"my \"\"col\"\"\" = 1", "equal(q:my \"col\", 1)"},
      {"date > DATE('2001-01-31')", "greater(date, date:2001-01-31)"},
      {"timestamp < timestamp('2001-01-31T10:00:00Z')",
       "less(timestamp, timestamp:2001-01-31T10:00:00Z)"},
      {"a.b_1 = 1", "equal(a.b_1, 1)"},
      {"größe = 1 AND 数 = 2 AND हिन्दी = 3 AND _ñ = 4",
       "and(equal(größe, 1), equal(数, 2), equal(हिन्दी, 3), equal(_ñ, 4))"},
      {"a=+5", "equal(a, 5)"},
      {"a=-5", "equal(a, negate(5))"},
      {"\t(\r\n a )\n", "a"},
      {"(a > 1) = TRUE", "equal(greater(a, 1), TRUE)"},
  };
  for (const auto& [text, tree] : cases) EXPECT_EQ(parsed(text), tree) << text;
}

TEST(Cql2, HoldsThePrecedenceOfArithmetic) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a + b * c = 1", "equal(add(a, multiply(b, c)), 1)"},
      {"(a + b) * c = 1", "equal(multiply(add(a, b), c), 1)"},
      {"a - b + c - d = 1", "equal(add(a, -b, c, -d), 1)"},
      {"a / b / c = 1", "equal(divide(a, b, c), 1)"},
      {"a * b / c * d = 1", "equal(multiply(divide(multiply(a, b), c), d), 1)"},
      {"a div b % c = 1", "equal(modulo(integer_divide(a, b), c), 1)"},
      {"a DIV 2 = 1", "equal(integer_divide(a, 2), 1)"},
      {"-a ^ 2 = 1", "equal(negate(power(a, 2)), 1)"},
      {"2 ^ 3 ^ 2 = 1", "equal(power(2, power(3, 2)), 1)"},
      {"2 ^ -1 = 1", "equal(power(2, negate(1)), 1)"},
      {"a * -b = 1", "equal(multiply(a, negate(b)), 1)"},
      {"a - -1 = 1", "equal(add(a, -negate(1)), 1)"},
      {"a --1 = 1", "equal(add(a, -negate(1)), 1)"},
  };
  for (const auto& [text, tree] : cases) EXPECT_EQ(parsed(text), tree) << text;
}

struct BadCase {
  std::string_view text;
  int64_t position;
  std::string_view detail;  // a part of it
};

TEST(Cql2, SaysWhereAndWhatIsWrong) {
  const BadCase cases[] = {
      {"", 0, "empty"},
      {"   ", 3, "empty"},
      {"a =", 3, "found the end"},
      {"a = ", 4, "found the end"},
      {"a = 1 AND", 9, "found the end"},
      {"(a = 1", 6, "`)`, found the end"},
      {"a = 1)", 5, "found `)`"},
      {"a != 1", 2, "not equal is `<>`"},
      {"a == 1", 2, "equal is `=`"},
      {"a = b = c", 6, "found `=`"},
      {"a = 1 ADN b = 2", 6, "found `ADN`"},
      {"a = 'x", 6, "no closing single quote"},
      {"\"a = 1", 6, "no closing double quote"},
      {"a = NULL", 4, "IS NULL"},
      {"a IS 5", 5, "expected NULL or NOT NULL, found `5`"},
      {"a IS NOT 5", 9, "expected NULL, found `5`"},
      {"a NOT 5", 6, "BETWEEN, IN or LIKE"},
      {"a IN 5", 5, "expected `(`"},
      {"a IN ()", 6, "at least one"},
      {"a IN (1,)", 8, "found `)`"},
      {"a BETWEEN 1 OR 2", 12, "upper bound"},
      {"and = 1", 0, "double quotes"},
      {"a = 1e", 6, "exponent"},
      {"a = 1 ; drop", 6, "no use for"},
      {"a:b = 1", 1, "found `:`"},
      {"mean(a) > 1", 0, "not a function"},
      {"CASEI(a, b) = 'x'", 0, "one argument"},
      {"DATE(a) = b", 5, "'2026-11-22'"},
      {"d = DATE('2026-02-30')", 4, "no date"},
      {"d = DATE('2026-2-3')", 4, "no date"},
      {"d = TIMESTAMP('2026-02-03')", 4, "no timestamp"},
      {"d = TIMESTAMP('2026-02-03T24:00:00Z')", 4, "no timestamp"},
      {"d = TIMESTAMP('2026-02-03T10:00:00.1234567891Z')", 4, "no timestamp"},
      {"d = TIMESTAMP('2026-02-03T10:00:00 UTC')", 4, "no timestamp"},
      {"a LIKE b", 7, "pattern"},
      {"a LIKE 'x\\'", 7, "backslash"},
      {"größe = 1 AND € = 2", 16, "no use for"},
      {"a = 1 \xff", 6, "UTF-8"},
      {"a = \"b", 6, "double quote"},
      {"\xc3", 0, "UTF-8"},
      {"\xed\xa0\x80 = 1", 0, "UTF-8"},
      {"+a = 1", 1, "after the sign"},
  };
  for (const BadCase& bad : cases) {
    const Error error = error_of(bad.text);
    EXPECT_EQ(error.code, ErrorCode::kBadFilter) << bad.text;
    EXPECT_EQ(error.position, bad.position) << bad.text << ": " << error.detail;
    EXPECT_NE(error.detail.find(bad.detail), std::string::npos) << bad.text << ": " << error.detail;
  }
}

TEST(Cql2, Suggests) {
  EXPECT_EQ(error_of("casi(a) = 'x'").suggestions, std::vector<std::string>{"CASEI"});
  EXPECT_EQ(error_of("a = 1 annd b = 2").suggestions, std::vector<std::string>{"AND"});
  EXPECT_EQ(error_of("a != 2").suggestions, std::vector<std::string>{"<>"});
}

TEST(Cql2, AcceptsEscapedBackslashesInPatterns) {
  EXPECT_EQ(parsed(R"(a LIKE '\%\\')"), R"(like(a, '\%\\'))");
  EXPECT_EQ(error_of(R"(a LIKE CASEI('\\\'))").position, 13);
}

TEST(Cql2, DepthIsNestingNotLength) {
  for (const std::string_view link : {" OR a = 1", " AND a", " OR a = 1 AND b"})
    EXPECT_TRUE(parse_cql2("a = 1" + repeated(link, 5'000), Limits{})) << link;
  for (const std::string_view link : {" + a", " - a + a", " * a", " / a", " % a"})
    EXPECT_TRUE(parse_cql2("a = 1" + repeated(link, 50'000), Limits{})) << link;
}

TEST(Cql2, NestingHasALimit) {
  struct Nest {
    std::string_view open, inside, close;
  };
  const Nest nests[] = {{"(", "a", ")"},   {"NOT ", "a", ""},    {"-", "1", ""},
                        {"2^", "2", ""},   {"casei(", "a", ")"}, {"a in (", "1", ")"},
                        {"a*a/", "1", ""}, {"NOT (", "a", ")"},  {"2^-(", "1", ")"}};
  for (const Nest& nest : nests) {
    const auto nested = [&](int depth) {
      return repeated(nest.open, depth) + std::string(nest.inside) + repeated(nest.close, depth);
    };
    EXPECT_TRUE(parse_cql2(nested(30), Limits{})) << nest.open;
    EXPECT_NE(error_of(nested(101)).detail.find("deeper than 100"), std::string::npos) << nest.open;
    EXPECT_EQ(error_of(nested(200'000)).code, ErrorCode::kBadFilter);
  }
  EXPECT_TRUE(parse_cql2(repeated("(", 100) + "a" + repeated(")", 100), Limits{}));
  EXPECT_EQ(error_of(repeated("(", 101) + "a" + repeated(")", 101)).position, 100);
  EXPECT_EQ(error_of(repeated("(", 101)).position, 100);
  // A product's changes of operator lie on top of what its first operand nests.
  EXPECT_EQ(error_of(repeated("(", 60) + "a" + repeated("*a/a", 30) + repeated(")", 60) +
                     repeated("*a/a", 30))
                .code,
            ErrorCode::kBadFilter);
}

TEST(Cql2, TheHighestDepthThatCanBeSetFitsTheStack) {
  Limits limits;
  limits.filter_depth = 1'000'000;
  EXPECT_TRUE(parse_cql2(repeated("NOT (", 250) + "a" + repeated(")", 250), limits));
  EXPECT_EQ(error_of(repeated("NOT (", 500'000), limits).code, ErrorCode::kBadFilter);
}

TEST(Cql2, LiteralsHaveALimit) {
  const std::string most = "a IN (0" + repeated(",1", 9'999) + ")";
  EXPECT_TRUE(parse_cql2(most, Limits{}));
  const Error error = error_of("TRUE OR " + most);
  EXPECT_NE(error.detail.find("more than 10000 literals"), std::string::npos) << error.detail;
}

TEST(Cql2, ParsesALongFilterInLinearTime) {
  const std::string text = "a = 1" + repeated(" OR long_name_of_a_column <> other", 30'000);
  EXPECT_TRUE(parse_cql2(text, Limits{}));
}

std::string spell(const Item& item) {
  std::string text = item.alias ? "<" + *item.alias + "> " : "";
  text += item.descending ? "-" : "";
  text += item.quoted ? "q:" + item.name : item.name;
  if (!item.function.empty()) {
    text += item.function + "(";
    for (const SyntaxPtr& argument : item.arguments)
      text += (argument == item.arguments.front() ? "" : "; ") + spell(*argument);
    text += ")";
  }
  if (item.expression) text += spell(*item.expression);
  return text + "@" + std::to_string(item.position);
}

std::string spell(const Result<std::vector<Item>>& items) {
  if (!items) {
    EXPECT_EQ(items.error().code, ErrorCode::kBadParameter);
    return "error at " + std::to_string(items.error().position.value_or(-1));
  }
  std::string text;
  for (const Item& item : *items) text += (text.empty() ? "" : " | ") + spell(item);
  return text;
}

TEST(Cql2Lists, ParsesNames) {
  const Limits limits;
  EXPECT_EQ(spell(parse_name_list("a,b.c", limits)), "a@0 | b.c@2");
  EXPECT_EQ(spell(parse_name_list(" a , \"x, \"\"y\"\"\" ", limits)), "a@1 | q:x, \"y\"@5");
  EXPECT_EQ(spell(parse_name_list("in,and,date", limits)), "in@0 | and@3 | date@7");
  EXPECT_EQ(spell(parse_name_list("\"\"", limits)), "q:@0");
  EXPECT_EQ(spell(parse_name_list("größe,x", limits)), "größe@0 | x@8");
  for (const auto& [text, position] :
       std::initializer_list<std::pair<std::string_view, int>>{{"", 0},
                                                               {"  ", 2},
                                                               {"a,,b", 2},
                                                               {"a,", 2},
                                                               {",a", 0},
                                                               {"a b", 2},
                                                               {"-a", 0},
                                                               {"1", 0},
                                                               {"a:b", 1},
                                                               {"\"a", 2},
                                                               {"f(x)", 1}})
    EXPECT_EQ(spell(parse_name_list(text, limits)), "error at " + std::to_string(position)) << text;
}

TEST(Cql2Lists, ParsesOrders) {
  const Limits limits;
  EXPECT_EQ(spell(parse_order_list("-\"my col\",x,-_row", limits)),
            "-q:my col@0 | x@10 | -_row@12");
  EXPECT_EQ(spell(parse_order_list("- a", limits)), "-a@0");
  EXPECT_EQ(spell(parse_order_list("-", limits)), "error at 1");
  EXPECT_EQ(spell(parse_order_list("--a", limits)), "error at 1");
  EXPECT_EQ(spell(parse_order_list("a desc", limits)), "error at 2");
}

TEST(Cql2Lists, ParsesFunctions) {
  const Limits limits;
  EXPECT_EQ(spell(parse_function_list("carrier,month:time_bin(date,'1 month'),bin(distance,100)",
                                      limits)),
            "carrier@0 | <month> time_bin(date; '1 month')@8 | bin(distance; 100)@39");
  EXPECT_EQ(spell(parse_function_list("\"a:b\" : mean(\"x,y\"), count( )", limits)),
            "<a:b> mean(q:x,y)@0 | count()@21");
  EXPECT_EQ(spell(parse_function_list("n:carrier", limits)), "<n> carrier@0");
  EXPECT_EQ(spell(parse_function_list("quantile(x, -0.5)", limits)), "quantile(x; negate(0.5))@0");
  for (const auto& [text, position] :
       std::initializer_list<std::pair<std::string_view, int>>{{"", 0},
                                                               {"mean(", 5},
                                                               {"mean(x", 6},
                                                               {"mean(x,)", 7},
                                                               {"mean(x))", 7},
                                                               {"a:", 2},
                                                               {":mean(x)", 0},
                                                               {"a:b:mean(x)", 3},
                                                               {"\"f\"(x)", 3},
                                                               {"5", 0},
                                                               {"\"\":mean(x)", 0}})
    EXPECT_EQ(spell(parse_function_list(text, limits)), "error at " + std::to_string(position))
        << text;
}

TEST(Cql2Lists, ParsesComputedColumns) {
  const Limits limits;
  EXPECT_EQ(spell(parse_compute_list("speed:distance / air_time,late:delay>60 AND TRUE", limits)),
            "<speed> divide(distance, air_time)@0 | <late> and(greater(delay, 60), TRUE)@26");
  EXPECT_EQ(spell(parse_compute_list("in:a IN (1,2)", limits)), "<in> in(a, 1, 2)@0");
  for (const auto& [text, position] :
       std::initializer_list<std::pair<std::string_view, int>>{{"", 0},
                                                               {"a+b", 1},
                                                               {"a", 1},
                                                               {"a:", 2},
                                                               {"a:b,", 4},
                                                               {"a:b c", 4},
                                                               {"5:b", 0},
                                                               {"a:b,c:DATE('x')", 6}})
    EXPECT_EQ(spell(parse_compute_list(text, limits)), "error at " + std::to_string(position))
        << text;
}

TEST(Cql2Lists, KeepsTheTextOfAnItem) {
  EXPECT_EQ(parse_order_item(" - a", Limits{})->name_position, 3);
  EXPECT_EQ(parse_function_item("n: mean(a)", Limits{})->name_position, 3);
  const auto items = parse_compute_list("  a : b + 'x,y'  , c:d", Limits{});
  ASSERT_TRUE(items);
  EXPECT_EQ((*items)[0].text, "a : b + 'x,y'");
  EXPECT_EQ((*items)[1].text, "c:d");
}

TEST(Cql2Lists, ParsesOneItem) {
  const Limits limits;
  EXPECT_EQ(parse_name_item("\"a b\"", limits)->name, "a b");
  EXPECT_TRUE(parse_order_item("-a", limits)->descending);
  EXPECT_EQ(parse_function_item("n:mean(x)", limits)->alias, "n");
  EXPECT_EQ(parse_compute_item("n:x+1", limits)->alias, "n");
  EXPECT_EQ(parse_name_item("a,b", limits).error().position, 1);
  EXPECT_EQ(parse_function_item("count(),count()", limits).error().position, 7);
  EXPECT_EQ(parse_scalar("a +", limits).error().code, ErrorCode::kBadParameter);
  EXPECT_TRUE(parse_scalar("a + 1", limits));
}

TEST(Cql2Lists, SpellsNamesSoThatTheyParseAgain) {
  const Limits limits;
  EXPECT_EQ(spell_name("a.b_1"), "a.b_1");
  EXPECT_EQ(spell_name("größe"), "größe");
  for (const std::string_view name : {"a", "my col", "", "x\"y", "and", "Null", "1a", "a,b", "a:b",
                                      ".a", "_row", "數", "€", "-a"}) {
    const std::string spelled = spell_name(name);
    const auto in_filter = parse_cql2(spelled, limits);
    ASSERT_TRUE(in_filter) << spelled;
    EXPECT_EQ((*in_filter)->text, name);
    EXPECT_EQ(parse_name_item(spelled, limits)->name, name);
  }
}

/// Bytes and pieces of CQL2 at random: whatever comes, an answer or an error within the text.
TEST(Cql2, SurvivesRandomText) {
  const auto seed =
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string_view pieces[] = {"a",         "\"b\"",  "1",
                                     "2.5e3",     "'x'",    "(",
                                     ")",         ",",      "+",
                                     "-",         "*",      "/",
                                     "%",         "^",      "=",
                                     "<>",        "<",      ">=",
                                     " AND ",     " OR ",   " NOT ",
                                     " BETWEEN ", " IN (",  " LIKE ",
                                     " IS NULL",  "CASEI(", "DATE('2001-01-01')",
                                     "TRUE",      " div ",  ":",
                                     "'",         "\"",     "é",
                                     "\xff",      " ",      "mean(",
                                     "x:"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t length = random() % 24;
    for (size_t i = 0; i < length; ++i) {
      if (random() % 16 == 0)
        text.push_back(static_cast<char>(random()));
      else
        text += pieces[random() % std::size(pieces)];
    }
    const auto check = [&](const auto& result) {
      if (result) return;
      ASSERT_TRUE(result.error().position) << text;
      ASSERT_GE(*result.error().position, 0) << text;
      ASSERT_LE(*result.error().position, static_cast<int64_t>(text.size())) << text;
      ASSERT_FALSE(result.error().detail.empty()) << text;
    };
    const Limits limits;
    check(parse_cql2(text, limits));
    check(parse_name_list(text, limits));
    check(parse_order_list(text, limits));
    check(parse_function_list(text, limits));
    check(parse_compute_list(text, limits));
  }
}

}  // namespace
}  // namespace bowshot
