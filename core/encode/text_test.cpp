#include <arrow/api.h>
#include <arrow/util/float16.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "encode/csv.hpp"
#include "encode/json.hpp"
#include "encode/test_batches.hpp"
#include "encode/text_escape.hpp"
#include "encode/utf8.hpp"
#include "query/iso8601.hpp"

namespace bowshot {
namespace {

using arrow::TimeUnit;

std::string json(const BatchPtr& batch) {
  JsonEncoder encoder;
  return encode_all(encoder, batch->schema(), {batch});
}

std::string csv(const BatchPtr& batch) {
  CsvEncoder encoder;
  return encode_all(encoder, batch->schema(), {batch});
}

/// The rows of a JSON answer of one column, without the brackets and line ends.
std::string json_cells(const std::shared_ptr<arrow::DataType>& type, std::string_view values) {
  const std::string text = json(one_column(type, values));
  const size_t first = text.find("\"rows\":[") + 8;
  std::string cells;
  for (const char c : text.substr(first, text.rfind("\n]}") - first)) {
    if (c == '\n') continue;
    cells += c;
  }
  return cells;
}

/// The cells of a CSV answer of one column, joined by `|`.
std::string csv_cells(const std::shared_ptr<arrow::DataType>& type, std::string_view values) {
  const std::string text = csv(one_column(type, values));
  std::string cells;
  size_t at = text.find("\r\n") + 2;
  while (at < text.size()) {
    const size_t end = text.find("\r\n", at);
    cells += (cells.empty() ? "" : "|") + text.substr(at, end - at);
    at = end + 2;
  }
  return cells;
}

TEST(Json, ColumnsAndRows) {
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("a \"b\"", arrow::int64()), arrow::field("A", arrow::utf8())}), 2,
      {one_column(arrow::int64(), "[1, null]")->column(0),
       one_column(arrow::utf8(), R"(["x", ""])")->column(0)});
  EXPECT_EQ(json(batch),
            "{\"columns\":[{\"name\":\"a \\\"b\\\"\",\"type\":\"int64\"},"
            "{\"name\":\"A\",\"type\":\"utf8\"}],"
            "\"rows\":[\n[1,\"x\"],\n[null,\"\"]\n]}\n");
}

TEST(Json, NoRows) {
  JsonEncoder encoder;
  EXPECT_EQ(encode_all(encoder, arrow::schema({arrow::field("x", arrow::float64())}), {}),
            "{\"columns\":[{\"name\":\"x\",\"type\":\"float64\"}],\"rows\":[]}\n");
}

TEST(Json, RowsOfSeveralBatches) {
  JsonEncoder encoder;
  const auto text = encode_all(encoder, counting_batch(0, 1)->schema(),
                               {counting_batch(0, 2), counting_batch(2, 1)});
  EXPECT_TRUE(text.ends_with("\"rows\":[\n[0],\n[1],\n[2]\n]}\n")) << text;
}

TEST(Json, IntegersBeyond2To53AreText) {
  EXPECT_EQ(json_cells(arrow::int64(),
                       "[9007199254740992, 9007199254740993, -9007199254740992,"
                       " -9007199254740993, -9223372036854775808]"),
            "[9007199254740992],[\"9007199254740993\"],[-9007199254740992],"
            "[\"-9007199254740993\"],[\"-9223372036854775808\"]");
  EXPECT_EQ(json_cells(arrow::uint64(), "[9007199254740992, 18446744073709551615]"),
            "[9007199254740992],[\"18446744073709551615\"]");
}

TEST(Json, FloatsAreTheShortestThatReadBackAsFloat64) {
  EXPECT_EQ(
      json_cells(arrow::float64(),
                 "[0.1, 100000, 1e300, -0.0, 5e-324, 1.7976931348623157e308, 0.30000000000000004]"),
      "[0.1],[100000],[1e+300],[-0],[5e-324],[1.7976931348623157e+308],[0.30000000000000004]");
  EXPECT_EQ(json_cells(arrow::float32(), "[0.1, 16777216, 3.4028235e38]"),
            "[0.10000000149011612],[16777216],[3.4028234663852886e+38]");
  EXPECT_EQ(json_cells(arrow::float16(), "[0.5, 65504, -2]"), "[0.5],[65504],[-2]");
  EXPECT_EQ(json_cells(arrow::float64(), "[NaN, Inf, -Inf, null]"), "[null],[null],[null],[null]");
}

TEST(Json, DecimalsAreTextWithAllDigits) {
  EXPECT_EQ(json_cells(arrow::decimal128(38, 2),
                       R"(["0.00", "-0.05", "12.30", "123456789012345678901234567890123456.78"])"),
            "[\"0.00\"],[\"-0.05\"],[\"12.30\"],[\"123456789012345678901234567890123456.78\"]");
  EXPECT_EQ(json_cells(arrow::decimal128(38, 20), R"(["0.00000000000000000001"])"),
            "[\"0.00000000000000000001\"]");  // where Arrow's own text has an exponent
  EXPECT_EQ(json_cells(arrow::decimal128(5, 0), R"(["-42"])"), "[\"-42\"]");
}

