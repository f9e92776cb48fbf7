#include <gtest/gtest.h>

#include <algorithm>

#include "query/json_value.hpp"
#include "query/request.hpp"

namespace bowshot {
namespace {

std::string body(std::string_view shape, std::string_view members) {
  std::string text = R"j({"dataset":"flights","shape":")j" + std::string(shape) + '"';
  if (!members.empty()) text += "," + std::string(members);
  return text + "}";
}

Result<Request> parse(std::string_view text) {
  return parse_json_request(text, Limits{});
}

struct SameCase {
  std::string_view shape;
  std::string_view query;
  std::string_view members;
};
void PrintTo(const SameCase& same, std::ostream* out) {
  *out << same.shape << '?' << same.query;
}

class SameRequest : public testing::TestWithParam<SameCase> {};

TEST_P(SameRequest, ByUrlAndByJson) {
  const auto& [shape, query, members] = GetParam();
  const auto by_url = parse_url_request("flights", *parse_shape(shape), query, Limits{});
  const auto by_json = parse(body(shape, members));
  ASSERT_TRUE(by_url) << by_url.error().detail;
  ASSERT_TRUE(by_json) << by_json.error().detail;
  EXPECT_EQ(by_url->canonical, by_json->canonical);
  EXPECT_EQ(by_url->offset, by_json->offset);
  EXPECT_EQ(by_url->limit, by_json->limit);
  EXPECT_EQ(by_url->select.size(), by_json->select.size());
  EXPECT_EQ(by_url->measures.size(), by_json->measures.size());
  EXPECT_EQ(by_url->compute.size(), by_json->compute.size());
  EXPECT_EQ(by_url->format, by_json->format);
  EXPECT_EQ(by_url->version, by_json->version);
  EXPECT_EQ(by_url->download, by_json->download);

  // The canonical form is itself a URL of the same request.
  const std::string& canonical = by_url->canonical;
  const std::string again =
      canonical.substr(std::min(canonical.find('?'), canonical.size() - 1) + 1);
  const auto reparsed = parse_url_request("flights", by_url->shape, again, Limits{});
  ASSERT_TRUE(reparsed) << reparsed.error().detail;
  EXPECT_EQ(reparsed->canonical, canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Pairs, SameRequest,
    testing::Values(
        SameCase{"rows", "", ""},
        SameCase{"rows", "select=a,%22my+col%22&limit=10&offset=5",
                 R"j("skip":5,"limit":10,"select":["a","\"my col\""])j"},
        SameCase{"rows", "select=a,b", R"j("select":"a, b")j"},
        SameCase{"rows", "order=-a,_row", R"j("order":["-a"," _row "])j"},
        SameCase{"rows", "limit=9223372036854775807", R"j("limit":9223372036854775807)j"},
        SameCase{"rows", "limit=9223372036854775807", R"j("limit":"9223372036854775807")j"},
        SameCase{"rows", "filter=a+%3D+'%C3%A9'", R"j("filter":"a = '\u00e9'")j"},
        SameCase{"count", "compute=b:a*2&filter=b+%3E+1",
                 R"j("filter-lang":"cql2-text","filter":"b > 1","compute":{"b":"a*2"})j"},
        SameCase{"rows", "compute=%22my:col%22:a*2,c:a",
                 R"j("compute":{"my:col":"a*2","c":" a "})j"},
        SameCase{"rows", "compute=b:a*2,c:b", R"j("compute":["b:a*2","c:b"])j"},
        SameCase{"aggregate", "by=a,m:time_bin(t,'1+month')&measures=n:count(),mean(b)",
                 R"j("by":["a","m:time_bin(t,'1 month')"],"measures":["n:count()","mean(b)"])j"},
        SameCase{"aggregate", "measures=n:count(),average:mean(b)",
                 R"j("measures":{"n":"count()","average":"mean(b)"})j"},
        SameCase{"rows", "format=csv&version=v1&download=x.csv",
                 R"j("format":"csv","version":"v1","download":"x.csv")j"}));

struct BadCase {
  std::string text;
  ErrorCode code;
  std::string_view parameter = {};
  std::string_view pointer = {};
  std::optional<int64_t> position = {};
};
void PrintTo(const BadCase& bad, std::ostream* out) {
  *out << bad.text.substr(0, 100);
}

class BadJsonRequest : public testing::TestWithParam<BadCase> {};

TEST_P(BadJsonRequest, IsRefused) {
  const BadCase& bad = GetParam();
  const auto request = parse(bad.text);
  ASSERT_FALSE(request) << bad.text;
  EXPECT_EQ(error_info(request.error().code).name, error_info(bad.code).name) << bad.text;
  EXPECT_EQ(request.error().parameter, bad.parameter) << bad.text;
  EXPECT_EQ(request.error().pointer, bad.pointer) << bad.text;
  if (bad.position) {
    EXPECT_EQ(request.error().position, bad.position) << bad.text;
  }
  EXPECT_FALSE(request.error().detail.empty());
}

using enum ErrorCode;

INSTANTIATE_TEST_SUITE_P(
    NotJson, BadJsonRequest,
    testing::Values(
        BadCase{"", kBadJson, "", "", 0}, BadCase{"   ", kBadJson, "", "", 3},
        BadCase{"{", kBadJson, "", "", 1}, BadCase{"[]", kBadJson, "", "", 0},
        BadCase{"null", kBadJson, "", "", 0}, BadCase{"\"rows\"", kBadJson, "", "", 0},
        BadCase{"{} {}", kBadJson, "", "", 3}, BadCase{"{}x", kBadJson, "", "", 2},
        BadCase{R"j({"a":1,})j", kBadJson, "", "", 7},
        BadCase{R"j({"a":01})j", kBadJson, "", "", 6},
        BadCase{R"j({"a":NaN})j", kBadJson, "", "", 5},
        BadCase{R"j({'a':1})j", kBadJson, "", "", 1},
        BadCase{R"j({"a":1 /* why */})j", kBadJson, "", "", 7},
        BadCase{R"j({"a":"\ud800"})j", kBadJson}, BadCase{"{\"a\":\"\n\"}", kBadJson, "", "", 6},
        BadCase{"\xEF\xBB\xBF{}", kBadJson, "", "", 0},
        BadCase{"{\"a\":\"\xFF\"}", kBadJson, "", "", 6}, BadCase{R"j({"a":1,"a":1})j", kBadJson},
        BadCase{body("aggregate", R"j("measures":{"a":"count()","a":"mean(x)"})j"), kBadJson},
        BadCase{body("rows", R"j("limit":1,"limit":2)j"), kBadJson},
        BadCase{std::string(100'000, '['), kBadJson},
        BadCase{body("rows", "\"filter\":" + std::string(400, '[') + std::string(400, ']')),
                kBadJson}));

INSTANTIATE_TEST_SUITE_P(
    Keys, BadJsonRequest,
    testing::Values(
        BadCase{"{}", kMissingParameter, "dataset"},
        BadCase{R"j({"dataset":"flights"})j", kMissingParameter, "shape"},
        BadCase{R"j({"shape":"rows"})j", kMissingParameter, "dataset"},
        BadCase{R"j({"dataset":1,"shape":"rows"})j", kBadParameter, "dataset", "/dataset"},
        BadCase{R"j({"dataset":"a","shape":["rows"]})j", kBadParameter, "shape", "/shape"},
        BadCase{R"j({"dataset":"a/b","shape":"rows"})j", kUnknownDataset, "dataset"},
        BadCase{body("rowz", ""), kUnknownShape, "shape", "/shape"},
        BadCase{body("density", ""), kUnknownShape, "shape", "/shape"},
        BadCase{body("rows", R"j("lmit":1)j"), kUnknownParameter, "lmit", "/lmit"},
        BadCase{body("rows", R"j("a/b~c":1)j"), kUnknownParameter, "a/b~c", "/a~1b~0c"},
        BadCase{body("rows", R"j("by":["a"])j"), kUnknownParameter, "by", "/by"},
        BadCase{body("count", R"j("limit":1)j"), kUnknownParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("skip":1,"offset":1)j"), kBadParameter, "offset", "/offset"}));

INSTANTIATE_TEST_SUITE_P(
    Values, BadJsonRequest,
    testing::Values(
        BadCase{body("rows", R"j("limit":null)j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":true)j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":[1])j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":{})j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":"")j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":" 1")j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":1e3)j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":10.0)j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":-0)j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":-1)j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("limit":9223372036854775808)j"), kBadParameter, "limit", "/limit"},
        BadCase{body("rows", R"j("skip":1e999)j"), kBadParameter, "skip", "/skip"},
        BadCase{body("rows", R"j("filter":"")j"), kBadFilter, "filter", "/filter", 0},
        BadCase{body("rows", R"j("filter":"a =")j"), kBadFilter, "filter", "/filter", 3},
        BadCase{body("rows", R"j("filter":null)j"), kBadParameter, "filter", "/filter"},
        BadCase{body("rows", R"j("filter":["a = 1"])j"), kBadParameter, "filter", "/filter"},
        BadCase{body("rows", R"j("filter":{"op":"x"})j"), kBadFilter, "filter", "/filter/op"},
        BadCase{body("rows", R"j("filter":{"op":"=","args":[{"property":"a"},null]})j"), kBadFilter,
                "filter", "/filter/args/1"},
        BadCase{body("rows", R"j("filter":{})j"), kBadFilter, "filter", "/filter"},
        BadCase{body("rows", R"j("filter-lang":"sql")j"), kBadParameter, "filter-lang",
                "/filter-lang"},
        BadCase{body("rows", R"j("format":1)j"), kBadParameter, "format", "/format"},
        BadCase{body("rows", R"j("version":1)j"), kBadParameter, "version", "/version"},
        BadCase{body("rows", R"j("download":"a\u0000")j"), kBadParameter, "download",
                "/download"}));

INSTANTIATE_TEST_SUITE_P(
    Lists, BadJsonRequest,
    testing::Values(
        BadCase{body("rows", R"j("select":[])j"), kBadParameter, "select", "/select"},
        BadCase{body("rows", R"j("select":"")j"), kBadParameter, "select", "/select"},
        BadCase{body("rows", R"j("select":[""])j"), kBadParameter, "select", "/select/0"},
        BadCase{body("rows", R"j("select":["a",1])j"), kBadParameter, "select", "/select"},
        BadCase{body("rows", R"j("select":[["a"]])j"), kBadParameter, "select", "/select"},
        BadCase{body("rows", R"j("select":{"a":"b"})j"), kBadParameter, "select", "/select"},
        BadCase{body("rows", R"j("select":["a","b,c"])j"), kBadParameter, "select", "/select/1", 1},
        BadCase{body("rows", R"j("select":["a","b","\"a\""])j"), kBadParameter, "select",
                "/select/2"},
        BadCase{body("rows", R"j("order":["a","-"])j"), kBadParameter, "order", "/order/1"},
        BadCase{body("rows", R"j("compute":["a:b","c"])j"), kBadParameter, "compute", "/compute/1"},
        BadCase{body("rows", R"j("compute":{})j"), kBadParameter, "compute", "/compute"},
        BadCase{body("rows", R"j("compute":{"":"b"})j"), kBadParameter, "compute", "/compute/"},
        BadCase{body("rows", R"j("compute":{"a":""})j"), kBadParameter, "compute", "/compute/a"},
        BadCase{body("rows", R"j("compute":{"a/b":"c +"})j"), kBadParameter, "compute",
                "/compute/a~1b", 3},
        BadCase{body("rows", R"j("compute":{"a":1})j"), kBadParameter, "compute", "/compute"},
        BadCase{body("aggregate", R"j("by":{"a":"b"})j"), kBadParameter, "by", "/by"},
        BadCase{body("aggregate", R"j("measures":{"a":"b:mean(x)"})j"), kBadParameter, "measures",
                "/measures/a"},
        BadCase{body("aggregate", R"j("measures":{"a":"mean(x),count()"})j"), kBadParameter,
                "measures", "/measures/a", 7}));

TEST(JsonRequest, ErrorsFoundLaterPointIntoIt) {
  const std::string text = body("rows", R"j("skip":1,"format":"x")j");
  const auto pointer = [&](std::string parameter, std::string known = "") {
    return pointed_into({.code = kBadParameter,
                         .detail = "x",
                         .parameter = std::move(parameter),
                         .pointer = std::move(known)},
                        text, Limits{})
        .pointer;
  };
  EXPECT_EQ(pointer("format"), "/format");
  EXPECT_EQ(pointer("format", "/elsewhere"), "/elsewhere");
  for (const char* absent : {"offset", "version", ""}) EXPECT_EQ(pointer(absent), "") << absent;
}

TEST(JsonRequest, AFilterMayBeJson) {
  const auto request =
      parse(body("rows", R"j("filter":{"op":"isNull","args":[{"property":"a"}]})j"));
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->filter_pointer, "/filter");
  EXPECT_EQ(request->filter_pointers, (std::vector<std::string>{"/args/0/property", ""}));
}

TEST(JsonValue, KeepsNumbersAndOrderAsWritten) {
  const auto value = parse_json(
      R"j({"z":1.50e+3,"a":[-0, 123456789012345678901234567890, true, null, "\u0041"]})j", 8);
  ASSERT_TRUE(value) << value.error().detail;
  ASSERT_EQ(value->members.size(), 2U);
  EXPECT_EQ(value->members[0].key, "z");
  EXPECT_EQ(value->members[0].value.text, "1.50e+3");
  const auto& items = value->members[1].value.items;
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[0].text, "-0");
  EXPECT_EQ(items[1].text, "123456789012345678901234567890");
  EXPECT_EQ(items[2].kind, JsonValue::Kind::kBool);
  EXPECT_EQ(items[3].kind, JsonValue::Kind::kNull);
  EXPECT_EQ(items[4].text, "A");
}

TEST(JsonValue, CountsLevels) {
  EXPECT_TRUE(parse_json("[[[]]]", 3));
  EXPECT_FALSE(parse_json("[[[[]]]]", 3));
}

}  // namespace
}  // namespace bowshot
