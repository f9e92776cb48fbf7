#include "view/order_codes.hpp"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "view/code_sort.hpp"

namespace bowshot {
namespace {

template <class Builder, class Value>
std::shared_ptr<arrow::Array> array_of(const std::vector<std::optional<Value>>& values) {
  Builder builder;
  for (const auto& value : values)
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return builder.Finish().ValueOrDie();
}

struct Key {
  std::shared_ptr<arrow::Array> values;
  bool descending = false;
};

/// The rows in their order; none: there are no codes. A batch for every two rows.
std::optional<std::vector<uint32_t>> ordered(const std::vector<Key>& keys) {
  std::vector<OrderItem> order;
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const Key& key : keys) {
    order.push_back(
        {.expression = make_column(key.values->type(), {}), .descending = key.descending});
    fields.push_back(arrow::field("", key.values->type()));
    columns.push_back(key.values);
    EXPECT_TRUE(KeyCodes::takes(*key.values->type()));
  }
  const int64_t rows = columns.front()->length();
  const auto batch = arrow::RecordBatch::Make(arrow::schema(fields), rows, columns);
  OrderCodes codes(order, rows);
  for (int64_t begin = 0; begin < rows; begin += 2) {
    const auto appended = codes.append(*batch->Slice(begin, 2));
    EXPECT_TRUE(appended);
    if (!*appended) return std::nullopt;
  }
  const auto words = codes.finish();
  if (words.empty()) return std::nullopt;
  return *sort_positions(words, {});
}

using Order = std::vector<uint32_t>;

TEST(OrderCodes, FloatsHaveOneZeroAndOneNaN) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::nan("");
  const auto values = array_of<arrow::DoubleBuilder, double>(
      {nan, 0.0, std::nullopt, -0.0, infinity, -1.5, -nan, -infinity, 1e-310});
  EXPECT_EQ(ordered({{values}}), (Order{7, 5, 1, 3, 8, 4, 0, 6, 2}));
  EXPECT_EQ(ordered({{values, true}}), (Order{0, 6, 4, 8, 1, 3, 5, 7, 2}));
}

TEST(OrderCodes, IntegersToTheirExtremes) {
  const auto values = array_of<arrow::Int64Builder, int64_t>({3, INT64_MIN, -1, INT64_MAX, 0});
  EXPECT_EQ(ordered({{values}}), (Order{1, 2, 4, 0, 3}));
  EXPECT_EQ(ordered({{values, true}}), (Order{3, 0, 4, 2, 1}));
  const auto large = array_of<arrow::UInt64Builder, uint64_t>({UINT64_MAX, 1, UINT64_MAX - 1});
  EXPECT_EQ(ordered({{large}}), (Order{1, 2, 0}));
  EXPECT_EQ(ordered({{values, true}, {values}}), (Order{3, 0, 4, 2, 1})) << "128 bits";
}

TEST(OrderCodes, ANullAndTheGreatestValueHaveNoTwoCodes) {
  const auto values = array_of<arrow::Int64Builder, int64_t>({INT64_MAX, std::nullopt});
  EXPECT_EQ(ordered({{values}}), std::nullopt);
  EXPECT_EQ(ordered({{values, true}}), (Order{0, 1}));
}

TEST(OrderCodes, TextsByTheirBytes) {
  const auto texts = array_of<arrow::StringBuilder, std::string>(
      {"b", "", std::nullopt, "Z", "ä", "ab", "b", std::string("a\0", 2), "a"});
  EXPECT_EQ(ordered({{texts}}), (Order{1, 3, 8, 7, 5, 0, 6, 4, 2}));
  EXPECT_EQ(ordered({{texts, true}}), (Order{4, 0, 6, 5, 7, 8, 3, 1, 2}));
}

TEST(OrderCodes, DecimalsWithinALong) {
  const auto decimals = [](const std::vector<const char*>& texts) {
    arrow::Decimal128Builder builder(arrow::decimal128(38, 0));
    for (const char* text : texts)
      EXPECT_TRUE((text ? builder.Append(arrow::Decimal128(text)) : builder.AppendNull()).ok());
    return builder.Finish().ValueOrDie();
  };
  EXPECT_EQ(ordered({{decimals({"150", "-200", nullptr, "1"})}}), (Order{1, 3, 0, 2}));
  EXPECT_EQ(ordered({{decimals({"1", "100000000000000000000"})}}), std::nullopt);
}

TEST(OrderCodes, KeysShareWords) {
  const auto first =
      array_of<arrow::BooleanBuilder, bool>({true, false, std::nullopt, false, true});
  const auto second = array_of<arrow::Int64Builder, int64_t>({INT64_MIN, 5, 5, INT64_MAX, -5});
  const auto third = array_of<arrow::Int8Builder, int8_t>({1, 1, 1, 1, 1});
  EXPECT_EQ(ordered({{first}, {second, true}, {third}}), (Order{3, 1, 4, 0, 2}));
  EXPECT_EQ(ordered({{third}, {first, true}}), (Order{0, 4, 1, 3, 2}));
  const auto nulls = array_of<arrow::Int8Builder, int8_t>(
      {std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt});
  EXPECT_EQ(ordered({{nulls}, {nulls}}), (Order{0, 1, 2, 3, 4}));
}

TEST(OrderCodes, WhatHasNoCodes) {
  EXPECT_FALSE(KeyCodes::takes(*arrow::timestamp(arrow::TimeUnit::NANO, "UTC")));
  EXPECT_FALSE(KeyCodes::takes(*arrow::list(arrow::int8())));
}

}  // namespace
}  // namespace bowshot
