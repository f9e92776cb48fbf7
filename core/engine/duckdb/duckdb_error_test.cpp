#include <gtest/gtest.h>

#include "engine/duckdb/running_query.hpp"

namespace bowshot {
namespace {

TEST(DuckDbError, OfAQueryThatFailedWhileItWasWaitedForIsItsOwn) {
  const std::string_view closed =
      "Invalid Input Error: Attempting to execute an unsuccessful or closed pending query result";
  const auto code = [&](std::string_view cause) {
    return duckdb_error(std::string(closed) + "\nError: " + std::string(cause),
                        DUCKDB_ERROR_INVALID_INPUT)
        .code;
  };
  EXPECT_EQ(code("Out of Range Error: Overflow in addition"), ErrorCode::kOverflow);
  EXPECT_EQ(code("Out of Memory Error: no"), ErrorCode::kOutOfMemory);
  EXPECT_EQ(code("IO Error: No space left on device"), ErrorCode::kOutOfSpace);
  EXPECT_EQ(duckdb_error(closed, DUCKDB_ERROR_INVALID_INPUT).code, ErrorCode::kBadData);
  EXPECT_TRUE(
      is_fatal(std::string(closed) + "\nError: FATAL Error: x", DUCKDB_ERROR_INVALID_INPUT));
  EXPECT_FALSE(is_fatal(closed, DUCKDB_ERROR_INVALID_INPUT));
}

TEST(DuckDbError, TellsOfTextThatIsNotUtf8WithoutQuotingIt) {
  const Error error = duckdb_error(
      "Invalid Input Error: Invalid string encoding found in Parquet file \"x\": value \"\\xFF\"",
      DUCKDB_ERROR_INVALID_INPUT);
  EXPECT_EQ(error.code, ErrorCode::kBadData);
  EXPECT_EQ(error.detail, "a column holds text that is not UTF-8");
}

}  // namespace
}  // namespace bowshot
