#include "preconditions.hpp"

#include <gtest/gtest.h>

#include "exchange.hpp"

namespace bowshot {
namespace {

using Outcome = Preconditions::Outcome;

Preconditions conditions(const std::vector<std::pair<std::string, std::string>>& fields) {
  http::Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return Preconditions::make(headers, /*is_strict=*/false).value();
}

TEST(EntityTags, ReadsListsAndTheAsterisk) {
  EXPECT_TRUE(EntityTags::parse("*")->is_any);
  EXPECT_EQ(EntityTags::parse(R"("a")")->tags, (std::vector<std::string>{R"("a")"}));
  const auto several = EntityTags::parse(R"( "a" ,, W/"b,c",)");
  ASSERT_TRUE(several);
  EXPECT_EQ(several->tags, (std::vector<std::string>{R"("a")", R"(W/"b,c")"}));
}

TEST(EntityTags, RefusesWhatIsNoTag) {
  for (const char* text : {"", " ", ",", "a", "\"a", "a\"", "\"a\"\"b\"", "\"a\" \"b\"", "W/a",
                           "w/\"a\"", "*, \"a\"", "\"a b\"", "\"a\"x"})
    EXPECT_FALSE(EntityTags::parse(text)) << text;
  EXPECT_EQ(EntityTags::parse("\"\"")->tags, std::vector<std::string>{"\"\""});
}

TEST(Preconditions, OfReads) {
  EXPECT_EQ(conditions({}).of_read("\"a\""), Outcome::kMet);
  EXPECT_EQ(conditions({{"If-None-Match", "W/\"a\""}}).of_read("\"a\""), Outcome::kNotModified);
  EXPECT_EQ(conditions({{"If-None-Match", "\"b\", \"a\""}}).of_read("W/\"a\""),
            Outcome::kNotModified);
  EXPECT_EQ(conditions({{"If-None-Match", "\"ba\""}}).of_read("\"a\""), Outcome::kMet);
  EXPECT_EQ(conditions({{"If-None-Match", "a"}}).of_read("\"a\""), Outcome::kMet);
  EXPECT_EQ(conditions({{"If-Match", "\"a\""}}).of_read("\"a\""), Outcome::kMet);
  EXPECT_EQ(conditions({{"If-Match", "*"}}).of_read("W/\"a\""), Outcome::kMet);
  EXPECT_EQ(conditions({{"If-Match", "W/\"a\""}}).of_read("W/\"a\""), Outcome::kFailed);
  EXPECT_EQ(conditions({{"If-Match", "\"b\""}}).of_read("\"a\""), Outcome::kFailed);
  // If-Match comes first: what is not met is not "not modified".
  EXPECT_EQ(conditions({{"If-Match", "\"b\""}, {"If-None-Match", "\"a\""}}).of_read("\"a\""),
            Outcome::kFailed);
}

TEST(Preconditions, OfChangesNameTheVersionOrTheDescription) {
  const std::string described = description_etag("v1", "{\"rows\":1}");
  const auto is_met = [](const char* header, const std::string& value,
                         const std::optional<std::string>& version) {
    const auto checked = conditions({{header, value}}).check_change("t", version);
    if (!checked) {
      EXPECT_EQ(checked.error().code, ErrorCode::kPreconditionFailed);
    }
    return checked.has_value();
  };
  EXPECT_TRUE(is_met("If-Match", "\"v1\"", "v1"));
  EXPECT_TRUE(is_met("If-Match", "\"v0\", \"v1\"", "v1"));
  EXPECT_TRUE(is_met("If-Match", described, "v1"));
  EXPECT_FALSE(is_met("If-Match", described, "v2"));
  EXPECT_FALSE(is_met("If-Match", "W/\"v1\"", "v1"));
  EXPECT_FALSE(is_met("If-Match", "\"v\"", "v1"));
  EXPECT_TRUE(is_met("If-Match", "*", "v1"));
  EXPECT_FALSE(is_met("If-Match", "*", std::nullopt));
  EXPECT_TRUE(is_met("If-None-Match", "*", std::nullopt));
  EXPECT_FALSE(is_met("If-None-Match", "*", "v1"));
  EXPECT_FALSE(is_met("If-None-Match", "W/\"v1\"", "v1"));
  EXPECT_TRUE(is_met("If-None-Match", "\"v2\"", "v1"));
}

TEST(Preconditions, AnUnreadableConditionOfAChangeIsAnError) {
  http::Headers headers;
  headers.add("If-None-Match", "v1");
  const auto strict = Preconditions::make(headers, /*is_strict=*/true);
  ASSERT_FALSE(strict);
  EXPECT_EQ(strict.error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(strict.error().parameter, "If-None-Match");
}

}  // namespace
}  // namespace bowshot
