#include "query/binder.hpp"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "query/test_schema.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

Binder make_binder() {
  return Binder(all_types(), true);
}

std::string bound(std::string_view text) {
  const auto syntax = parse_cql2(text, Limits{});
  if (!syntax) return "syntax: " + syntax.error().detail;
  const auto filter = make_binder().bind_filter(*syntax);
  if (!filter) return "error: " + filter.error().detail;
  EXPECT_TRUE((*filter)->type->Equals(arrow::boolean())) << text;
  return to_string(**filter);
}

/// A scalar's expression and type: `add(#3, 1:int64) int64`.
std::string computed(std::string_view text) {
  const auto syntax = parse_scalar(text, Limits{});
  if (!syntax) return "syntax: " + syntax.error().detail;
  const auto expression = make_binder().bind(*syntax);
  if (!expression) return "error: " + expression.error().detail;
  return to_string(**expression) + " " + type_name(*(*expression)->type);
}

Error filter_error(std::string_view text) {
  const auto syntax = parse_cql2(text, Limits{});
  if (!syntax) {
    ADD_FAILURE() << text << ": " << syntax.error().detail;
    return {};
  }
  const auto filter = make_binder().bind_filter(*syntax);
  if (!filter) return filter.error();
  ADD_FAILURE() << text << " is " << to_string(**filter);
  return {};
}

using Cases = std::initializer_list<std::pair<std::string_view, std::string_view>>;

void expect_bound(Cases cases) {
  for (const auto& [text, tree] : cases) EXPECT_EQ(bound(text), tree) << text;
}

void expect_computed(Cases cases) {
  for (const auto& [text, tree] : cases) EXPECT_EQ(computed(text), tree) << text;
}

TEST(Binder, BindsPredicates) {
  expect_bound({
      {"flag", "#0"},
      {"NOT flag OR i64 = 1 OR TRUE", "or(not(#0), equal(#3, 1:int64), true:bool)"},
      {"flag = FALSE", "equal(#0, false:bool)"},
      {"flag <> (i64 > 1)", "not_equal(#0, greater(#3, 1:int64))"},
      {"name = 'x'", "equal(#10, 'x')"},
      {"category < name", "less(#11, #10)"},
      {"CASEI(category) = CASEI('X')", "equal(casei(#11), casei('X'))"},
      {"name NOT LIKE '%x'", "not(like(#10, '%x'))"},
      {"CASEI(name) LIKE CASEI('X%')", "like(casei(#10), casei('X%'))"},
      {"tags IS NOT NULL AND clock IS NULL", "and(not(is_null(#19)), is_null(#17))"},
      {"clock = clock AND span < span AND bytes <> bytes",
       "and(equal(#17, #17), less(#18, #18), not_equal(#12, #12))"},
      {"\"my col\" = 1", "equal(#20, 1:int64)"},
      {"_row < 10 AND \"_row\" < 10", "and(less(_row, 10:int64), less(_row, 10:int64))"},
      {"i64 BETWEEN 1 AND 5", "between(#3, 1:int64, 5:int64)"},
      {"i64 NOT BETWEEN 1 AND 5", "not(between(#3, 1:int64, 5:int64))"},
      {"name BETWEEN 'a' AND 'b'", "between(#10, 'a', 'b')"},
      {"i64 IN (1, 2, 3)", "in(#3, 1:int64, 2:int64, 3:int64)"},
      {"i64 NOT IN (1)", "not(in(#3, 1:int64))"},
      {"name IN ('a', 'b', category)", "in(#10, 'a', 'b', #11)"},
      {"flag IN (TRUE)", "in(#0, true:bool)"},
  });
}

