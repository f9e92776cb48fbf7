#include <gtest/gtest.h>

#include "query/request.hpp"

namespace bowshot {
namespace {

Result<Request> parse(Shape shape, std::string_view query) {
  return parse_url_request("flights", shape, query, Limits{});
}

std::string canonical(Shape shape, std::string_view query) {
  const auto request = parse(shape, query);
  return request ? request->canonical : "error: " + request.error().detail;
}

TEST(UrlRequest, FillsEveryMember) {
  const auto rows = parse(Shape::kRows,
                          "select=a,%22my+col%22&order=-a&offset=5&limit=10&filter=a+%3E+1"
                          "&compute=b:a%2B1&format=csv&version=v1&download=x.csv");
  ASSERT_TRUE(rows) << rows.error().detail;
  EXPECT_EQ(rows->dataset, "flights");
  EXPECT_EQ(rows->shape, Shape::kRows);
  ASSERT_EQ(rows->select.size(), 2U);
  EXPECT_EQ(rows->select[1].name, "my col");
  ASSERT_EQ(rows->order.size(), 1U);
  EXPECT_TRUE(rows->order[0].descending);
  EXPECT_EQ(rows->offset, 5);
  EXPECT_EQ(rows->limit, 10);
  EXPECT_TRUE(rows->filter);
  ASSERT_EQ(rows->compute.size(), 1U);
  EXPECT_EQ(rows->compute[0].alias, "b");
  EXPECT_EQ(rows->format, "csv");
  EXPECT_EQ(rows->version, "v1");
  EXPECT_EQ(rows->download, "x.csv");

  const auto aggregate = parse(Shape::kAggregate, "by=a,m:bin(b,10)&measures=n:count(),mean(b)");
  ASSERT_TRUE(aggregate) << aggregate.error().detail;
  ASSERT_EQ(aggregate->by.size(), 2U);
  EXPECT_EQ(aggregate->by[1].function, "bin");
  ASSERT_EQ(aggregate->measures.size(), 2U);
  EXPECT_EQ(aggregate->measures[0].alias, "n");
}

TEST(UrlRequest, LeavesOutWhatWasNotAsked) {
  const auto request = parse(Shape::kRows, "");
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->filter);
  EXPECT_TRUE(request->select.empty());
  EXPECT_EQ(request->offset, 0);
  EXPECT_EQ(request->limit, std::nullopt);
  EXPECT_EQ(request->format, std::nullopt);
}

TEST(UrlRequest, TakesTheEndsOfTheIntegersRange) {
  EXPECT_EQ(parse(Shape::kRows, "limit=0")->limit, 0);
  EXPECT_EQ(parse(Shape::kRows, "limit=9223372036854775807")->limit, INT64_MAX);
  EXPECT_EQ(parse(Shape::kRows, "skip=9223372036854775807")->offset, INT64_MAX);
}

TEST(UrlRequest, HasOneCanonicalForm) {
  const std::string expected =
      "/v1/datasets/flights/rows?filter=delay%20%3E%205&select=a,b&order=-delay,origin"
      "&offset=5&limit=10";
  EXPECT_EQ(
      canonical(Shape::kRows, "select=a,b&order=-delay,origin&offset=5&limit=10&filter=delay+>+5"),
      expected);
  EXPECT_EQ(canonical(Shape::kRows,
                      "skip=5&&filter=%20delay%20>%205+&order=-%22delay%22,+origin&limit=10"
                      "&select=%22a%22,b&filter-lang=cql2-text&format=csv&version=1&download=x&"),
            expected);
  EXPECT_EQ(canonical(Shape::kRows, "offset=0"), canonical(Shape::kRows, ""));
  EXPECT_EQ(canonical(Shape::kAggregate, "measures=count()"), canonical(Shape::kAggregate, ""));
  EXPECT_EQ(canonical(Shape::kCount, ""), "/v1/datasets/flights/count");
}

TEST(UrlRequest, KeepsApartWhatDiffers) {
  // The row number and a column of its name.
  EXPECT_NE(canonical(Shape::kRows, "select=_row"), canonical(Shape::kRows, "select=%22_row%22"));
  // A value that looks like two parameters.
  EXPECT_NE(canonical(Shape::kRows, "select=a&limit=1"),
            canonical(Shape::kRows, "select=%22a%26limit%3D1%22"));
  EXPECT_NE(canonical(Shape::kAggregate, "measures=a:mean(x)"),
            canonical(Shape::kAggregate, "measures=mean(x)"));
  EXPECT_NE(canonical(Shape::kRows, "order=a"), canonical(Shape::kRows, "order=-a"));
  EXPECT_NE(canonical(Shape::kRows, "limit=0"), canonical(Shape::kRows, ""));
}

struct BadCase {
  Shape shape;
  std::string_view query;
  ErrorCode code;
  std::string_view parameter;
  std::optional<int64_t> position = {};
};
void PrintTo(const BadCase& bad, std::ostream* out) {
  *out << shape_name(bad.shape) << '?' << bad.query;
}

class BadUrlRequest : public testing::TestWithParam<BadCase> {};

TEST_P(BadUrlRequest, IsRefused) {
  const BadCase& bad = GetParam();
  const auto request = parse(bad.shape, bad.query);
  ASSERT_FALSE(request);
  EXPECT_EQ(error_info(request.error().code).name, error_info(bad.code).name);
  EXPECT_EQ(request.error().parameter, bad.parameter);
  if (bad.position) {
    EXPECT_EQ(request.error().position, bad.position);
  }
  EXPECT_FALSE(request.error().detail.empty());
  EXPECT_TRUE(request.error().pointer.empty());
}

using enum ErrorCode;
using enum Shape;

INSTANTIATE_TEST_SUITE_P(
    Names, BadUrlRequest,
    testing::Values(BadCase{kRows, "lmit=1", kUnknownParameter, "lmit"},
                    BadCase{kRows, "LIMIT=1", kUnknownParameter, "LIMIT"},
                    BadCase{kRows, "=1", kUnknownParameter, ""},
                    BadCase{kRows, "dataset=x", kUnknownParameter, "dataset"},
                    BadCase{kRows, "by=a", kUnknownParameter, "by"},
                    BadCase{kCount, "limit=1", kUnknownParameter, "limit"},
                    BadCase{kCount, "order=a", kUnknownParameter, "order"},
                    BadCase{kAggregate, "select=a", kUnknownParameter, "select"},
                    BadCase{kRows, "a=1;limit=1", kUnknownParameter, "a"},
                    BadCase{kRows, "%zz=1", kBadParameter, ""},
                    BadCase{kRows, "limit=1&limit=1", kBadParameter, "limit"},
                    BadCase{kRows, "skip=1&offset=1", kBadParameter, "offset"},
                    BadCase{kRows, "offset=1&li%6dit=2&skip=1", kBadParameter, "skip"}));

INSTANTIATE_TEST_SUITE_P(
    Integers, BadUrlRequest,
    testing::Values(BadCase{kRows, "limit", kBadParameter, "limit"},
                    BadCase{kRows, "limit=", kBadParameter, "limit"},
                    BadCase{kRows, "limit=-1", kBadParameter, "limit"},
                    BadCase{kRows, "limit=-0", kBadParameter, "limit"},
                    BadCase{kRows, "limit=%2B1", kBadParameter, "limit"},
                    BadCase{kRows, "limit=+1", kBadParameter, "limit"},
                    BadCase{kRows, "limit=1+", kBadParameter, "limit"},
                    BadCase{kRows, "limit=01", kBadParameter, "limit"},
                    BadCase{kRows, "limit=1e3", kBadParameter, "limit"},
                    BadCase{kRows, "limit=1.0", kBadParameter, "limit"},
                    BadCase{kRows, "limit=0x10", kBadParameter, "limit"},
                    BadCase{kRows, "limit=all", kBadParameter, "limit"},
                    BadCase{kRows, "limit=-", kBadParameter, "limit"},
                    BadCase{kRows, "limit=1%00", kBadParameter, "limit"},
                    BadCase{kRows, "limit=9223372036854775808", kBadParameter, "limit"},
                    BadCase{kRows, "skip=99999999999999999999999", kBadParameter, "skip"}));

INSTANTIATE_TEST_SUITE_P(
    Texts, BadUrlRequest,
    testing::Values(BadCase{kRows, "filter=", kBadFilter, "filter", 0},
                    BadCase{kRows, "filter=+", kBadFilter, "filter", 0},
                    BadCase{kRows, "filter=a+%3E", kBadFilter, "filter", 3},
                    BadCase{kRows, "filter=+a+%3E", kBadFilter, "filter", 4},
                    BadCase{kRows, "filter=a%3D'%zz'", kBadParameter, "filter", 3},
                    BadCase{kRows, "filter=%ff", kBadParameter, "filter", 0},
                    BadCase{kRows, "filter-lang=", kBadParameter, "filter-lang"},
                    BadCase{kRows, "filter-lang=sql", kBadParameter, "filter-lang"},
                    BadCase{kRows, "format=", kBadParameter, "format"},
                    BadCase{kRows, "version=", kBadParameter, "version"},
                    BadCase{kRows, "download=", kBadParameter, "download"},
                    BadCase{kRows, "download=a/b", kBadParameter, "download"},
                    BadCase{kRows, "download=..%5Cb", kBadParameter, "download"},
                    BadCase{kRows, "download=..", kBadParameter, "download"},
                    BadCase{kRows, "download=a%0D%0AX:1", kBadParameter, "download"},
                    BadCase{kRows, "download=a%7F", kBadParameter, "download"},
                    BadCase{kRows, "download=a%C2%85", kBadParameter, "download"}));

INSTANTIATE_TEST_SUITE_P(
    Lists, BadUrlRequest,
    testing::Values(BadCase{kRows, "select=", kBadParameter, "select"},
                    BadCase{kRows, "select=+", kBadParameter, "select"},
                    BadCase{kRows, "select=a,,b", kBadParameter, "select", 2},
                    BadCase{kRows, "select=a,", kBadParameter, "select", 2},
                    BadCase{kRows, "select=x:a", kBadParameter, "select"},
                    BadCase{kRows, "select=-a", kBadParameter, "select"},
                    BadCase{kRows, "select=f(a)", kBadParameter, "select"},
                    BadCase{kRows, "select=a,b,a", kBadParameter, "select", 4},
                    BadCase{kRows, "select=a,%22a%22", kBadParameter, "select", 2},
                    BadCase{kRows, "select=_row,%22_row%22", kBadParameter, "select", 5},
                    BadCase{kRows, "select=%22a", kBadParameter, "select"},
                    BadCase{kRows, "order=--a", kBadParameter, "order"},
                    BadCase{kRows, "order=-", kBadParameter, "order"},
                    BadCase{kRows, "compute=a", kBadParameter, "compute"},
                    BadCase{kRows, "compute=a:", kBadParameter, "compute"},
                    BadCase{kRows, "compute=a:b+c", kBadParameter, "compute", 4},
                    BadCase{kAggregate, "by=bin(a,10", kBadParameter, "by"},
                    BadCase{kAggregate, "measures=mean(a))", kBadParameter, "measures"},
                    BadCase{kAggregate, "measures=mean(", kBadParameter, "measures", 5}));

TEST(UrlRequest, SuggestsTheParameterThatWasMeant) {
  EXPECT_EQ(parse(Shape::kRows, "lmit=1").error().suggestions, std::vector<std::string>{"limit"});
  EXPECT_EQ(parse(Shape::kAggregate, "mesures=x").error().suggestions,
            std::vector<std::string>{"measures"});
}

TEST(UrlRequest, ShortensAnUnknownNameThatIsLong) {
  const auto request = parse(Shape::kRows, std::string(10'000, 'x') + "=1");
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().code, ErrorCode::kUnknownParameter);
  EXPECT_LT(request.error().parameter.size(), 300U);
  EXPECT_LT(request.error().detail.size(), 500U);
}

TEST(UrlRequest, TakesOnlyNamesThatADatasetMayHave) {
  for (const std::string& name :
       {std::string("a"), std::string("_"), std::string("2026.data-set"), std::string(128, 'a')})
    EXPECT_TRUE(parse_url_request(name, Shape::kRows, "", Limits{})) << name;
  for (const std::string& name :
       {std::string(), std::string("."), std::string("-a"), std::string("a b"), std::string("../x"),
        std::string("\xC3\xA9"), std::string("a\0", 2), std::string(129, 'a')}) {
    const auto request = parse_url_request(name, Shape::kRows, "", Limits{});
    ASSERT_FALSE(request) << name;
    EXPECT_EQ(request.error().code, ErrorCode::kUnknownDataset) << name;
  }
}

TEST(Shapes, AreKnownByName) {
  for (const Shape shape : served_shapes()) EXPECT_EQ(*parse_shape(shape_name(shape)), shape);
  for (const std::string_view name : {"", "Rows", "rowz", "density"}) {
    const auto shape = parse_shape(name);
    ASSERT_FALSE(shape) << name;
    EXPECT_EQ(shape.error().code, ErrorCode::kUnknownShape) << name;
  }
  EXPECT_EQ(parse_shape("rowz").error().suggestions, std::vector<std::string>{"rows"});
}

}  // namespace
}  // namespace bowshot
