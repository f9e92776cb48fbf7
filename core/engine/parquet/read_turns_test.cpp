#include "engine/parquet/read_turns.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace bowshot {
namespace {

TEST(ReadTurns, WhoWaitsGetsTheTurnThatIsGivenBack) {
  ReadTurns turns(1);
  std::optional<ReadTurns::Turn> first(*turns.take(StopToken()));
  std::jthread waiting([&turns] { EXPECT_TRUE(turns.take(StopToken())); });
  first.reset();
  waiting.join();
  EXPECT_TRUE(turns.take(StopToken()));
}

TEST(ReadTurns, AStopEndsTheWait) {
  ReadTurns turns(1);
  const ReadTurns::Turn first = *turns.take(StopToken());
  StopSource source;
  std::jthread waiting([&turns, token = source.token()] {
    const auto turn = turns.take(token);
    ASSERT_FALSE(turn);
    EXPECT_EQ(turn.error().code, ErrorCode::kCancelled);
  });
  source.request_stop(StopReason::kClientLeft);
}

}  // namespace
}  // namespace bowshot
