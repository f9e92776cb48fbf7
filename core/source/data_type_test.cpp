#include "source/data_type.hpp"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>

namespace bowshot {
namespace {

using arrow::TimeUnit;

std::shared_ptr<arrow::Array> parse(const std::shared_ptr<arrow::DataType>& type,
                                    const std::string& json) {
  auto array = arrow::json::ArrayFromJSONString(type, json);
  EXPECT_TRUE(array.ok()) << array.status();
  return array.ValueOr(nullptr);
}

void expect_recast(const std::shared_ptr<arrow::Array>& array,
                   const std::shared_ptr<arrow::Array>& expected) {
  const auto result = recast(array, expected->type());
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE((*result)->ValidateFull().ok());
  EXPECT_TRUE((*result)->Equals(*expected)) << (*result)->ToString() << "\n"
                                            << expected->ToString();
}

TEST(TypeName, IsTheProtocols) {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> cases = {
      {arrow::boolean(), "bool"},
      {arrow::int8(), "int8"},
      {arrow::uint64(), "uint64"},
      {arrow::float16(), "float16"},
      {arrow::float32(), "float32"},
      {arrow::float64(), "float64"},
      {arrow::utf8(), "utf8"},
      {arrow::binary(), "binary"},
      {arrow::date32(), "date32"},
      {arrow::time64(TimeUnit::MICRO), "time64[us]"},
      {arrow::timestamp(TimeUnit::SECOND), "timestamp[s]"},
      {arrow::timestamp(TimeUnit::MICRO, "UTC"), "timestamp[us, tz=UTC]"},
      {arrow::timestamp(TimeUnit::NANO, "Europe/Rome"), "timestamp[ns, tz=Europe/Rome]"},
      {arrow::duration(TimeUnit::MILLI), "duration[ms]"},
      {arrow::decimal128(5, 2), "decimal128(5, 2)"},
      {arrow::list(arrow::int64()), "list<int64>"},
      {arrow::struct_({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())}),
       "struct<a: int64, b: utf8>"},
      {arrow::list(arrow::struct_({arrow::field("x", arrow::list(arrow::float32()))})),
       "list<struct<x: list<float32>>>"},
      {arrow::dictionary(arrow::int32(), arrow::utf8()), "dictionary<utf8>"},
  };
  for (const auto& [type, name] : cases) {
    EXPECT_EQ(type_name(*type), name);
    const auto own = protocol_type(*type);
    ASSERT_TRUE(own) << name;
    EXPECT_TRUE((*own)->Equals(*type)) << name << " is " << (*own)->ToString();
  }
}

TEST(ProtocolType, ReducesToThePlainTypes) {
  const std::vector<std::pair<std::shared_ptr<arrow::DataType>, std::string>> cases = {
      {arrow::large_utf8(), "utf8"},
      {arrow::utf8_view(), "utf8"},
      {arrow::null(), "utf8"},
      {arrow::large_binary(), "binary"},
      {arrow::binary_view(), "binary"},
      {arrow::fixed_size_binary(16), "binary"},
      {arrow::date64(), "date32"},
      {arrow::time32(TimeUnit::MILLI), "time64[us]"},
      {arrow::time64(TimeUnit::NANO), "time64[us]"},
      {arrow::decimal32(5, 2), "decimal128(5, 2)"},
      {arrow::decimal256(38, 3), "decimal128(38, 3)"},
      {arrow::decimal128(5, -2), "decimal128(7, 0)"},
      {arrow::large_list(arrow::large_utf8()), "list<utf8>"},
      {arrow::fixed_size_list(arrow::int8(), 3), "list<int8>"},
      {arrow::list_view(arrow::int8()), "list<int8>"},
      {arrow::map(arrow::utf8(), arrow::int64()), "list<struct<key: utf8, value: int64>>"},
      {arrow::dictionary(arrow::uint8(), arrow::large_utf8()), "dictionary<utf8>"},
      {arrow::dictionary(arrow::int32(), arrow::int64()), "int64"},
      {arrow::list(arrow::dictionary(arrow::int32(), arrow::utf8())), "list<utf8>"},
  };
  for (const auto& [type, name] : cases) {
    const auto plain = protocol_type(*type);
    ASSERT_TRUE(plain) << type->ToString();
    EXPECT_EQ(type_name(**plain), name);
  }
}

TEST(ProtocolType, RefusesWhatWouldLose) {
  for (const auto& type :
       {arrow::decimal256(39, 0), arrow::decimal128(38, -1), arrow::month_interval(),
        arrow::run_end_encoded(arrow::int32(), arrow::utf8()),
        arrow::struct_({arrow::field("a", arrow::month_interval())}),
        arrow::dense_union({arrow::field("a", arrow::int32())})}) {
    const auto result = protocol_type(*type);
    ASSERT_FALSE(result) << type->ToString();
    EXPECT_EQ(result.error().code, ErrorCode::kBadData);
  }
}

TEST(Recast, KeepsValuesAcrossRepresentations) {
  expect_recast(parse(arrow::large_utf8(), R"(["a", null, "", "ü"])"),
                parse(arrow::utf8(), R"(["a", null, "", "ü"])"));
  expect_recast(parse(arrow::utf8_view(), R"(["a text longer than twelve bytes", null])"),
                parse(arrow::utf8(), R"(["a text longer than twelve bytes", null])"));
  expect_recast(parse(arrow::time32(TimeUnit::MILLI), "[1, null, 86399999]"),
                parse(arrow::time64(TimeUnit::MICRO), "[1000, null, 86399999000]"));
  expect_recast(parse(arrow::time64(TimeUnit::NANO), "[1999, null, 86399999999999]"),
                parse(arrow::time64(TimeUnit::MICRO), "[1, null, 86399999999]"));
  expect_recast(parse(arrow::timestamp(TimeUnit::MILLI, "UTC"), "[-1, null]"),
                parse(arrow::timestamp(TimeUnit::MICRO, "Asia/Tokyo"), "[-1000, null]"));
  expect_recast(parse(arrow::timestamp(TimeUnit::MICRO), "[5]"),
                parse(arrow::timestamp(TimeUnit::MICRO, "UTC"), "[5]"));
  expect_recast(parse(arrow::decimal256(38, 2), R"(["1.25", null, "-99999999.99"])"),
                parse(arrow::decimal128(38, 2), R"(["1.25", null, "-99999999.99"])"));
  const auto hundreds =
      *parse(arrow::decimal128(5, 0), R"(["1", null, "-2"])")->View(arrow::decimal128(5, -2));
  expect_recast(hundreds, parse(arrow::decimal128(7, 0), R"(["100", null, "-200"])"));
  expect_recast(parse(arrow::large_list(arrow::large_utf8()), R"([["a", null], null, []])"),
                parse(arrow::list(arrow::utf8()), R"([["a", null], null, []])"));
  expect_recast(parse(arrow::fixed_size_list(arrow::int8(), 2), "[[1, 2], null, [3, null]]"),
                parse(arrow::list(arrow::int8()), "[[1, 2], null, [3, null]]"));
  expect_recast(parse(arrow::map(arrow::utf8(), arrow::int64()), R"([[["k", 1]], null, []])"),
                parse(*protocol_type(*arrow::map(arrow::utf8(), arrow::int64())),
                      R"([[{"key": "k", "value": 1}], null, []])"));
  expect_recast(parse(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", null, "x"])"),
                parse(arrow::utf8(), R"(["x", null, "x"])"));
  const auto categories = arrow::dictionary(arrow::uint32(), arrow::utf8_view());
  const auto codes = parse(arrow::uint32(), "[1, null, 0, 2, 1]");
  const auto texts = parse(arrow::utf8_view(), R"(["b", "a text longer than twelve bytes", null])");
  const auto coded = *arrow::DictionaryArray::FromArrays(categories, codes, texts);
  const auto long_text = R"(["a text longer than twelve bytes", null, "b", null,
                             "a text longer than twelve bytes"])";
  expect_recast(coded, parse(arrow::utf8(), long_text));
  expect_recast(coded->Slice(2, 2), parse(arrow::utf8(), R"(["b", null])"));
  expect_recast(parse(arrow::null(), "[null, null]"), parse(arrow::utf8(), "[null, null]"));
}