TEST(Json, TextIsEscaped) {
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("x", arrow::utf8())}), 1,
      {arrow::MakeArrayFromScalar(arrow::StringScalar(std::string("\"\\/\b\f\n\r\t\0\x1f\x7f", 11)),
                                  1)
           .ValueOrDie()});
  EXPECT_NE(json(batch).find(R"(["\"\\/\b\f\n\r\t\u0000\u001f)"
                             "\x7f\"]"),
            std::string::npos)
      << json(batch);
}

TEST(Json, BinaryIsBase64) {
  EXPECT_EQ(json_cells(arrow::binary(), R"(["", "f", "fo", "foo", "foob", null])"),
            "[\"\"],[\"Zg==\"],[\"Zm8=\"],[\"Zm9v\"],[\"Zm9vYg==\"],[null]");
}

TEST(Json, NestedValues) {
  const auto type = arrow::struct_(
      {arrow::field("a \"b", arrow::int64()), arrow::field("l", arrow::list(arrow::float64()))});
  EXPECT_EQ(
      json_cells(type, R"([{"a \"b": 1, "l": [1.5, NaN, null]}, {"a \"b": null, "l": []}, null])"),
      R"([{"a \"b":1,"l":[1.5,null,null]}],[{"a \"b":null,"l":[]}],[null])");
  EXPECT_EQ(json_cells(arrow::list(arrow::list(arrow::date32())), "[[[0, 1], null, []], null, []]"),
            R"([[["1970-01-01","1970-01-02"],null,[]]],[null],[[]])");
}

TEST(Json, ADictionaryIsItsText) {
  EXPECT_EQ(
      json_cells(arrow::dictionary(arrow::int32(), arrow::utf8()), R"(["x", null, "y", "x"])"),
      R"(["x"],[null],["y"],["x"])");
}

TEST(Json, SlicedNestedArrays) {
  const auto whole = one_column(arrow::list(arrow::struct_({arrow::field("a", arrow::int64())})),
                                R"([[{"a": 1}], [], null, [{"a": 2}, {"a": 3}]])");
  EXPECT_TRUE(json(whole->Slice(2)).ends_with("[\n[null],\n[[{\"a\":2},{\"a\":3}]]\n]}\n"));
}

TEST(Ndjson, AnObjectALine) {
  NdjsonEncoder encoder;
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b\n", arrow::utf8())}), 2,
      {one_column(arrow::int64(), "[1, null]")->column(0),
       one_column(arrow::utf8(), R"(["x", null])")->column(0)});
  EXPECT_EQ(encode_all(encoder, batch->schema(), {batch}),
            "{\"a\":1,\"b\\n\":\"x\"}\n{\"a\":null,\"b\\n\":null}\n");
}

TEST(Csv, HeaderAndRows) {
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("a,b", arrow::int64()), arrow::field("c \"d\"", arrow::utf8()),
                     arrow::field("", arrow::boolean())}),
      2,
      {one_column(arrow::int64(), "[1, null]")->column(0),
       one_column(arrow::utf8(), R"(["x", ""])")->column(0),
       one_column(arrow::boolean(), "[true, false]")->column(0)});
  EXPECT_EQ(csv(batch), "\"a,b\",\"c \"\"d\"\"\",\"\"\r\n1,x,true\r\n,\"\",false\r\n");
}

TEST(Csv, NoRowsAreAHeader) {
  CsvEncoder encoder;
  EXPECT_EQ(encode_all(encoder, arrow::schema({arrow::field("x", arrow::utf8())}), {}), "x\r\n");
}

TEST(Csv, TextIsQuotedWhereItMust) {
  EXPECT_EQ(
      csv_cells(arrow::utf8(), R"(["a b", "a,b", "a\"b", "a\nb", "a\rb", " ", "", null, "é"])"),
      "a b|\"a,b\"|\"a\"\"b\"|\"a\nb\"|\"a\rb\"| |\"\"||é");
}

TEST(Csv, ValuesOfEveryKind) {
  EXPECT_EQ(csv_cells(arrow::float64(), "[NaN, Inf, -Inf, null, 0.1]"),
            "NaN|Infinity|-Infinity||0.1");
  EXPECT_EQ(csv_cells(arrow::int64(), "[9223372036854775807]"), "9223372036854775807");
  EXPECT_EQ(csv_cells(arrow::decimal128(5, 3), R"(["-0.050", null])"), "-0.050|");
  EXPECT_EQ(csv_cells(arrow::binary(), R"(["", "ab", null])"), "\"\"|YWI=|");
  EXPECT_EQ(csv_cells(arrow::timestamp(TimeUnit::MILLI, "Europe/Berlin"), "[1, null]"),
            "1970-01-01T00:00:00.001Z|");
  EXPECT_EQ(csv_cells(arrow::dictionary(arrow::int32(), arrow::utf8()), R"(["a,b", null, ""])"),
            "\"a,b\"||\"\"");
}