TEST(Binder, NumbersMeetTheTypeOfTheColumn) {
  expect_bound({
      {"i8 = 5", "equal(#1, 5:int8)"},
      {"5 < i8", "greater(#1, 5:int8)"},
      {"i64 >= -9223372036854775808", "greater_equal(#3, -9223372036854775808:int64)"},
      {"u64 = 18446744073709551615", "equal(#5, 18446744073709551615:uint64)"},
      {"i64 = 1e3", "equal(#3, 1000:int64)"},
      {"i64 = 2.0", "equal(#3, 2:int64)"},
      {"d = 1.5", "equal(#8, 1.50:decimal128(10, 2))"},
      {"d = 7", "equal(#8, 7.00:decimal128(10, 2))"},
      {"d = - - 7", "equal(#8, 7.00:decimal128(10, 2))"},
      {"f64 = 1.5", "equal(#7, 1.5:float64)"},
      {"f64 = 1", "equal(#7, 1:float64)"},
      {"f32 = 0.1", "equal(cast(#6 as float64), 0.1:float64)"},
      {"f16 < 1", "less(cast(#23 as float64), 1:float64)"},
      {"f64 > 1e-400", "greater(#7, 0:float64)"},
      {"1 = 1.5", "not_equal(1:int64, 1:int64)"},
      {"1.5 > 1", "greater(1.5:decimal128(2, 1), 1.0:decimal128(2, 1))"},
      {"1.5 > 0.5", "greater(1.5:float64, 0.5:float64)"},
      {"f32 IN (1, 2.5)", "in(cast(#6 as float64), 1:float64, 2.5:float64)"},
      {"f32 BETWEEN 1 AND 2", "between(cast(#6 as float64), 1:float64, 2:float64)"},
  });
}

TEST(Binder, LiteralsBetweenValuesCompareExactly) {
  expect_bound({
      {"i64 < 2.5", "less_equal(#3, 2:int64)"},
      {"i64 <= 2.5", "less_equal(#3, 2:int64)"},
      {"i64 > 2.5", "greater(#3, 2:int64)"},
      {"i64 >= -2.5", "greater(#3, -3:int64)"},
      {"2.5 < i64", "greater(#3, 2:int64)"},
      {"i8 = 2.5", "not_equal(#1, #1)"},
      {"i8 <> 2.5", "equal(#1, #1)"},
      {"u8 > 0.000001", "greater(#4, 0:uint8)"},
      {"u8 > -0.5", "equal(#4, #4)"},
      {"d < 1.005", "less_equal(#8, 1.00:decimal128(10, 2))"},
      {"d < -1.005", "less_equal(#8, -1.01:decimal128(10, 2))"},
      {"i64 BETWEEN 1.5 AND 3", "and(greater(#3, 1:int64), less_equal(#3, 3:int64))"},
      {"i64 IN (1, 2.5, 3)", "in(#3, 1:int64, 3:int64)"},
      {"i8 IN (1.5, 1000)", "not_equal(#1, #1)"},
      {"i8 NOT IN (1.5)", "not(not_equal(#1, #1))"},
  });
}

TEST(Binder, LiteralsBeyondTheTypeAreNoOverflow) {
  expect_bound({
      {"i64 < 9223372036854775808", "equal(#3, #3)"},
      {"i64 = 9223372036854775808", "not_equal(#3, #3)"},
      {"i64 > -9223372036854775809", "equal(#3, #3)"},
      {"u64 > -1", "equal(#5, #5)"},
      {"u64 = -1", "not_equal(#5, #5)"},
      {"u64 < -1", "not_equal(#5, #5)"},
      {"u64 <> 18446744073709551616", "equal(#5, #5)"},
      {"i8 <= 1e300", "equal(#1, #1)"},
      {"i8 >= 1e999999999999999999999", "not_equal(#1, #1)"},
      {"i8 >= -1e999999999999999999999", "equal(#1, #1)"},
      {"d > 99999999.99", "greater(#8, 99999999.99:decimal128(10, 2))"},
      {"d > 99999999.995", "not_equal(#8, #8)"},
  });
  const Error error = filter_error("f64 < 1e400");
  EXPECT_EQ(error.code, ErrorCode::kOverflow);
  EXPECT_EQ(error.position, 6);
}