TEST(Recast, ListViewsInAnyOrder) {
  const auto plain = parse(arrow::list(arrow::int8()), "[[1], null, [2, null, 3], [], [4]]");
  for (const auto& type :
       {arrow::list_view(arrow::int8()), arrow::large_list_view(arrow::int8())}) {
    const auto views = parse(type, "[[9], [1], null, [2, null, 3], [], [4]]");
    expect_recast(views->Slice(1), plain);
    expect_recast(views->Slice(2, 0), plain->Slice(0, 0));
  }
  // The second view lies before the first and shares an item with the last; a null covers two.
  const auto offsets = parse(arrow::int32(), "[2, 0, null, 1]");
  const auto views = arrow::ListViewArray::FromArrays(
      *offsets, *parse(arrow::int32(), "[1, 2, 2, 2]"), *parse(arrow::int8(), "[5, 6, 7]"));
  ASSERT_TRUE(views.ok()) << views.status();
  expect_recast(*views, parse(arrow::list(arrow::int8()), "[[7], [5, 6], null, [6, 7]]"));
  expect_recast(
      parse(arrow::list_view(arrow::list_view(arrow::utf8())), R"([[["a"], ["b", "c"]]])"),
      parse(arrow::list(arrow::list(arrow::utf8())), R"([[["a"], ["b", "c"]]])"));
}