TEST(Csv, NestedValuesAreJson) {
  EXPECT_EQ(csv_cells(arrow::list(arrow::utf8()), R"([["a", "b\"c", null], [], null])"),
            R"("[""a"",""b\""c"",null]"|[]|)");
  EXPECT_EQ(csv_cells(arrow::struct_({arrow::field("a", arrow::float64())}), R"([{"a": NaN}])"),
            "\"{\"\"a\"\":null}\"");
}

TEST(Text, BytesThatAreNotUtf8AreReplaced) {
  const auto replaced = [](std::string_view bytes) {
    std::string out;
    append_json_text(bytes, out);
    return out.substr(1, out.size() - 2);
  };
  const std::string r(kReplacement);
  EXPECT_EQ(replaced("a\x80z"), "a" + r + "z");
  EXPECT_EQ(replaced("\xC0\xAF"), r + r);  // overlong
  EXPECT_EQ(replaced("\xE2\x82"), r);      // cut off: one maximal subpart
  EXPECT_EQ(replaced("\xE2\x82z"), r + "z");
  EXPECT_EQ(replaced("\xED\xA0\x80"), r + r + r);          // a surrogate
  EXPECT_EQ(replaced("\xF4\x90\x80\x80"), r + r + r + r);  // beyond U+10FFFF
  EXPECT_EQ(replaced("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
  std::string out;
  append_csv_text("\xFF,", out);
  EXPECT_EQ(out, "\"" + r + ",\"");
}

std::string date(int64_t days) {
  std::string out;
  append_date(days, out);
  return out;
}

TEST(Iso8601, Dates) {
  EXPECT_EQ(date(0), "1970-01-01");
  EXPECT_EQ(date(-1), "1969-12-31");
  EXPECT_EQ(date(20'779), "2026-11-22");
  EXPECT_EQ(date(11'016), "2000-02-29");
  EXPECT_EQ(date(2'932'896), "9999-12-31");
  EXPECT_EQ(date(2'932'897), "+010000-01-01");
  EXPECT_EQ(date(-719'162), "0001-01-01");
  EXPECT_EQ(date(-719'528), "0000-01-01");
  EXPECT_EQ(date(-719'529), "-000001-12-31");
  EXPECT_EQ(date(std::numeric_limits<int32_t>::max()), "+5881580-07-11");
  EXPECT_EQ(date(std::numeric_limits<int32_t>::min()), "-5877641-06-23");
}

std::string timestamp(int64_t value, TimeUnit::type unit, bool is_instant = false) {
  std::string out;
  append_timestamp(value, unit, is_instant, out);
  return out;
}

TEST(Iso8601, Timestamps) {
  EXPECT_EQ(timestamp(0, TimeUnit::SECOND), "1970-01-01T00:00:00");
  EXPECT_EQ(timestamp(-1, TimeUnit::MICRO), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(timestamp(1'795'341'600'120'000, TimeUnit::MICRO), "2026-11-22T10:00:00.120");
  EXPECT_EQ(timestamp(1'795'341'600'000'001, TimeUnit::MICRO, true), "2026-11-22T10:00:00.000001Z");
  EXPECT_EQ(timestamp(1, TimeUnit::NANO), "1970-01-01T00:00:00.000000001");
  EXPECT_EQ(timestamp(1'000, TimeUnit::NANO), "1970-01-01T00:00:00.000001");
  EXPECT_EQ(timestamp(std::numeric_limits<int64_t>::max(), TimeUnit::SECOND),
            "+292277026596-12-04T15:30:07");
  EXPECT_EQ(timestamp(std::numeric_limits<int64_t>::min(), TimeUnit::NANO),
            "1677-09-21T00:12:43.145224192");
}

TEST(Iso8601, Times) {
  const auto time = [](int64_t value) {
    std::string out;
    append_time(value, TimeUnit::MICRO, out);
    return out;
  };
  EXPECT_EQ(time(0), "00:00:00");
  EXPECT_EQ(time(36'000'000'001), "10:00:00.000001");
  EXPECT_EQ(time(86'399'999'000), "23:59:59.999");
}

TEST(Iso8601, Durations) {
  const auto duration = [](int64_t value, TimeUnit::type unit) {
    std::string out;
    append_duration(value, unit, out);
    return out;
  };
  EXPECT_EQ(duration(0, TimeUnit::SECOND), "PT0S");
  EXPECT_EQ(duration(86'400, TimeUnit::SECOND), "P1D");
  EXPECT_EQ(duration(-3'600, TimeUnit::SECOND), "-PT1H");
  EXPECT_EQ(duration(60, TimeUnit::SECOND), "PT1M");
  EXPECT_EQ(duration(93'604'500, TimeUnit::MILLI), "P1DT2H4.5S");  // as polars writes it
  EXPECT_EQ(duration(-1, TimeUnit::MICRO), "-PT0.000001S");
  EXPECT_EQ(duration(std::numeric_limits<int64_t>::min(), TimeUnit::NANO),
            "-P106751DT23H47M16.854775808S");
}

}  // namespace
}  // namespace bowshot
