#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/duckdb/query_test_data.hpp"

namespace bowshot {
namespace {

class DuckDbRows : public DuckDbTest {};

TEST_F(DuckDbRows, ReadsNamesThatClash) {
  const std::vector<TestColumn> columns = {{"A", arrow::int64(), "[1, 2]"},
                                           {"a", arrow::int64(), "[3, 4]"},
                                           {"file_row_number", arrow::utf8(), R"(["x", "y"])"},
                                           {"filename", arrow::int32(), "[5, 6]"},
                                           {"file_index", arrow::int32(), "[7, 8]"},
                                           {"q\"u,o't", arrow::float64(), "[1.5, 2.5]"},
                                           {"_row", arrow::int64(), "[10, 11]"},
                                           {"p0", arrow::int64(), "[12, 13]"},
                                           {"", arrow::int64(), "[14, 15]"}};
  open({make_table(columns), make_table(columns)});
  expect({.select = "A,a,file_row_number,filename,file_index,\"q\"\"u,o't\",\"_row\",_row,p0"},
         {"[1, 2, 1, 2]", "[3, 4, 3, 4]", R"(["x", "y", "x", "y"])", "[5, 6, 5, 6]", "[7, 8, 7, 8]",
          "[1.5, 2.5, 1.5, 2.5]", "[10, 11, 10, 11]", "[0, 1, 2, 3]", "[12, 13, 12, 13]"});
  expect({.filter = "a > 3 AND file_row_number = 'y' AND _row > 1", .select = "a,_row"},
         {"[4]", "[3]"});
}

TEST_F(DuckDbRows, SlicesInNaturalOrder) {
  const auto make = [](int first, int rows) {
    std::string values = "[";
    for (int i = 0; i < rows; ++i) values += fmt::format("{}{}", i ? "," : "", first + i);
    return make_table({{"i", arrow::int64(), values + "]"}});
  };
  open({make(0, 10), make(10, 0), make(10, 7), make(17, 1)}, 3);
  expect({.select = "i,_row", .offset = 8, .limit = 4}, {"[8, 9, 10, 11]", "[8, 9, 10, 11]"});
  expect({.select = "i", .offset = 16}, {"[16, 17]"});
  expect({.select = "i", .offset = 18}, {"[]"});
  expect({.select = "i", .offset = 1'000'000'000'000, .limit = 5}, {"[]"});
  expect({.select = "i", .limit = 0}, {"[]"});
  expect({.filter = "i % 3 = 0", .select = "i", .offset = 2, .limit = 3}, {"[6, 9, 12]"});
  expect({.filter = "i % 3 = 0", .select = "i", .offset = 5}, {"[15]"});
  expect({.filter = "i % 3 = 0", .select = "i", .offset = 6}, {"[]"});
  expect({.filter = "i > 100", .select = "i"}, {"[]"});
  expect({.select = "i", .order = "_row", .offset = 9, .limit = 2}, {"[9, 10]"});
  expect({.select = "i", .order = "-_row", .offset = 1, .limit = 2}, {"[16, 15]"});
  expect({.filter = "_row BETWEEN 9 AND 11", .select = "i"}, {"[9, 10, 11]"});
}

TEST_F(DuckDbRows, OrdersWithNullsLastAndTiesByRow) {
  open({{"x", arrow::float64(), "[2, NaN, null, -0.0, 0.0, Inf, -Inf, 2]"},
        {"t", arrow::utf8(), R"(["b", "", null, "é", "a", "b", "B", "a"])"},
        {"c", arrow::dictionary(arrow::int32(), arrow::utf8()),
         R"(["z", "", null, "é", "a", "z", "B", "a"])"},
        {"p", arrow::int32(), "[0, 1, 2, 3, 4, 5, 6, 7]"}});
  expect({.select = "_row", .order = "x"}, {"[6, 3, 4, 0, 7, 5, 1, 2]"});
  expect({.select = "_row", .order = "-x"}, {"[1, 5, 0, 7, 3, 4, 6, 2]"});
  expect({.select = "_row,p", .order = "t", .limit = 100},
         {"[1, 6, 4, 7, 0, 5, 3, 2]", "[1, 6, 4, 7, 0, 5, 3, 2]"});
  expect({.select = "p,c,t", .order = "c,-x", .offset = 2, .limit = 4},
         {"[7, 4, 5, 0]", R"(["a", "a", "z", "z"])", R"(["a", "a", "b", "b"])"});
  expect({.select = "p", .order = "t,-_row", .limit = 4}, {"[1, 6, 7, 4]"});
  expect({.filter = "p > 4", .compute = "k:p * 2", .select = "k,x", .order = "-k", .limit = 2},
         {"[14, 12]", "[2, -Inf]"});
  expect({.select = "p", .order = "x", .offset = 8, .limit = 10}, {"[]"});
}

TEST_F(DuckDbRows, KeepsTheirOrderThroughLongLists) {
  // DuckDB joins with such a list, in threads, and gives row groups as they end.
  constexpr int64_t kRows = 30'000;
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < kRows; ++i) ASSERT_TRUE(builder.Append(i * 7'919 % kRows).ok());
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("i", arrow::int64())}),
                                        {builder.Finish().ValueOrDie()});
  open({table, table}, 128);
  std::string list = "1";
  for (int64_t i = 3; i < kRows; i += 14) list += fmt::format(",{}", i);
  for (const TestRequest& request :
       {TestRequest{.filter = fmt::format("i IN ({})", list), .select = "_row"},
        TestRequest{.filter = "i < 9000 AND k",
                    .compute = fmt::format("k:i IN ({})", list),
                    .select = "_row"}}) {
    const auto all = must(try_run(request));
    const auto rows = combined(*all->column(0));
    const auto* numbers = static_cast<const arrow::Int64Array&>(*rows).raw_values();
    ASSERT_GT(rows->length(), 1'000);
    EXPECT_TRUE(std::is_sorted(numbers, numbers + rows->length()));
    TestRequest window = request;
    window.offset = 500;
    window.limit = 300;
    const auto part = must(try_run(window));
    EXPECT_TRUE(combined(*part->column(0))->Equals(rows->Slice(500, 300)));
  }
}

TEST_F(DuckDbRows, FetchesWindowsFromSeveralFiles) {
  open(
      {make_table({{"k", arrow::int64(), "[5, 3, 1]"}, {"t", arrow::utf8(), R"(["a", "b", "c"])"}}),
       make_table({{"k", arrow::int64(), "[]"}, {"t", arrow::utf8(), "[]"}}),
       make_table(
           {{"k", arrow::int64(), "[4, 2, 0]"}, {"t", arrow::utf8(), R"(["d", "e", "f"])"}})});
  expect({.select = "t,_row", .order = "k", .limit = 4},
         {R"(["f", "c", "e", "b"])", "[5, 2, 4, 1]"});
  expect({.select = "t", .order = "-k", .offset = 1, .limit = 2}, {R"(["d", "b"])"});
}

TEST_F(DuckDbRows, KeepsEveryType) {
  using arrow::TimeUnit;
  const auto nested =
      arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("B", arrow::utf8())});
  open({{"b", arrow::boolean(), "[true, null]"},
        {"u8", arrow::uint8(), "[255, null]"},
        {"h", arrow::float16(), "[1.5, null]"},
        {"bin", arrow::binary(), R"(["ab", null])"},
        {"fixed", arrow::fixed_size_binary(2), R"(["ab", null])"},
        {"time32", arrow::time32(TimeUnit::MILLI), "[1, null]"},
        {"time", arrow::time64(TimeUnit::MICRO), "[86399999999, null]"},
        {"s", arrow::timestamp(TimeUnit::SECOND), "[1, null]"},
        {"ns", arrow::timestamp(TimeUnit::NANO), "[1, null]"},
        {"zoned", arrow::timestamp(TimeUnit::MILLI, "Asia/Tokyo"), "[1, null]"},
        {"span", arrow::duration(TimeUnit::MILLI), "[5, null]"},
        {"d", arrow::decimal128(38, 10), R"(["1.5000000000", null])"},
        {"list", arrow::list(arrow::int64()), "[[1, null], null]"},
        {"struct", nested, R"([{"a": 1, "B": "x"}, null])"},
        {"map", arrow::map(arrow::utf8(), arrow::int64()), R"([[["k", 1]], null])"},
        {"large", arrow::large_utf8(), R"(["x", null])"},
        {"c", arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["v", null])"},
        {"nothing", arrow::null(), "[null, null]"}});
  const TestRequest request{
      .filter = "_row >= 0",
      .select = "b,u8,h,bin,fixed,time32,time,s,ns,zoned,span,d,list,struct,map,large,c,nothing"};
  expect(request,
         {"[true, null]", "[255, null]", "[1.5, null]", R"(["ab", null])", R"(["ab", null])",
          "[1000, null]", "[86399999999, null]", "[1000, null]", "[1, null]", "[1, null]",
          "[5, null]", R"(["1.5000000000", null])", "[[1, null], null]",
          R"([{"a": 1, "B": "x"}, null])", R"([[{"key": "k", "value": 1}], null])",
          R"(["x", null])", R"(["v", null])", "[null, null]"});
}