TEST(Binder, ColumnsOfTwoTypesMeetInOneThatHoldsBoth) {
  expect_bound({
      {"i8 = i32", "equal(cast(#1 as int64), cast(#2 as int64))"},
      {"i64 < i64", "less(#3, #3)"},
      {"u8 < u64", "less(cast(#4 as uint64), #5)"},
      {"i64 < u64", "less(cast(#3 as decimal128(20, 0)), cast(#5 as decimal128(20, 0)))"},
      {"i64 < d", "less(cast(#3 as decimal128(21, 2)), cast(#8 as decimal128(21, 2)))"},
      {"d < f32", "less(cast(#8 as float64), cast(#6 as float64))"},
      {"i64 = f64", "equal(cast(#3 as float64), #7)"},
      {"i64 IN (1, i32, d)",
       "or(in(#3, 1:int64, cast(#2 as int64)), "
       "equal(cast(#3 as decimal128(21, 2)), cast(#8 as decimal128(21, 2))))"},
  });
  // No decimal of 38 digits holds both: whole steps first, then what is left of a step.
  EXPECT_EQ(bound("i64 <= wide"),
            "less_equal(cast(#3 as decimal128(38, 0)), bin(#9, 1:decimal128(1, 0)))");
  EXPECT_EQ(bound("wide > i64"),
            "or(less(cast(#3 as decimal128(38, 0)), bin(#9, 1:decimal128(1, 0))), "
            "and(equal(cast(#3 as decimal128(38, 0)), bin(#9, 1:decimal128(1, 0))), "
            "less(cast(bin(#9, 1:decimal128(1, 0)) as decimal128(38, 30)), #9)))");
}

TEST(Binder, TimesCompareAsInstants) {
  expect_bound({
      {"day = DATE('1970-01-02')", "equal(#13, 1970-01-02:date32)"},
      {"us >= DATE('2001-02-03')", "greater_equal(#14, 2001-02-03 00:00:00.000000:timestamp[us])"},
      {"us = TIMESTAMP('2001-02-03T01:00:00.5+01:00')",
       "equal(#14, 2001-02-03 00:00:00.500000:timestamp[us])"},
      {"us = TIMESTAMP('2001-02-03 00:00')",
       "equal(#14, 2001-02-03 00:00:00.000000:timestamp[us])"},
      {"ns = TIMESTAMP('2001-02-03T00:00:00.123456789Z')",
       "equal(#15, 2001-02-03 00:00:00.123456789:timestamp[ns])"},
      {"us < TIMESTAMP('2001-02-03T00:00:00.123456789Z')",
       "less_equal(#14, 2001-02-03 00:00:00.123456:timestamp[us])"},
      {"us = TIMESTAMP('1969-12-31T23:59:59.9999999Z')", "not_equal(#14, #14)"},
      {"day < TIMESTAMP('2001-02-03T12:00:00Z')", "less_equal(#13, 2001-02-03:date32)"},
      {"day >= TIMESTAMP('1969-12-31T12:00:00Z')", "greater(#13, 1969-12-31:date32)"},
      {"DATE('2001-02-03') < day", "greater(#13, 2001-02-03:date32)"},
      {"ns IN (DATE('2001-02-03'))", "in(#15, 2001-02-03 00:00:00.000000000:timestamp[ns])"},
      {"us BETWEEN DATE('2001-02-03') AND DATE('2001-02-04')",
       "between(#14, 2001-02-03 00:00:00.000000:timestamp[us], "
       "2001-02-04 00:00:00.000000:timestamp[us])"},
      {"us = us", "equal(#14, #14)"},
      {"zoned < us", "less(cast(#16 as timestamp[us]), #14)"},
      {"us > day",
       "or(less(#13, cast(time_bin(#14, '1 day') as date32)), "
       "and(equal(#13, cast(time_bin(#14, '1 day') as date32)), "
       "less(time_bin(#14, '1 day'), #14)))"},
      {"s <= zoned",
       "less_equal(#22, cast(time_bin(cast(#16 as timestamp[us]), '1 second') as timestamp[s]))"},
      {"us > ns", "greater(#14, cast(time_bin(#15, '1 microsecond') as timestamp[us]))"},
  });
  EXPECT_NE(bound("zoned = TIMESTAMP('2001-02-03T00:00:00Z')").find("tz=Europe/Paris"),
            std::string::npos);
}

