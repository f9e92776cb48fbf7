#include "base/stop.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/guarded.hpp"
#include "base/limits.hpp"

namespace bowshot {
namespace {

TEST(Stop, TheFirstReasonStands) {
  StopSource source;
  const StopToken token = source.token();
  EXPECT_FALSE(token.stop_requested());
  int calls = 0;
  const StopCallback callback(token, [&] { ++calls; });
  source.request_stop(StopReason::kDeadline);
  source.request_stop(StopReason::kClientLeft);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(token.reason(), StopReason::kDeadline);
  EXPECT_EQ(token.error().code, ErrorCode::kDeadlineExceeded);
}

TEST(Stop, ADefaultTokenNeverStops) {
  EXPECT_FALSE(StopToken().stop_requested());
}

TEST(Stop, ACallbackAfterTheStopRunsAtOnce) {
  StopSource source;
  source.request_stop(StopReason::kShutdown);
  bool called = false;
  const StopCallback callback(source.token(), [&] { called = true; });
  EXPECT_TRUE(called);
  EXPECT_EQ(source.token().error().code, ErrorCode::kNotReady);
}

TEST(Guarded, WaitSeesAChangeFromAnotherThread) {
  Guarded<int> number(0);
  std::thread other([&] {
    number.with([](int& n) { n = 7; });
    number.notify();
  });
  const int seen = number.wait_until(
      std::chrono::steady_clock::now() + std::chrono::seconds(10), [](int n) { return n == 7; },
      [](int n) { return n; });
  other.join();
  EXPECT_EQ(seen, 7);
}

TEST(Limits, TheTableNamesEveryMemberOnce) {
  std::set<std::string_view> names;
  for (const LimitInfo& limit : limit_table()) {
    EXPECT_TRUE(names.insert(limit.name).second) << limit.name;
    EXPECT_GE(Limits::make_default().*limit.member, limit.min) << limit.name;
  }
  EXPECT_EQ(names.size() * sizeof(int64_t), sizeof(Limits));
}

}  // namespace
}  // namespace bowshot
