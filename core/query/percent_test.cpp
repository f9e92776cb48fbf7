#include "query/percent.hpp"

#include <gtest/gtest.h>

#include "query/request.hpp"
#include "query/spelling.hpp"
#include "query/utf8.hpp"

namespace bowshot {
namespace {

TEST(PercentDecode, TakesEscapesAndPlus) {
  EXPECT_EQ(*percent_decode("", true), "");
  EXPECT_EQ(*percent_decode("a%20b+c%2Bd", true), "a b c+d");
  EXPECT_EQ(*percent_decode("a+b", false), "a+b");
  EXPECT_EQ(*percent_decode("%c3%A9\xC3\xA9", true), "\xC3\xA9\xC3\xA9");
  EXPECT_EQ(*percent_decode("%25%00", true), std::string("%\0", 2));
}

TEST(PercentDecode, RefusesBrokenEscapesWithThePositionInTheDecodedText) {
  struct Case {
    std::string_view text;
    int64_t position;
  };
  for (const auto& [text, position] :
       {Case{"%", 0}, {"ab%4", 2}, {"%41%4g", 1}, {"%20%%20", 1}, {"% 1", 0}, {"%+1", 0}}) {
    const auto decoded = percent_decode(text, true);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::kBadParameter) << text;
    EXPECT_EQ(decoded.error().position, position) << text;
  }
}

TEST(PercentDecode, RefusesWhatIsNotUtf8) {
  for (const std::string_view text : {"a%ff", "a%c3", "a%ed%a0%80", "a\xFF"}) {
    const auto decoded = percent_decode(text, true);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::kBadParameter) << text;
    EXPECT_EQ(decoded.error().position, 1) << text;
  }
}

TEST(DecodeUnreserved, TouchesOnlyWhatNeedsNoEscape) {
  EXPECT_EQ(decode_unreserved("/v1/%64ata%73ets/%7E%2d%2E%5f%39"), "/v1/datasets/~-._9");
  for (const std::string_view same :
       {"", "/a", "%2F%2f%25%20%00%C3%A9%40%3a", "%", "a%", "a%6", "%zz", "%6g", "%%2F"})
    EXPECT_EQ(decode_unreserved(same), same);
  EXPECT_EQ(decode_unreserved("%2541"), "%2541");  // once, not again
  EXPECT_EQ(decode_unreserved("%%41"), "%A");
}

TEST(PercentEncode, IsUndoneByDecoding) {
  std::string every_byte;
  for (int c = 1; c < 0x80; ++c) every_byte += static_cast<char>(c);
  every_byte += "\xC3\xA9\xF0\x9F\x98\x80";
  EXPECT_EQ(*percent_decode(percent_encode(every_byte), true), every_byte);
  EXPECT_EQ(percent_encode("a&b=c+d%#?/ \""), "a%26b%3Dc%2Bd%25%23%3F%2F%20%22");
}

TEST(Utf8, KnowsTheBoundariesOfTheStandard) {
  for (const std::string_view valid :
       {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(utf8_error_position(valid), std::nullopt);
  for (const std::string_view invalid :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98",
        "\xC3\x28", "\xE2\x28\xA1", "\xE2\x82\x28", "\xF0\x9F\x98\x28"}) {
    EXPECT_EQ(utf8_error_position(invalid), 0U);
    EXPECT_EQ(utf8_error_position("ab" + std::string(invalid) + "c"), 2U);
  }
}

TEST(QuoteValue, CutsLongValuesBetweenCharacters) {
  EXPECT_EQ(quote_value("abc"), "`abc`");
  EXPECT_EQ(quote_value(std::string(64, 'a')), "`" + std::string(64, 'a') + "`");
  EXPECT_EQ(quote_value(std::string(63, 'a') + "\xC3\xA9"), "`" + std::string(63, 'a') + "...`");
}

}  // namespace
}  // namespace bowshot