TEST(Binder, TimesBeyondTheUnitAreNoOverflow) {
  expect_bound({
      {"ns < DATE('9999-12-31')", "equal(#15, #15)"},
      {"ns > DATE('9999-12-31')", "not_equal(#15, #15)"},
      {"ns > DATE('0000-01-01')", "equal(#15, #15)"},
      {"ns = TIMESTAMP('2262-04-11T23:47:16.854775808Z')", "not_equal(#15, #15)"},
      {"ns <= TIMESTAMP('2262-04-11T23:47:16.854775807Z')",
       "less_equal(#15, 2262-04-11 23:47:16.854775807:timestamp[ns])"},
      {"DATE('9999-12-31') >= s", "less_equal(#22, 9999-12-31 00:00:00:timestamp[s])"},
  });
}

TEST(Binder, RefusesTypesThatDoNotFit) {
  struct BadCase {
    std::string_view text;
    int64_t position;
  };
  const BadCase cases[] = {
      {"i64", 0},
      {"i64 AND flag", 0},
      {"flag AND i64 + 1", 9},
      {"NOT name", 4},
      {"i64 = 'x'", 6},
      {"'x' = i64", 0},
      {"name = 5", 7},
      {"name = i64", 7},
      {"us = '2001-01-01'", 5},
      {"flag = 1", 7},
      {"us > 5", 5},
      {"clock = us", 8},
      {"clock = '10:00'", 8},
      {"span < 5", 7},
      {"bytes < bytes", 0},
      {"bytes = 'x'", 8},
      {"tags = tags", 0},
      {"tags = 'x'", 7},
      {"i64 LIKE 'x'", 0},
      {"CASEI(i64) = 'x'", 6},
      {"name + 1 = 2", 0},
      {"1 + us = 2", 4},
      {"-flag = TRUE", 1},
      {"i64 ^ name = 1", 6},
      {"i64 IN (1, 'x')", 11},
      {"i64 BETWEEN 1 AND 'x'", 18},
      {"day + 1 = day", 0},
      {"1 = 'x'", 4},
      {"flag AND (i64 = 1 OR (name = 5))", 29},
  };
  for (const BadCase& bad : cases) {
    const Error error = filter_error(bad.text);
    EXPECT_EQ(error.code, ErrorCode::kTypeMismatch) << bad.text;
    EXPECT_EQ(error.position, bad.position) << bad.text << ": " << error.detail;
  }
  EXPECT_NE(filter_error("us = '2001-01-01'").detail.find("DATE("), std::string::npos);
}

TEST(Binder, NamesAreExact) {
  struct BadCase {
    std::string_view text;
    int64_t position;
    std::vector<std::string> suggestions;
  };
  const BadCase cases[] = {
      {"delay = 1", 0, {"Delay", "day"}},
      {"flag AND Dellay = 1", 9, {"Delay"}},
      {"\"my cool\" = 1", 0, {"\"my col\""}},
      {"name = \"quite something else\"", 7, {}},
  };
  for (const BadCase& bad : cases) {
    const Error error = filter_error(bad.text);
    EXPECT_EQ(error.code, ErrorCode::kUnknownColumn) << bad.text;
    EXPECT_EQ(error.position, bad.position) << bad.text;
    EXPECT_EQ(error.suggestions, bad.suggestions) << bad.text;
  }
  EXPECT_NE(filter_error("name = \"quite something else\"").detail.find("single quotes"),
            std::string::npos);
}

TEST(Binder, TheRowNumberIsNoColumn) {
  const auto schema = arrow::schema({arrow::field("_row", arrow::utf8())});
  const Binder both(schema, true);
  EXPECT_EQ(to_string(**both.bind_name("_row", false, 0)), "_row");
  EXPECT_EQ(to_string(**both.bind_name("_row", true, 0)), "#0");
  const Binder neither(arrow::schema(arrow::FieldVector{}), false);
  for (const bool quoted : {false, true}) {
    const auto refused = neither.bind_name("_row", quoted, 3);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNoRowNumbers);
    EXPECT_EQ(refused.error().position, 3);
  }
  const Binder column_only(schema, false);
  EXPECT_FALSE(column_only.bind_name("_row", false, 0));
  EXPECT_TRUE(column_only.bind_name("_row", true, 0));
}

