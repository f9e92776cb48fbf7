#include <arrow/api.h>
#include <gtest/gtest.h>

#include "query/binder.hpp"
#include "query/test_schema.hpp"
#include "query/time_width.hpp"
#include "source/data_type.hpp"

namespace bowshot {
namespace {

using Cases = std::initializer_list<std::pair<std::string_view, std::string_view>>;

Binder make_binder() {
  return Binder(all_types(), true);
}

std::string key(std::string_view text) {
  const auto key = make_binder().bind_key(*parse_function_item(text, Limits{}));
  if (!key) return "error: " + key.error().detail;
  return key->name + " = " + to_string(*key->expression) + " " + type_name(*key->expression->type);
}

TEST(BinderItems, BindsKeys) {
  const Cases cases = {
      {"name", "name = #10 utf8"},
      {"n:category", "n = #11 dictionary<utf8>"},
      {"\"my col\"", "my col = #20 int64"},
      {"bin(i8,100)", "i8 = bin(cast(#1 as int64), 100:int64) int64"},
      {"b:bin(u64,10)", "b = bin(#5, 10:uint64) uint64"},
      {"bin(i64,1e3)", "i64 = bin(#3, 1000:int64) int64"},
      {"bin(i64,0.5)", "i64 = bin(cast(#3 as float64), 0.5:float64) float64"},
      {"bin(d,0.125)", "d = bin(#8, 0.125:decimal128(3, 3)) decimal128(12, 3)"},
      {"bin(d,10)", "d = bin(#8, 10:decimal128(2, 0)) decimal128(11, 2)"},
      {"bin(f32,2)", "f32 = bin(cast(#6 as float64), 2:float64) float64"},
      {"bin(_row,10)", "_row = bin(_row, 10:int64) int64"},
      {"time_bin(us,'15 minutes')", "us = time_bin(#14, '15 minutes') timestamp[us]"},
      {"time_bin(day,' 2  week ')", "day = time_bin(#13, '2 weeks') date32"},
      {"TIME_BIN(zoned,'1 month')",
       "zoned = time_bin(#16, '1 month') timestamp[us, tz=Europe/Paris]"},
      {"flag", "flag = #0 bool"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(key(text), expected) << text;
}

TEST(BinderItems, BindsMeasures) {
  struct MeasureCase {
    std::string_view text;
    std::string_view name;
    MeasureFunction function;
    std::string_view arguments;
    std::string_view type;
  };
  const MeasureCase cases[] = {
      {"count()", "count", MeasureFunction::kCountRows, "", "int64"},
      {"count(tags)", "count_tags", MeasureFunction::kCount, "#19", "int64"},
      {"n:count_distinct(bytes)", "n", MeasureFunction::kCountDistinct, "#12", "int64"},
      {"approx_count_distinct(name)", "approx_count_distinct_name",
       MeasureFunction::kApproxCountDistinct, "#10", "int64"},
      {"sum(i8)", "sum_i8", MeasureFunction::kSum, "#1", "int64"},
      {"sum(u64)", "sum_u64", MeasureFunction::kSum, "#5", "int64"},
      {"sum(d)", "sum_d", MeasureFunction::kSum, "#8", "decimal128(38, 2)"},
      {"sum(f16)", "sum_f16", MeasureFunction::kSum, "#23", "float64"},
      {"mean(d)", "mean_d", MeasureFunction::kMean, "#8", "float64"},
      {"MEAN(i64)", "mean_i64", MeasureFunction::kMean, "#3", "float64"},
      {"min(f32)", "min_f32", MeasureFunction::kMin, "#6", "float32"},
      {"min(category)", "min_category", MeasureFunction::kMin, "#11", "utf8"},
      {"max(zoned)", "max_zoned", MeasureFunction::kMax, "#16", "timestamp[us, tz=Europe/Paris]"},
      {"max(flag)", "max_flag", MeasureFunction::kMax, "#0", "bool"},
      {"stddev(i64)", "stddev_i64", MeasureFunction::kStddev, "#3", "float64"},
      {"variance(i64)", "variance_i64", MeasureFunction::kVariance, "#3", "float64"},
      {"median(d)", "median_d", MeasureFunction::kMedian, "#8", "float64"},
      {"quantile(i64,0.9)", "quantile_i64", MeasureFunction::kQuantile, "#3", "float64"},
      {"arg_min(tags,us)", "arg_min_tags", MeasureFunction::kArgMin, "#19 #14", "list<utf8>"},
      {"\"x y\":arg_max(_row,\"my col\")", "x y", MeasureFunction::kArgMax, "_row #20", "int64"},
  };
  for (const MeasureCase& expected : cases) {
    const auto measure = make_binder().bind_measure(*parse_function_item(expected.text, Limits{}));
    ASSERT_TRUE(measure) << expected.text << ": " << measure.error().detail;
    EXPECT_EQ(measure->name, expected.name);
    EXPECT_EQ(measure->function, expected.function) << expected.text;
    std::string arguments;
    for (const ExpressionPtr& argument : measure->arguments)
      arguments += (arguments.empty() ? "" : " ") + to_string(*argument);
    EXPECT_EQ(arguments, expected.arguments) << expected.text;
    EXPECT_EQ(type_name(*measure->type), expected.type) << expected.text;
  }
  EXPECT_EQ(make_binder().bind_measure(*parse_function_item("quantile(d,.25)", Limits{}))->quantile,
            0.25);
}

struct BadItem {
  std::string_view text;
  ErrorCode code;
  int64_t position;
};

TEST(BinderItems, RefusesBadKeys) {
  const BadItem cases[] = {
      {"nam", ErrorCode::kUnknownColumn, 0},
      {"tags", ErrorCode::kTypeMismatch, 0},
      {"x:nope", ErrorCode::kUnknownColumn, 2},
      {"bins(i64,5)", ErrorCode::kBadParameter, 0},
      {"bin(i64)", ErrorCode::kBadParameter, 0},
      {"bin(i64+1,5)", ErrorCode::kBadParameter, 4},
      {"bin(nope,5)", ErrorCode::kUnknownColumn, 4},
      {"bin(name,5)", ErrorCode::kTypeMismatch, 4},
      {"bin(i64,0)", ErrorCode::kBadParameter, 8},
      {"bin(i64,-1)", ErrorCode::kBadParameter, 8},
      {"bin(i64,1e400)", ErrorCode::kBadParameter, 8},
      {"bin(i64,1e-400)", ErrorCode::kBadParameter, 8},
      {"bin(i64,i8)", ErrorCode::kBadParameter, 8},
      {"time_bin(i64,'1 day')", ErrorCode::kTypeMismatch, 9},
      {"time_bin(us,5)", ErrorCode::kBadParameter, 12},
      {"time_bin(us,'day')", ErrorCode::kBadParameter, 12},
      {"time_bin(us,'1day')", ErrorCode::kBadParameter, 12},
      {"time_bin(us,'0 days')", ErrorCode::kBadParameter, 12},
      {"time_bin(us,'-1 day')", ErrorCode::kBadParameter, 12},
      {"time_bin(us,'1 fortnight')", ErrorCode::kBadParameter, 12},
      {"time_bin(us,'1 microsecond')", ErrorCode::kBadParameter, 12},
      {"time_bin(us,'101 years')", ErrorCode::kBadParameter, 12},
      {"time_bin(us,'99999999999999999999 days')", ErrorCode::kBadParameter, 12},
      {"time_bin(day,'1 hour')", ErrorCode::kTypeMismatch, 13},
  };
  for (const BadItem& bad : cases) {
    const auto key = make_binder().bind_key(*parse_function_item(bad.text, Limits{}));
    ASSERT_FALSE(key) << bad.text;
    EXPECT_EQ(key.error().code, bad.code) << bad.text;
    EXPECT_EQ(key.error().position, bad.position) << bad.text;
  }
}

TEST(BinderItems, RefusesBadMeasures) {
  const BadItem cases[] = {
      {"i64", ErrorCode::kBadParameter, 0},
      {"m:avg(i64)", ErrorCode::kBadParameter, 2},
      {"mean()", ErrorCode::kBadParameter, 0},
      {"mean(i64,i64)", ErrorCode::kBadParameter, 0},
      {"count(i64,i64)", ErrorCode::kBadParameter, 0},
      {"mean(i64+1)", ErrorCode::kBadParameter, 5},
      {"mean(5)", ErrorCode::kBadParameter, 5},
      {"mean(nope)", ErrorCode::kUnknownColumn, 5},
      {"mean(name)", ErrorCode::kTypeMismatch, 5},
      {"sum(flag)", ErrorCode::kTypeMismatch, 4},
      {"median(us)", ErrorCode::kTypeMismatch, 7},
      {"min(tags)", ErrorCode::kTypeMismatch, 4},
      {"max(bytes)", ErrorCode::kTypeMismatch, 4},
      {"count_distinct(tags)", ErrorCode::kTypeMismatch, 15},
      {"quantile(i64)", ErrorCode::kBadParameter, 0},
      {"quantile(i64,1.01)", ErrorCode::kBadParameter, 13},
      {"quantile(i64,-0.1)", ErrorCode::kBadParameter, 13},
      {"quantile(i64,'x')", ErrorCode::kBadParameter, 13},
      {"arg_min(i64)", ErrorCode::kBadParameter, 0},
      {"arg_min(i64,tags)", ErrorCode::kTypeMismatch, 12},
  };
  for (const BadItem& bad : cases) {
    const auto measure = make_binder().bind_measure(*parse_function_item(bad.text, Limits{}));
    ASSERT_FALSE(measure) << bad.text;
    EXPECT_EQ(measure.error().code, bad.code) << bad.text;
    EXPECT_EQ(measure.error().position, bad.position) << bad.text;
  }
  EXPECT_EQ(make_binder()
                .bind_measure(*parse_function_item("meen(i64)", Limits{}))
                .error()
                .suggestions.at(0),
            "mean");
}

TEST(TimeWidth, ReadsWhatItWrites) {
  for (const std::string_view text :
       {"1 second", "15 minutes", "36525 days", "1 quarter", "100 years"})
    EXPECT_EQ(TimeWidth::parse(text)->to_string(), text);
  EXPECT_EQ(TimeWidth::parse("  007  days ")->to_string(), "7 days");
  EXPECT_FALSE(TimeWidth::parse("15 minutes")->is_by_calendar());
  EXPECT_TRUE(TimeWidth::parse("1 quarter")->is_by_calendar());
  for (const std::string_view text :
       {"", "1", "day", "1 dayss", "1.5 days", "+1 day", "1 Day", "36526 days", "1 day 1"})
    EXPECT_FALSE(TimeWidth::parse(text)) << text;
}

}  // namespace
}  // namespace bowshot
