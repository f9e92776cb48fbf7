#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/duckdb/query_test_data.hpp"

namespace bowshot {
namespace {

class DuckDbAggregate : public DuckDbTest {};

TEST_F(DuckDbAggregate, MeasuresIntegers) {
  open({{"g", arrow::utf8(), R"(["a", "a", "b", "a", null, "b"])"},
        {"i", arrow::int64(), "[1, 2, null, 6, 10, null]"}});
  expect({.by = "g", .measures = "count(),count(i),count_distinct(i),sum(i),mean(i),min(i),max(i)"},
         {R"(["a", "b", null])", "[3, 2, 1]", "[3, 0, 1]", "[3, 0, 1]", "[9, null, 10]",
          "[3, null, 10]", "[1, null, 10]", "[6, null, 10]"});
  expect({.by = "g", .measures = "variance(i),median(i),quantile(i,0.25)"},
         {R"(["a", "b", null])", "[7, null, null]", "[2, null, 10]", "[1.5, null, 10]"});
  expect({.by = "g", .measures = "stddev(i)", .order = "-stddev_i", .limit = 1},
         {R"(["a"])", "[2.6457513110645907]"});
  expect({.measures = "count(),approx_count_distinct(i)"}, {"[6]", "[4]"});
}

TEST_F(DuckDbAggregate, SumsThatDoNotFitAreOverflow) {
  open(
      {{"i", arrow::int64(), "[9223372036854775807, 1, -1]"},
       {"u", arrow::uint64(), "[18446744073709551615, 0, 0]"},
       {"d", arrow::decimal128(38, 0), R"(["99999999999999999999999999999999999999", "1", "0"])"}});
  expect({.measures = "sum(i)"}, {"[9223372036854775807]"});
  EXPECT_EQ(error_of({.filter = "i > 0", .measures = "sum(i)"}), ErrorCode::kOverflow);
  EXPECT_EQ(error_of({.measures = "sum(u)"}), ErrorCode::kOverflow);
  EXPECT_EQ(error_of({.measures = "sum(d)"}), ErrorCode::kOverflow);
  expect({.measures = "max(u),mean(i)"}, {"[18446744073709551615]", "[3074457345618258602.3]"});
}

TEST_F(DuckDbAggregate, MeasuresFloatsWithNan) {
  open({{"g", arrow::int32(), "[1, 1, 1, 2, 2, 3, 4, 4]"},
        {"x", arrow::float64(), "[1, NaN, 3, NaN, NaN, null, Inf, -Inf]"}});
  expect({.by = "g", .measures = "sum(x),mean(x),min(x),max(x),stddev(x),variance(x)"},
         {"[1, 2, 3, 4]", "[NaN, NaN, null, NaN]", "[NaN, NaN, null, NaN]", "[1, NaN, null, -Inf]",
          "[NaN, NaN, null, Inf]", "[NaN, NaN, null, NaN]", "[NaN, NaN, null, NaN]"});
  expect({.by = "g", .measures = "median(x),quantile(x,0),quantile(x,1),count_distinct(x)"},
         {"[1, 2, 3, 4]", "[3, NaN, null, NaN]", "[1, NaN, null, -Inf]", "[NaN, NaN, null, Inf]",
          "[3, 1, 0, 2]"});
}

TEST_F(DuckDbAggregate, FiltersAndMeasuresOfOneColumnWithNan) {
  open({{"x", arrow::float64(), "[1, NaN, 3, NaN, null, -0.0]"}});
  expect({.filter = "x < 5", .measures = "sum(x),count(x),mean(x),max(x)"},
         {"[4]", "[3]", "[1.3333333333333333]", "[3]"});
  expect({.measures = "count(x),sum(x),max(x)"}, {"[5]", "[NaN]", "[NaN]"});
}

TEST_F(DuckDbAggregate, KeysOfFloatsAreOneNanOneZeroOneNull) {
  open({{"x", arrow::float64(), "[NaN, -0.0, 0.0, null, NaN, null, 1]"},
        {"f", arrow::float32(), "[NaN, 0.0, -0.0, null, NaN, null, 1]"}});
  expect({.by = "x", .measures = "count()", .order = "-count"},
         {"[0, NaN, null, 1]", "[2, 2, 2, 1]"});
  expect({.measures = "count_distinct(x),count_distinct(f)"}, {"[3]", "[3]"});
}

TEST_F(DuckDbAggregate, DecimalsAndOtherTypes) {
  open({{"d", arrow::decimal128(10, 2), R"(["1.50", "2.50", null])"},
        {"t", arrow::utf8(), R"(["b", "", null])"},
        {"c", arrow::dictionary(arrow::int32(), arrow::utf8()), R"(["b", "a", null])"},
        {"day", arrow::date32(), "[1, 2, null]"},
        {"h", arrow::float16(), "[1.5, 2.5, null]"},
        {"span", arrow::duration(arrow::TimeUnit::SECOND), "[1, 2, null]"},
        {"flag", arrow::boolean(), "[true, false, null]"},
        {"zoned", arrow::timestamp(arrow::TimeUnit::MILLI, "Asia/Tokyo"), "[1, 2, null]"}});
  expect({.measures = "sum(d),mean(d),min(d),median(d),sum(h),max(h)"},
         {R"(["4.00"])", "[2]", R"(["1.50"])", "[2]", "[4]", "[2.5]"});
  expect({.measures = "min(t),max(c),min(day),max(zoned),arg_max(c,d),arg_min(t,day),max(span)"},
         {R"([""])", R"(["b"])", "[1]", "[2]", R"(["a"])", R"(["b"])", "[2]"});
  expect({.by = "c", .measures = "count(flag),min(d)"},
         {R"(["a", "b", null])", "[1, 1, 0]", R"(["2.50", "1.50", null])"});
  expect({.by = "span,zoned,h", .measures = "count()"},
         {"[1, 2, null]", "[1, 2, null]", "[1.5, 2.5, null]", "[1, 1, 1]"});
}

TEST_F(DuckDbAggregate, ArgMinAndMaxTakeTheLowestRowOfTies) {
  std::string x = "[";
  std::string y = "[";
  for (int i = 0; i < 5'000; ++i) {
    x += fmt::format("{}{}", i ? "," : "", i);
    y += fmt::format("{}{}", i ? "," : "", (i + 1) % 7);
  }
  open({make_table({{"x", arrow::int64(), x + "]"}, {"y", arrow::int64(), y + "]"}})}, 100);
  expect({.measures = "arg_min(x,y),arg_max(x,y)"}, {"[6]", "[5]"});
  open({{"x", arrow::int64(), "[1, null, 3, 4, 5]"},
        {"y", arrow::float64(), "[null, -0.0, 0.0, NaN, NaN]"}});
  expect({.measures = "arg_min(x,y),arg_max(x,y)"}, {"[null]", "[4]"});
  expect({.filter = "x > 2", .measures = "arg_min(x,y),arg_max(_row,y)"}, {"[3]", "[3]"});
  expect({.filter = "y IS NULL", .measures = "arg_min(x,y)"}, {"[null]"});
}

TEST_F(DuckDbAggregate, OrdersAndSlices) {
  open({{"g", arrow::utf8(), R"(["a", "b", "c", null, "b", "d"])"},
        {"h", arrow::int64(), "[1, 2, 1, 1, 2, null]"},
        {"v", arrow::float64(), "[1, NaN, null, 3, 4, 3]"}});
  expect({.by = "h,g", .measures = "count()"},
         {"[1, 1, 1, 2, null]", R"(["a", "c", null, "b", "d"])", "[1, 1, 1, 2, 1]"});
  expect({.by = "g", .measures = "m:max(v)", .order = "-m", .offset = 1, .limit = 3},
         {R"(["d", null, "a"])", "[3, 3, 1]"});
  expect({.by = "g", .measures = "m:max(v)", .order = "m"},
         {R"(["a", "d", null, "b", "c"])", "[1, 3, 3, NaN, null]"});
  expect({.measures = "count()", .offset = 1}, {"[]"});
  expect({.measures = "count()", .limit = 0}, {"[]"});
  expect({.filter = "h > 99", .measures = "count(),sum(v),arg_min(g,v)"},
         {"[0]", "[null]", "[null]"});
  expect({.filter = "h > 99", .by = "g", .measures = "count()"}, {"[]", "[]"});
  expect({.compute = "w:v * 2,z:w + h", .by = "h", .measures = "sum(z)"},
         {"[1, 2, null]", "[10, NaN, null]"});
}

}  // namespace
}  // namespace bowshot