TEST(Binder, TypesArithmetic) {
  expect_computed({
      {"i64 + 1", "add(#3, 1:int64) int64"},
      {"i64 - 1", "subtract(#3, 1:int64) int64"},
      {"i8 * u64", "multiply(cast(#1 as int64), cast(#5 as int64)) int64"},
      {"-i32", "negate(cast(#2 as int64)) int64"},
      {"i64 + i64 - 2 - i64", "add(#3, #3, -2:int64, negate(#3)) int64"},
      {"i64 + i64 + f64 + 1", "add(cast(add(#3, #3) as float64), #7, 1:float64) float64"},
      {"f32 + 1.5", "add(cast(#6 as float64), 1.5:float64) float64"},
      {"1.5 + f64", "add(1.5:float64, #7) float64"},
      {"1.5 + 2.5", "add(1.5:float64, 2.5:float64) float64"},
      {"i64 * 1.5", "multiply(cast(#3 as float64), 1.5:float64) float64"},
      {"1.5 + i32", "add(1.5:float64, cast(#2 as float64)) float64"},
      {"1.5 * d", "multiply(1.5:decimal128(2, 1), #8) decimal128(12, 3)"},
      {"d + i8 + 1.5",
       "add(#8, cast(#1 as decimal128(3, 0)), 1.5:decimal128(2, 1)) decimal128(12, 2)"},
      {"d + d", "add(#8, #8) decimal128(11, 2)"},
      {"d - 1", "subtract(#8, 1:decimal128(1, 0)) decimal128(11, 2)"},
      {"d + d + 0.125", "add(#8, #8, 0.125:decimal128(3, 3)) decimal128(13, 3)"},
      {"d * d", "multiply(#8, #8) decimal128(20, 4)"},
      {"wide + wide", "add(#9, #9) decimal128(38, 30)"},
      {"wide * wide", "multiply(cast(#9 as float64), cast(#9 as float64)) float64"},
      {"-d", "negate(#8) decimal128(10, 2)"},
      {"d * f64", "multiply(cast(#8 as float64), #7) float64"},
      {"i64 / 2", "divide(cast(#3 as float64), 2:float64) float64"},
      {"i64 div 2", "integer_divide(#3, 2:int64) int64"},
      {"i64 % i8", "modulo(#3, cast(#1 as int64)) int64"},
      {"d % 2", "modulo(cast(#8 as float64), 2:float64) float64"},
      {"i64 div 2.5", "integer_divide(cast(#3 as float64), 2.5:float64) float64"},
      {"i64 ^ 2", "power(cast(#3 as float64), 2:float64) float64"},
      {"-2 ^ 2", "negate(power(2:float64, 2:float64)) float64"},
      {"i64 + 1e300", "add(cast(#3 as float64), 1e+300:float64) float64"},
      {"i64 + 9223372036854775808",
       "add(cast(#3 as decimal128(19, 0)), 9223372036854775808:decimal128(19, 0)) decimal128(20, "
       "0)"},
      {"i64 + 1 - -9223372036854775808",
       "add(#3, 1:int64, negate(-9223372036854775808:int64)) int64"},
      {"_row + 1", "add(_row, 1:int64) int64"},
  });
}

