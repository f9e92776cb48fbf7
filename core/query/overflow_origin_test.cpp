#include "query/overflow_origin.hpp"

#include <gtest/gtest.h>

#include "query/binder.hpp"
#include "query/test_schema.hpp"

namespace bowshot {
namespace {

/// A request's texts, and what the error of its overflow says.
struct OriginCase {
  std::string_view compute = {};
  std::string_view select = {};
  std::string_view filter = {};
  std::string_view by = {};
  std::string_view measures = {};
};

template <class T>
T must(Result<T> result) {
  EXPECT_TRUE(result) << result.error().detail;
  return *std::move(result);
}

Plan plan_of(const OriginCase& request) {
  const Limits limits;
  Binder binder(all_types(), true);
  if (!request.compute.empty()) {
    EXPECT_TRUE(binder.add_computed(must(parse_compute_list(request.compute, limits))));
  }
  Plan plan;
  plan.computed = binder.computed();
  if (!request.filter.empty())
    plan.filter = must(binder.bind_filter(must(parse_cql2(request.filter, limits))));
  if (!request.select.empty())
    for (const Item& item : must(parse_name_list(request.select, limits)))
      plan.select.push_back({item.name, must(binder.bind_name(item.name, item.quoted, 0))});
  if (!request.by.empty())
    for (const Item& item : must(parse_function_list(request.by, limits)))
      plan.keys.push_back(must(binder.bind_key(item)));
  if (!request.measures.empty())
    for (const Item& item : must(parse_function_list(request.measures, limits)))
      plan.measures.push_back(must(binder.bind_measure(item)));
  return plan;
}

/// `parameter: detail`.
std::string origin_of(const OriginCase& request) {
  const Error error =
      with_overflow_origin({.code = ErrorCode::kOverflow, .detail = "too large"}, plan_of(request));
  return error.parameter + ": " + error.detail;
}

TEST(OverflowOrigin, IsTheOnePartThatCan) {
  EXPECT_EQ(origin_of({.measures = "count(),mean(i64),total:sum(i64),sum(f64),min(i64)"}),
            "measures: too large; it comes from the measure `total`");
  EXPECT_EQ(origin_of({.compute = "a:i64+1,b:i64/2,c:i64%3,e:i8%2", .select = "a,b,c,e,i64"}),
            "compute: too large; it comes from the computed column `a`");
  EXPECT_EQ(origin_of({.select = "i64", .filter = "i64 * i64 > 5 AND f64 * f64 > 5"}),
            "filter: too large; it comes from the filter");
  EXPECT_EQ(origin_of({.by = "i8,b:bin(i64,10)", .measures = "count()"}),
            "by: too large; it comes from the key `b`");
  EXPECT_EQ(origin_of({.measures = "stddev(f64),variance(i64)"}),
            "measures: too large; it comes from the measure `stddev_f64`");
  EXPECT_EQ(origin_of({.compute = "n:u64 % 2", .select = "n"}),
            "compute: too large; it comes from the computed column `n`");
}

TEST(OverflowOrigin, IsAmongSeveral) {
  EXPECT_EQ(origin_of({.measures = "sum(i64),sum(d)"}),
            "measures: too large; it comes from one of: the measure `sum_i64`, the measure "
            "`sum_d`");
  EXPECT_EQ(origin_of({.compute = "a:-i64", .filter = "a > 0", .measures = "sum(i8)"}),
            ": too large; it comes from one of: the computed column `a`, the measure `sum_i8`");
  EXPECT_EQ(origin_of({.measures = "a:sum(i8),b:sum(i8),c:sum(i8),d:sum(i8),e:sum(i8),f:sum(i8)"}),
            "measures: too large; it comes from one of: the measure `a`, the measure `b`, the "
            "measure `c`, the measure `d`, the measure `e` and 1 more");
}

TEST(OverflowOrigin, IsOnlyWhatTheAnswerNeeds) {
  constexpr std::string_view kCompute = "a:i64+1,b:a/2,unused:i64*i64";
  EXPECT_EQ(origin_of({.compute = kCompute, .select = "b"}),
            "compute: too large; it comes from the computed column `a`");
  EXPECT_EQ(origin_of({.compute = kCompute, .filter = "b > 1 OR a > 1", .measures = "count()"}),
            "compute: too large; it comes from the computed column `a`");
  EXPECT_EQ(origin_of({.compute = kCompute, .select = "i64"}), ": too large");
}

TEST(OverflowOrigin, LeavesOtherErrorsAlone) {
  const Plan plan = plan_of({.measures = "sum(i64)"});
  const Error error = with_overflow_origin({.code = ErrorCode::kBadData, .detail = "torn"}, plan);
  EXPECT_EQ(error.detail, "torn");
  EXPECT_EQ(error.parameter, "");
  const Error named = with_overflow_origin(
      {.code = ErrorCode::kOverflow, .detail = "x", .parameter = "limit"}, plan);
  EXPECT_EQ(named.detail, "x");
  EXPECT_EQ(named.parameter, "limit");
}

}  // namespace
}  // namespace bowshot