TEST(Recast, RefusesALossWithoutShowingTheValue) {
  const auto result = recast(parse(arrow::timestamp(TimeUnit::NANO), "[1234567]"),
                             arrow::timestamp(TimeUnit::MICRO));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kBadData);
  EXPECT_EQ(result.error().detail.find("1234567"), std::string::npos);
  EXPECT_FALSE(recast(parse(arrow::list(arrow::int8()), "[[1]]"), arrow::int8()));
  EXPECT_FALSE(recast(parse(arrow::int8(), "[1]"), arrow::list(arrow::int8())));
}

TEST(Recast, LeavesZerosUnderNulls) {
  // Slots 0 and 2 are null over what they hold; slot 0 lies before the slice.
  const auto buffer = arrow::Buffer::FromVector(std::vector<int64_t>{9, 8, 7, 6});
  const auto validity = arrow::Buffer::FromVector(std::vector<uint8_t>{0b1010});
  const auto whole = std::make_shared<arrow::Int64Array>(4, buffer, validity);
  const auto result = recast(whole->Slice(1), arrow::int64());
  ASSERT_TRUE(result);
  const auto& values = static_cast<const arrow::Int64Array&>(**result);
  EXPECT_EQ(values.Value(0), 8);
  EXPECT_TRUE(values.IsNull(1));
  EXPECT_EQ(values.Value(1), 0);
  EXPECT_EQ(values.Value(2), 6);
}

TEST(Recast, ClearsBooleansTextsAndListsUnderNulls) {
  const auto bits = [](uint8_t byte) {
    return arrow::Buffer::FromVector(std::vector<uint8_t>{byte});
  };
  const auto bools = std::make_shared<arrow::BooleanArray>(4, bits(0b1111), bits(0b1010))->Slice(1);
  const auto clear = recast(bools, arrow::boolean());
  ASSERT_TRUE(clear);
  const auto& flags = static_cast<const arrow::BooleanArray&>(**clear);
  EXPECT_TRUE(flags.Value(0) && flags.IsNull(1) && !flags.Value(1) && flags.Value(2));

  const auto offsets = arrow::Buffer::FromVector(std::vector<int32_t>{0, 1, 3, 4});
  const auto text = std::make_shared<arrow::StringArray>(
      3, offsets, arrow::Buffer::FromString("abcd"), bits(0b101));
  const auto texts = recast(text, arrow::utf8());
  ASSERT_TRUE(texts);
  const auto& plain = static_cast<const arrow::StringArray&>(**texts);
  EXPECT_EQ(plain.GetView(0), "a");
  EXPECT_EQ(plain.value_length(1), 0);
  EXPECT_EQ(plain.GetView(2), "d");
}

TEST(Recast, ChildrenOfANullStructAreNullAndZero) {
  const auto child = parse(arrow::int32(), "[1, 2, 3]");
  const auto validity = arrow::Buffer::FromVector(std::vector<uint8_t>{0b101});
  const auto type = arrow::struct_({arrow::field("a", arrow::int32())});
  const auto structs =
      std::make_shared<arrow::StructArray>(type, 3, arrow::ArrayVector{child}, validity);
  const auto result = recast(structs, type);
  ASSERT_TRUE(result);
  const auto field = static_cast<const arrow::StructArray&>(**result).field(0);
  EXPECT_TRUE(field->IsNull(1));
  EXPECT_EQ(static_cast<const arrow::Int32Array&>(*field).Value(1), 0);
  EXPECT_EQ(static_cast<const arrow::Int32Array&>(*field).Value(2), 3);
}

TEST(TypeClass, NumbersAndText) {
  EXPECT_TRUE(bowshot::is_integer(*arrow::uint8()));
  EXPECT_FALSE(bowshot::is_integer(*arrow::float32()));
  EXPECT_TRUE(bowshot::is_numeric(*arrow::decimal128(3, 1)));
  EXPECT_FALSE(bowshot::is_numeric(*arrow::date32()));
  EXPECT_TRUE(is_text(*arrow::dictionary(arrow::int32(), arrow::utf8())));
}

}  // namespace
}  // namespace bowshot