TEST(Binder, LiteralsAloneHaveATypeToo) {
  expect_computed({
      {"1", "1:int64 int64"},
      {"-9223372036854775808", "-9223372036854775808:int64 int64"},
      {"9223372036854775808", "9223372036854775808:uint64 uint64"},
      {"-9223372036854775809", "-9223372036854775809:decimal128(38, 0) decimal128(38, 0)"},
      {"1.5", "1.5:float64 float64"},
      {"1e2", "100:float64 float64"},
      {"'x'", "'x' utf8"},
      {"TRUE", "true:bool bool"},
      {"DATE('2001-02-03')", "2001-02-03:date32 date32"},
      {"i64 > 5", "greater(#3, 5:int64) bool"},
      {"1 IS NULL", "is_null(1:int64) bool"},
  });
  EXPECT_NE(computed("TIMESTAMP('2001-02-03T00:00:00Z')").find("timestamp[us, tz=UTC]"),
            std::string::npos);
  EXPECT_NE(computed("TIMESTAMP('2001-02-03T00:00:00.000000001Z')").find("timestamp[ns, tz=UTC]"),
            std::string::npos);
  EXPECT_EQ(computed("1e400"), "error: the number is beyond the range of float64");
}

TEST(Binder, AFlatSumIsOneCall) {
  std::string text = "i64";
  for (int i = 0; i < 50'000; ++i) text += " + i64";
  Limits limits;
  const auto sum = make_binder().bind(*parse_scalar(text, limits));
  ASSERT_TRUE(sum);
  EXPECT_EQ(std::get<Call>((*sum)->node).arguments.size(), 50'001u);
}

std::vector<Item> compute_items(std::string_view text) {
  auto items = parse_compute_list(text, Limits{});
  EXPECT_TRUE(items) << text;
  return items.value_or(std::vector<Item>());
}

TEST(Binder, ComputedColumnsBuildOnEachOther) {
  Binder binder = make_binder();
  ASSERT_TRUE(binder.add_computed(compute_items("speed:i64 / f64,fast:speed > 5,c:category")));
  ASSERT_EQ(binder.computed().size(), 3u);
  EXPECT_EQ(to_string(*binder.computed()[0].expression), "divide(cast(#3 as float64), #7)");
  EXPECT_EQ(to_string(*binder.computed()[1].expression), "greater($0, 5:float64)");
  EXPECT_EQ(to_string(*binder.computed()[2].expression), "cast(#11 as utf8)");
  const auto filter = binder.bind_filter(*parse_cql2("fast AND speed < 100", Limits{}));
  ASSERT_TRUE(filter);
  EXPECT_EQ(to_string(**filter), "and($1, less($0, 100:float64))");
  EXPECT_EQ(referenced_columns(**filter, binder.computed()), (std::vector<int>{3, 7}));
  EXPECT_FALSE(references_row_number(**filter, binder.computed()));
}

TEST(Binder, ComputedColumnsAreADagNotATree) {
  Binder binder = make_binder();
  std::string text = "c0:_row+i64";
  for (int i = 1; i < 1'000; ++i)
    text += ",c" + std::to_string(i) + ":c" + std::to_string(i - 1) + "-c" + std::to_string(i - 1);
  ASSERT_TRUE(binder.add_computed(compute_items(text)));
  const Expression& last = *binder.computed().back().expression;
  EXPECT_EQ(to_string(last), "subtract($998, $998)");
  EXPECT_EQ(referenced_columns(last, binder.computed()), std::vector<int>{3});
  EXPECT_TRUE(references_row_number(last, binder.computed()));
}

TEST(Binder, ComputedColumnsHaveALimit) {
  Binder binder = make_binder();
  std::string text = "c0:i8";
  for (int i = 1; i <= 1'000; ++i) text += ",c" + std::to_string(i) + ":i8";
  const auto result = binder.add_computed(compute_items(text));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(result.error().position, static_cast<int64_t>(text.rfind("c1000:")));
}

TEST(Binder, ComputedColumnsHaveNewNames) {
  struct BadCase {
    std::string_view text;
    ErrorCode code;
    int64_t position;
  };
  const BadCase cases[] = {
      {"i64:i8+1", ErrorCode::kBadParameter, 0},     {"a:i8,a:i8", ErrorCode::kBadParameter, 5},
      {"a:i8,_row:i8", ErrorCode::kBadParameter, 5}, {"a:b,b:i8", ErrorCode::kUnknownColumn, 2},
      {"a:a+1", ErrorCode::kUnknownColumn, 2},       {"a:i8,b:a+'x'", ErrorCode::kTypeMismatch, 9}};
  for (const BadCase& bad : cases) {
    Binder binder = make_binder();
    const auto result = binder.add_computed(compute_items(bad.text));
    ASSERT_FALSE(result) << bad.text;
    EXPECT_EQ(result.error().code, bad.code) << bad.text;
    EXPECT_EQ(result.error().position, bad.position) << bad.text;
  }
}

/// `x op literal` by the binder's tree against wide integer arithmetic, at the edges of a type.
TEST(Binder, RandomLiteralsCompareExactly) {
  const auto seed =
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string_view operators[] = {"=", "<>", "<", "<=", ">", ">="};
  const auto holds = [](size_t op, int a, int b) {
    const bool results[] = {a == b, a != b, a<b, a <= b, a> b, a >= b};
    return results[op];
  };
  const auto evaluate = [&](const Expression& expression, int x) {
    const Call& call = std::get<Call>(expression.node);
    if (call.arguments[0] == call.arguments[1]) return call.function == Function::kEqual;
    const auto& scalar = *std::get<Literal>(call.arguments[1]->node).value;
    const int8_t literal = static_cast<const arrow::Int8Scalar&>(scalar).value;
    const Function functions[] = {Function::kEqual,   Function::kNotEqual,
                                  Function::kLess,    Function::kLessEqual,
                                  Function::kGreater, Function::kGreaterEqual};
    const auto* found = std::ranges::find(functions, call.function);
    return holds(static_cast<size_t>(found - functions), x, literal);
  };
  for (int round = 0; round < 2'000; ++round) {
    const int tenths = static_cast<int>(random() % 3'001) - 1'500;  // -150.0 to 150.0
    const size_t op = random() % std::size(operators);
    const std::string literal = (tenths < 0 ? "-" : "") + std::to_string(std::abs(tenths) / 10) +
                                "." + std::to_string(std::abs(tenths) % 10);
    const std::string text = "i8 " + std::string(operators[op]) + " " + literal;
    const auto filter = make_binder().bind_filter(*parse_cql2(text, Limits{}));
    ASSERT_TRUE(filter) << text;
    for (const int x : {-128, -127, tenths / 10 - 1, tenths / 10, tenths / 10 + 1, 0, 126, 127}) {
      if (x < -128 || x > 127) continue;
      ASSERT_EQ(evaluate(**filter, x), holds(op, x * 10, tenths)) << text << " at " << x;
    }
  }
}

TEST(Binder, SurvivesRandomExpressions) {
  const auto seed =
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Binder binder = make_binder();
  const auto names = all_types()->field_names();
  const std::string_view infix[] = {
      " + ", " - ", " * ",  " / ",   " % ",  " div ",           "^",
      " = ", " < ", " <> ", " AND ", " OR ", " BETWEEN 1 AND ", " >= "};
  const std::string_view literals[] = {"1",
                                       "2.5",
                                       "1e40",
                                       "1e-60",
                                       "'x'",
                                       "TRUE",
                                       "-7",
                                       "DATE('2001-01-01')",
                                       "TIMESTAMP('9999-01-01T00:00:00Z')",
                                       "99999999999999999999",
                                       "_row"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const size_t length = 1 + random() % 4;
    for (size_t i = 0; i < length; ++i) {
      if (i > 0) text += infix[random() % std::size(infix)];
      if (random() % 3 == 0)
        text += literals[random() % std::size(literals)];
      else
        text += spell_name(names[random() % names.size()]);
    }
    const auto syntax = parse_cql2(text, Limits{});
    if (!syntax) continue;
    const auto expression = binder.bind(*syntax);
    if (expression) {
      ASSERT_FALSE(to_string(**expression).empty());
      referenced_columns(**expression, {});
    } else {
      ASSERT_TRUE(expression.error().position) << text;
      ASSERT_LT(*expression.error().position, static_cast<int64_t>(text.size())) << text;
    }
  }
}

}  // namespace
}  // namespace bowshot
