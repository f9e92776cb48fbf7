#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/duckdb/query_test_data.hpp"

namespace bowshot {
namespace {

constexpr const char* kInt64Min = "-9223372036854775808";
constexpr const char* kInt64Max = "9223372036854775807";

class DuckDbExpressions : public DuckDbTest {
 protected:
  void open_numbers() {
    open({{"i", arrow::int64(), fmt::format("[7, -7, 0, null, {}, {}]", kInt64Min, kInt64Max)},
          {"j", arrow::int64(), "[2, 2, 0, 1, -1, 2]"},
          {"u", arrow::uint64(), "[7, 0, 1, null, 18446744073709551615, 9223372036854775808]"},
          {"x", arrow::float64(), "[1.5, NaN, -0.0, null, Inf, -Inf]"},
          {"f", arrow::float32(), "[1.5, NaN, -0.0, null, Inf, 0.1]"},
          {"d", arrow::decimal128(10, 2),
           R"(["1.50", "-0.01", "0.00", null, "99999999.99", "2.25"])"}});
  }
};

TEST_F(DuckDbExpressions, ComparesNanAsTheGreatest) {
  // Bounds in the footer leave NaN out: what prunes or folds by them must not.
  open_numbers();
  expect_rows("x > 5", "[1, 4]");
  expect_rows("x >= 1e308", "[1, 4]");
  expect_rows("x < 5", "[0, 2, 5]");
  expect_rows("NOT x < 5", "[1, 4]");
  expect_rows("NOT x > 5", "[0, 2, 5]");
  expect_rows("x <> 1.5", "[1, 2, 4, 5]");
  expect_rows("x = 0", "[2]");
  expect_rows("x = x", "[0, 1, 2, 4, 5]");
  expect_rows("x IS NULL", "[3]");
  expect_rows("x BETWEEN -1 AND 2", "[0, 2]");
  expect_rows("x IN (1.5, 0)", "[0, 2]");
  expect_rows("f > 0.1", "[0, 1, 4, 5]");
  open({{"x", arrow::float64(), "[1, 2, NaN]"}, {"f", arrow::float32(), "[1, 2, NaN]"}});
  expect_rows("x > 5", "[2]");
  expect_rows("x < 5", "[0, 1]");
  expect_rows("f > 5", "[2]");
  expect_rows("f <= 2", "[0, 1]");
  expect_rows("x > 5 OR x < 0", "[2]");
  expect_values("x < 5", arrow::boolean(), "[true, true, false]");
  expect({.filter = "x BETWEEN 0 AND 9", .measures = "count(),max(x)"}, {"[2]", "[2]"});
  expect({.measures = "max(x),min(x),max(f)"}, {"[NaN]", "[1]", "[NaN]"});
}

TEST_F(DuckDbExpressions, ComparesIntegersExactly) {
  open_numbers();
  expect_rows("i = 9223372036854775807", "[5]");
  expect_rows("i > 9223372036854775806", "[5]");
  expect_rows("u > i", "[1, 2, 4, 5]");
  expect_rows("u = 18446744073709551615", "[4]");
  expect_rows("u >= 9223372036854775808", "[4, 5]");
  expect_rows("d = 1.5", "[0]");
  expect_rows("d < 0", "[1]");
  expect_rows("i > 6.5", "[0, 5]");
  expect_rows("i < 1e30", "[0, 1, 2, 4, 5]");
  expect_rows("i IN (7, -7, 3)", "[0, 1]");
  expect_rows("NOT i IN (7, -7)", "[2, 4, 5]");
}

TEST_F(DuckDbExpressions, CalculatesIntegers) {
  open({{"i", arrow::int64(), "[7, -7, 0, null]"}, {"j", arrow::int64(), "[2, 2, 0, 1]"}});
  expect_values("i + j", arrow::int64(), "[9, -5, 0, null]");
  expect_values("i - j - 1", arrow::int64(), "[4, -10, -1, null]");
  expect_values("i * j", arrow::int64(), "[14, -14, 0, null]");
  expect_values("i div j", arrow::int64(), "[3, -3, null, null]");
  expect_values("i % j", arrow::int64(), "[1, -1, null, null]");
  expect_values("i % -4", arrow::int64(), "[3, -3, 0, null]");
  expect_values("i / j", arrow::float64(), "[3.5, -3.5, null, null]");
  expect_values("i / 0", arrow::float64(), "[null, null, null, null]");
  expect_values("j ^ 0.5", arrow::float64(), "[1.4142135623730951, 1.4142135623730951, 0, 1]");
  expect_values("-i", arrow::int64(), "[-7, 7, 0, null]");
  expect_values("i > 0 AND j = 2", arrow::boolean(), "[true, false, false, false]");
}

TEST_F(DuckDbExpressions, CalculatesFloats) {
  open(
      {{"x", arrow::float64(), "[7.5, -7.5, NaN, null]"}, {"y", arrow::float64(), "[2, 2, 2, 0]"}});
  expect_values("x div y", arrow::float64(), "[3, -3, NaN, null]");
  expect_values("x % y", arrow::float64(), "[1.5, -1.5, NaN, null]");
  expect_values("y / (y - 2)", arrow::float64(), "[null, null, null, 0]");
  expect_values("x ^ 2", arrow::float64(), "[56.25, 56.25, NaN, null]");
}

TEST_F(DuckDbExpressions, CalculatesDecimals) {
  open(
      {{"d", arrow::decimal128(10, 2), R"(["1.50", "-0.01", null])"},
       {"e", arrow::decimal128(38, 0), R"(["99999999999999999999999999999999999999", "1", "2"])"}});
  expect_values("d + 1", arrow::decimal128(11, 2), R"(["2.50", "0.99", null])");
  expect_values("d * d", arrow::decimal128(20, 4), R"(["2.2500", "0.0001", null])");
  EXPECT_EQ(error_of({.compute = "k:e + e", .select = "k"}), ErrorCode::kOverflow);
}

TEST_F(DuckDbExpressions, KeepsTheDigitsOfSumsAndProductsOfNarrowDecimals) {
  // The engine by itself would stay within 18 digits, and call these an overflow.
  open({{"m", arrow::decimal128(18, 2), R"(["9999999999999999.99", "-0.01", null])"},
        {"n", arrow::decimal128(4, 4), R"(["0.0001", "0.9999", "0.1000"])"}});
  expect_values("m * m", arrow::decimal128(36, 4),
                R"(["99999999999999999800000000000000.0001", "0.0001", null])");
  expect_values("m * 2.5", arrow::decimal128(20, 3),
                R"(["24999999999999999.975", "-0.025", null])");
  expect_values("m + 0.001", arrow::decimal128(20, 3),
                R"(["9999999999999999.991", "-0.009", null])");
  expect_values("n - m", arrow::decimal128(21, 4), R"(["-9999999999999999.9899", "1.0099", null])");
  expect_values("n * n * m", arrow::decimal128(26, 10),
                R"(["99999999.9999999999", "-0.0099980001", null])");
  expect_rows("m + m > 9999999999999999.99", "[0]");
}

TEST_F(DuckDbExpressions, ReportsOverflow) {
  open_numbers();
  for (const std::string expression :
       {"i + 9223372036854775807", "i * i", "-i", "i div j", "i - 1"}) {
    SCOPED_TRACE(expression);
    EXPECT_EQ(error_of({.compute = "k:" + expression, .select = "k"}), ErrorCode::kOverflow);
  }
}

TEST_F(DuckDbExpressions, LeavesNothingOfTheLeastInteger) {
  open({{"i", arrow::int64(), "[-9223372036854775808, -9223372036854775808, -8, null, 7]"},
        {"j", arrow::int64(), "[-1, -9223372036854775808, -1, -1, null]"},
        {"n", arrow::int8(), "[-128, -128, -128, -1, null]"}});
  expect_values("i % -1", arrow::int64(), "[0, 0, 0, null, 0]");
  expect_values("i % j", arrow::int64(), "[0, 0, 0, null, null]");
  expect_values("i % (j + 0)", arrow::int64(), "[0, 0, 0, null, null]");
  expect_values("i % j % -1", arrow::int64(), "[0, 0, 0, null, null]");
  expect_values("i % (-3) % j", arrow::int64(), "[0, -2, 0, null, null]");
  expect_values("-9223372036854775808 % -1", arrow::int64(), "[0, 0, 0, 0, 0]");
  expect_values("i % n", arrow::int64(), "[0, 0, -8, null, null]");
  expect_values("n % -1", arrow::int64(), "[0, 0, 0, 0, null]");
  expect_values("n % j", arrow::int64(), "[0, -128, 0, 0, null]");
  expect_values("i % 0", arrow::int64(), "[null, null, null, null, null]");
  expect_values("i % (i % (i % (i % j)))", arrow::int64(), "[null, null, null, null, null]");
  expect_rows("i % j = 0", "[0, 1, 2]");
  std::string chain = "i % j";
  for (int step = 0; step < 300; ++step) chain += " % -1";
  expect_values(chain, arrow::int64(), "[0, 0, 0, null, null]");
}

TEST_F(DuckDbExpressions, MatchesText) {
  open({{"t", arrow::utf8(),
         R"(["abc", "ABC", "", null, "a%c", "a_c", "a\\c", "é", "İ", "ΑΣ", "zz"])"},
        {"c", arrow::dictionary(arrow::int32(), arrow::utf8()),
         R"(["abc", "ABC", "", null, "a%c", "x", "x", "x", "x", "x", "x"])"}});
  expect_rows("t LIKE 'a%c'", "[0, 4, 5, 6]");
  expect_rows("t LIKE 'a\\%c'", "[4]");
  expect_rows("t LIKE 'a\\_c'", "[5]");
  expect_rows("t LIKE 'a\\\\c'", "[6]");
  expect_rows("t LIKE '_'", "[7, 8]");
  expect_rows("t = ''", "[2]");
  expect_rows("CASEI(t) = CASEI('aBc')", "[0, 1]");
  expect_rows("CASEI(t) LIKE CASEI('AB%')", "[0, 1]");
  expect_rows("CASEI(t) = 'i'", "[8]");
  expect_rows("CASEI(t) = 'ασ'", "[9]");
  expect_rows("t > 'zz'", "[7, 8, 9]");
  expect_rows("t < 'B'", "[1, 2]");
  expect_rows("c = 'abc'", "[0]");
  expect_rows("c = t", "[0, 1, 2, 4]");
  expect_rows("t = 'it''s'", "[]");
  expect_rows(std::string("t = 'a\0b'", 9), "[]");
}

TEST_F(DuckDbExpressions, ComparesTimes) {
  using arrow::TimeUnit;
  open({{"day", arrow::date32(), "[0, 20000, -1, null]"},
        {"s", arrow::timestamp(TimeUnit::SECOND), "[0, 1728000000, -1, null]"},
        {"us", arrow::timestamp(TimeUnit::MICRO), "[0, 1728000000000001, -1, null]"},
        {"ns", arrow::timestamp(TimeUnit::NANO), "[0, 1728000000000000001, -1, null]"},
        {"zoned", arrow::timestamp(TimeUnit::MICRO, "Europe/Paris"),
         "[0, 1728000000000000, -1, null]"},
        {"zoned_ns", arrow::timestamp(TimeUnit::NANO, "UTC"),
         "[0, 1728000000000001000, -1000, null]"}});
  expect_rows("day = DATE('1970-01-01')", "[0]");
  expect_rows("day < DATE('1970-01-01')", "[2]");
  expect_rows("s >= TIMESTAMP('2024-10-04T00:00:00Z')", "[1]");
  expect_rows("us > TIMESTAMP('2024-10-04T00:00:00Z')", "[1]");
  expect_rows("ns > TIMESTAMP('2024-10-04T00:00:00Z')", "[1]");
  expect_rows("ns = TIMESTAMP('2024-10-04T00:00:00.000000001Z')", "[1]");
  expect_rows("zoned = TIMESTAMP('2024-10-04T00:00:00Z')", "[1]");
  expect_rows("zoned >= DATE('2024-10-04')", "[1]");
  expect_rows("zoned = s", "[0, 1]");
  expect_rows("us > s", "[1, 2]");
  expect_rows("us < zoned", "[]");
  expect_rows("ns <= DATE('9999-12-31')", "[0, 1, 2]");
  expect_rows("s < TIMESTAMP('0001-01-01T00:00:00Z')", "[]");
  expect_rows("ns = us", "[0]");
  expect_rows("zoned_ns = TIMESTAMP('2024-10-04T00:00:00.000001Z')", "[1]");
  expect_rows("zoned_ns < TIMESTAMP('1970-01-01T00:00:00Z')", "[2]");
  expect_rows("zoned_ns IN (TIMESTAMP('1970-01-01T00:00:00Z'))", "[0]");
  expect_rows("zoned_ns >= DATE('2024-10-04')", "[1]");
  expect_rows("zoned_ns > zoned", "[1]");
  expect_rows("zoned_ns = us", "[0, 1, 2]");
}

TEST_F(DuckDbExpressions, BinsIntegersAndDecimals) {
  open({{"i", arrow::int64(), "[7, -7, 0, -100, null, 250]"},
        {"n", arrow::int8(), "[7, -7, 0, -128, null, 127]"},
        {"u", arrow::uint64(), "[7, 99, 100, 18446744073709551615, null, 0]"},
        {"x", arrow::float64(), "[0.3, -0.3, NaN, -100, null, Inf]"},
        {"d", arrow::decimal128(10, 2), R"(["1.50", "-0.01", "0.00", "-3.00", null, "2.25"])"}});
  expect({.by = "b:bin(i,100)", .measures = "count()"}, {"[-100, 0, 200, null]", "[2, 2, 1, 1]"});
  expect({.by = "b:bin(n,100)", .measures = "count()"},
         {"[-200, -100, 0, 100, null]", "[1, 1, 2, 1, 1]"});
  expect({.by = "b:bin(u,100)", .measures = "count()"},
         {"[0, 100, 18446744073709551600, null]", "[3, 1, 1, 1]"});
  expect({.by = "b:bin(x,0.5)", .measures = "count()"},
         {"[-100, -0.5, 0, Inf, NaN, null]", "[1, 1, 1, 1, 1, 1]"});
  expect({.by = "b:bin(d,1)", .measures = "count()"},
         {R"(["-3.00", "-1.00", "0.00", "1.00", "2.00", null])", "[1, 1, 1, 1, 1, 1]"});
  expect({.by = "b:bin(d,0.75)", .measures = "count()"},
         {R"(["-3.00", "-0.75", "0.00", "1.50", "2.25", null])", "[1, 1, 1, 1, 1, 1]"});
}

TEST_F(DuckDbExpressions, BinsTimes) {
  using arrow::TimeUnit;
  // 1970-01-01T00:00, 2024-10-04T12:34:56.789012 (a Friday), 1969-12-31T23:59:59.999999, null
  open({{"day", arrow::date32(), "[0, 20000, -1, null]"},
        {"s", arrow::timestamp(TimeUnit::SECOND), "[0, 1728045296, -1, null]"},
        {"us", arrow::timestamp(TimeUnit::MICRO), "[0, 1728045296789012, -1, null]"},
        {"ns", arrow::timestamp(TimeUnit::NANO), "[0, 1728045296789012345, -1, null]"},
        {"zoned", arrow::timestamp(TimeUnit::MILLI, "Europe/Paris"),
         "[0, 1728045296789, -1, null]"}});
  const auto expect_bins = [&](const std::string& key, const std::string& bins,
                               const std::string& counts = "[1, 1, 1, 1]") {
    SCOPED_TRACE(key);
    expect({.by = "b:" + key, .measures = "count()"}, {bins, counts});
  };
  expect_bins("time_bin(day,'1 day')", "[-1, 0, 20000, null]");
  expect_bins("time_bin(day,'10 days')", "[-10, 0, 20000, null]");
  expect_bins("time_bin(day,'1 week')", "[-3, 19996, null]", "[2, 1, 1]");
  expect_bins("time_bin(day,'2 weeks')", "[-3, 19989, null]", "[2, 1, 1]");
  expect_bins("time_bin(day,'1 month')", "[-31, 0, 19997, null]");
  expect_bins("time_bin(day,'1 quarter')", "[-92, 0, 19997, null]");
  expect_bins("time_bin(day,'1 year')", "[-365, 0, 19723, null]");
  expect_bins("time_bin(day,'5 years')", "[-1826, 0, 18262, null]");
  expect_bins("time_bin(us,'15 minutes')", "[-900000000, 0, 1728045000000000, null]");
  expect_bins("time_bin(s,'1 hour')", "[-3600000, 0, 1728043200000, null]");
  expect_bins("time_bin(s,'1 week')", "[-259200000, 1727654400000, null]", "[2, 1, 1]");
  expect_bins("time_bin(ns,'1 second')", "[-1000000000, 0, 1728045296000000000, null]");
  expect_bins("time_bin(ns,'1 month')", "[-2678400000000000, 0, 1727740800000000000, null]");
  expect_bins("time_bin(zoned,'1 day')", "[-86400000, 0, 1728000000000, null]");
  expect_bins("time_bin(zoned,'1 month')", "[-2678400000, 0, 1727740800000, null]");
}

TEST_F(DuckDbExpressions, HandlesDepthAndLength) {
  open({{"a", arrow::int64(), "[1, 2, 3]"}, {"x", arrow::float64(), "[1, 2, 3]"}});
  std::string ors = "a = -1";
  for (int i = 0; i < 900; ++i) ors += fmt::format(" OR a = {}", i + 2);
  expect_rows(ors, "[1, 2]");
  std::string deep = "a";
  for (int i = 0; i < 97; ++i) deep = fmt::format("(1 + {})", deep);
  expect_rows(deep + " = 99", "[1]");
  std::string divided = "x";
  for (int i = 0; i < 90; ++i) divided = fmt::format("(x / {})", divided);
  expect_rows(divided + " > 0", "[0, 1, 2]");
  std::string sum = "a";
  for (int i = 0; i < 3'000; ++i) sum += i % 2 ? " - 1" : " + 1";
  expect_values(sum, arrow::int64(), "[1, 2, 3]");
  std::string members = "2";
  for (int i = 0; i < 9'998; ++i) members += fmt::format(",{}", 100 + i);
  expect_rows(fmt::format("a IN ({})", members), "[1]");
}

TEST_F(DuckDbExpressions, ComputedColumnsThatDoubleDoNotExplode) {
  open({{"a", arrow::int64(), "[1, 0, -1]"}, {"q", arrow::boolean(), "[true, false, null]"}});
  std::string compute = "k0:a+a";
  std::string flags = "q0:q AND q";
  for (int i = 1; i < 60; ++i) {
    compute += fmt::format(",k{}:k{}+k{}", i, i - 1, i - 1);
    flags += fmt::format(",q{}:q{} AND q{}", i, i - 1, i - 1);
  }
  expect({.filter = "k59 > 5", .compute = compute, .select = "k59"}, {"[1152921504606846976]"});
  expect({.filter = "q59", .compute = flags, .select = "a,q59"}, {"[1]", "[true]"});
  expect({.compute = compute, .select = "k59", .order = "-k58", .limit = 1},
         {"[1152921504606846976]"});
  expect({.compute = compute, .by = "k59", .measures = "sum(k50)"},
         {"[-1152921504606846976, 0, 1152921504606846976]",
          "[-2251799813685248, 0, 2251799813685248]"});
}

}  // namespace
}  // namespace bowshot
