#include "transport/http/message.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace bowshot::http {
namespace {

TEST(Headers, NamesHaveNoCaseAndValuesJoin) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("X", "");
  headers.add("accept", "b");
  EXPECT_EQ(headers.get("ACCEPT"), "a, b");
  EXPECT_TRUE(headers.has("x"));
  EXPECT_EQ(headers.get("x"), "");
  EXPECT_FALSE(headers.has("Y"));
  EXPECT_EQ(headers.get("Y"), "");
  headers.set("ACCEPT", "c");
  EXPECT_EQ(headers.get("accept"), "c");
  EXPECT_EQ(headers.fields().size(), 2U);
}

TEST(ReasonPhrase, EveryErrorOfTheProtocolHasOne) {
  for (const ErrorInfo& info : error_table())
    EXPECT_NE(reason_phrase(info.status), "Unknown") << info.name;
}

}  // namespace
}  // namespace bowshot::http
