#include "shape/plain_text.hpp"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

namespace bowshot {
namespace {

std::string text_of(const std::shared_ptr<arrow::DataType>& type, std::string_view value) {
  const auto array =
      arrow::json::ArrayFromJSONString(type, "[" + std::string(value) + "]").ValueOrDie();
  const auto text = make_plain_text(*array);
  return text ? (*text)(0) : text.error().detail;
}

TEST(PlainText, OfEveryType) {
  using arrow::TimeUnit;
  EXPECT_EQ(text_of(arrow::boolean(), "true"), "true");
  EXPECT_EQ(text_of(arrow::int8(), "-128"), "-128");
  EXPECT_EQ(text_of(arrow::uint8(), "65"), "65");
  EXPECT_EQ(text_of(arrow::int64(), "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(text_of(arrow::uint64(), "18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(text_of(arrow::float64(), "1.5"), "1.5");
  EXPECT_EQ(text_of(arrow::float64(), "-0.0"), "0");
  EXPECT_EQ(text_of(arrow::float64(), "NaN"), "NaN");
  EXPECT_EQ(text_of(arrow::float64(), "-Inf"), "-Infinity");
  EXPECT_EQ(text_of(arrow::float32(), "Inf"), "Infinity");
  EXPECT_EQ(text_of(arrow::float16(), "0.5"), "0.5");
  EXPECT_EQ(text_of(arrow::utf8(), R"("a\"b")"), "a\"b");
  EXPECT_EQ(text_of(arrow::binary(), R"("abc")"), "YWJj");
  EXPECT_EQ(text_of(arrow::date32(), "-1"), "1969-12-31");
  EXPECT_EQ(text_of(arrow::time64(TimeUnit::MICRO), "1"), "00:00:00.000001");
  EXPECT_EQ(text_of(arrow::timestamp(TimeUnit::SECOND), "0"), "1970-01-01T00:00:00");
  EXPECT_EQ(text_of(arrow::timestamp(TimeUnit::MILLI, "UTC"), "1"), "1970-01-01T00:00:00.001Z");
  EXPECT_EQ(text_of(arrow::duration(TimeUnit::SECOND), "61"), "PT1M1S");
  EXPECT_EQ(text_of(arrow::decimal128(10, 3), R"("-0.050")"), "-0.050");
  EXPECT_EQ(text_of(arrow::decimal128(38, 0), R"("99999999999999999999999999999999999999")"),
            std::string(38, '9'));
}

TEST(PlainText, NotOfLists) {
  const auto array =
      arrow::json::ArrayFromJSONString(arrow::list(arrow::int64()), "[[1]]").ValueOrDie();
  const auto text = make_plain_text(*array);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace bowshot
