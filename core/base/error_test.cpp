#include "base/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace bowshot {
namespace {

TEST(ErrorTable, HasEveryCodeOnceInOrder) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < error_table().size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(error_table()[i].code), i);
    EXPECT_GE(error_table()[i].status, 400);
    EXPECT_TRUE(names.insert(error_table()[i].name).second) << error_table()[i].name;
  }
  EXPECT_EQ(static_cast<size_t>(ErrorCode::kOutOfMemory) + 1, error_table().size());
}

TEST(Suggest, NearestFirstAndNothingFar) {
  const std::vector<std::string> columns = {"delay", "distance", "Delay", "origin"};
  EXPECT_EQ(suggest("dealy", columns), (std::vector<std::string>{"delay", "Delay"}));
  EXPECT_EQ(suggest("ORIGIN", columns), (std::vector<std::string>{"origin"}));
  EXPECT_TRUE(suggest("carrier_name", columns).empty());
  EXPECT_TRUE(suggest(std::string(1 << 20, 'x'), columns).empty());
}

Result<int> parse(bool good) {
  if (!good) return fail(ErrorCode::kBadData, "bad");
  return 1;
}

Result<int> twice(bool good) {
  BOWSHOT_ASSIGN(const int value, parse(good));
  BOWSHOT_TRY(parse(good));
  return value * 2;
}

TEST(Macros, PassValuesAndErrorsOn) {
  EXPECT_EQ(twice(true).value(), 2);
  EXPECT_EQ(twice(false).error().code, ErrorCode::kBadData);
}

}  // namespace
}  // namespace bowshot