TEST_F(DuckDbRows, GivesTheFirstBatchEarlyAndJoinsTheOthers) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < 1'200'000; ++i) ASSERT_TRUE(builder.Append(i).ok());
  open({arrow::Table::Make(arrow::schema({arrow::field("i", arrow::int64())}),
                           {builder.Finish().ValueOrDie()})},
       200'000);
  auto stream = must(engine().run(test_plan(dataset_, {.filter = "i % 2 = 0", .select = "i"}), {}));
  const auto first = must(stream->next());
  EXPECT_LE(first->num_rows(), kFirstBatchRowsMax);
  int64_t rows = first->num_rows();
  int64_t expected = 2 * rows;
  int batches = 1;
  for (;;) {
    const auto batch = must(stream->next());
    if (!batch) break;
    EXPECT_LE(batch->num_rows(), kBatchRowsMax);
    const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
    for (int64_t i = 0; i < column.length(); ++i, expected += 2)
      ASSERT_EQ(column.Value(i), expected);
    rows += batch->num_rows();
    ++batches;
  }
  EXPECT_EQ(rows, 600'000);
  EXPECT_LT(batches, 20);
}

TEST_F(DuckDbRows, NoticesAFileThatIsOverwritten) {
  const auto table = make_table({{"i", arrow::int64(), "[1, 2, 3]"}});
  open({table});
  auto stream = must(engine().run(test_plan(dataset_, {.filter = "i > 1", .select = "i"}), {}));
  write_parquet(make_table({{"i", arrow::int64(), "[7, 8, 9, 10]"}}), folder_.file("0.parquet"));
  auto result = drain(*stream);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kVersionChanged);
  EXPECT_EQ(stream->next().error().code, ErrorCode::kVersionChanged);  // and again
}

TEST_F(DuckDbRows, NoRowsAtAll) {
  open({{"i", arrow::int64(), "[]"}, {"t", arrow::utf8(), "[]"}});
  expect({.select = "i,t"}, {"[]", "[]"});
  expect({.select = "t", .order = "i", .limit = 3}, {"[]"});
  expect({.measures = "count(),sum(i),min(t)"}, {"[0]", "[null]", "[null]"});
  expect({.by = "i", .measures = "count()"}, {"[]", "[]"});
}

}  // namespace
}  // namespace bowshot
