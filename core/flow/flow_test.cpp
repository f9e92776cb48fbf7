#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "flow/admission.hpp"
#include "flow/deadlines.hpp"
#include "flow/metrics.hpp"
#include "flow/request_table.hpp"

namespace bowshot {
namespace {

using std::chrono::steady_clock;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

Limits small_limits(int64_t interactive, int64_t streams, int64_t waiting) {
  Limits limits;
  limits.interactive_running = interactive;
  limits.streams_running = streams;
  limits.waiting = waiting;
  return limits;
}

/// Waits for a condition with a deadline; a test's only way to wait.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = steady_clock::now() + 10s;
  while (!condition()) {
    if (steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(Admission, StreamsNeverTakeAnInteractiveSlot) {
  Admission admission(small_limits(1, 1, 0));
  const auto stream = admission.enter(SlotKind::kStream, steady_clock::now(), {});
  ASSERT_TRUE(stream);
  EXPECT_TRUE(admission.enter(SlotKind::kInteractive, steady_clock::now(), {}));
  const auto refused = admission.enter(SlotKind::kStream, steady_clock::now(), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(admission.counters().refused_total, 1);
}

TEST(Admission, WaitersGoInOrderOfArrival) {
  Admission admission(small_limits(1, 1, 3));
  std::optional<Admission::Slot> held;
  held.emplace(*admission.enter(SlotKind::kInteractive, steady_clock::now() + 10s, {}));
  std::vector<int> order;
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&, i] {
      const auto slot = admission.enter(SlotKind::kInteractive, steady_clock::now() + 10s, {});
      ASSERT_TRUE(slot);
      order.push_back(i);  // guarded by the one slot
    });
    ASSERT_TRUE(eventually([&] { return admission.counters().waiting == i + 1; }));
  }
  held.reset();
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(admission.counters().interactive_running, 0);
}

TEST(Admission, ADeadlineAndAStopEndTheWait) {
  Admission admission(small_limits(1, 1, 2));
  const auto held = admission.enter(SlotKind::kStream, steady_clock::now(), {});
  const auto late = admission.enter(SlotKind::kStream, steady_clock::now() + 5ms, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kOverloaded);
  StopSource source;
  std::thread leaver([&] {
    EXPECT_TRUE(eventually([&] { return admission.counters().waiting == 1; }));
    source.request_stop(StopReason::kClientLeft);
  });
  const auto left = admission.enter(SlotKind::kStream, steady_clock::now() + 10s, source.token());
  leaver.join();
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(admission.counters().waiting, 0);
}

TEST(Admission, ManyThreadsNeverExceedTheSlots) {
  Admission admission(small_limits(3, 1, 64));
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        const auto slot = admission.enter(SlotKind::kInteractive, steady_clock::now() + 10s, {});
        ASSERT_TRUE(slot);
        const int now = ++running;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --running;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most.load(), 3);
}

TEST(Admission, StreamsGiveWayToInteractiveAnswersForAWhile) {
  Admission admission(small_limits(1, 1, 1));
  admission.give_way(10s, {});  // nobody to give way to
  std::optional<Admission::Slot> held;
  held.emplace(*admission.enter(SlotKind::kInteractive, steady_clock::now(), {}));
  admission.give_way(1ms, {});  // no longer than that
  std::thread stream([&] { admission.give_way(10s, {}); });
  held.reset();
  stream.join();
  StopSource source;
  source.request_stop(StopReason::kClientLeft);
  held.emplace(*admission.enter(SlotKind::kInteractive, steady_clock::now(), {}));
  admission.give_way(10s, source.token());  // a stop ends the wait
}

TEST(Admission, ALentSlotIsForOthersAndTakenBackBeforeThem) {
  Admission admission(small_limits(1, 1, 1));
  auto ours = admission.enter(SlotKind::kInteractive, steady_clock::now(), {});
  ASSERT_TRUE(ours);
  ours->lend();
  ours->lend();  // once is enough
  EXPECT_EQ(admission.counters().lent, 1);
  EXPECT_EQ(admission.counters().interactive_running, 0);
  std::optional<Admission::Slot> other;
  other.emplace(*admission.enter(SlotKind::kInteractive, steady_clock::now(), {}));
  EXPECT_FALSE(ours->take_back(steady_clock::now() + 1ms, {}));
  std::vector<std::string> order;  // guarded by the one slot
  std::thread waiter([&] {
    const auto slot = admission.enter(SlotKind::kInteractive, steady_clock::now() + 10s, {});
    EXPECT_TRUE(slot);
    order.emplace_back("anew");
  });
  ASSERT_TRUE(eventually([&] { return admission.counters().waiting == 1; }));
  std::thread taker([&] {
    EXPECT_TRUE(ours->take_back(steady_clock::now() + 10s, {}));
    order.emplace_back("back");
    ours->lend();
  });
  ASSERT_TRUE(eventually([&] { return admission.counters().taking_back == 1; }));
  other.reset();
  taker.join();
  waiter.join();
  EXPECT_EQ(order, (std::vector<std::string>{"back", "anew"}));
  EXPECT_EQ(admission.counters().lent, 1);
}

TEST(Admission, AThreadLendsItsOwnSlotAndNoStreams) {
  Admission admission(small_limits(1, 1, 0));
  admission.lend();  // no slot: nothing
  EXPECT_TRUE(admission.take_back({}));
  auto slot = admission.enter(SlotKind::kInteractive, steady_clock::now(), {});
  auto stream = admission.enter(SlotKind::kStream, steady_clock::now(), {});
  {
    const Admission::ThreadScope scope(&admission, &*slot, 1s);
    std::thread([&] { admission.lend(); }).join();  // another thread's call is not ours
    EXPECT_EQ(admission.counters().interactive_running, 1);
    admission.lend();
    EXPECT_EQ(admission.counters().interactive_running, 0);
    EXPECT_TRUE(admission.take_back({}));
    EXPECT_EQ(admission.counters().interactive_running, 1);
  }
  const Admission::ThreadScope scope(&admission, &*stream, 1s);
  admission.lend();
  EXPECT_EQ(admission.counters().streams_running, 1);
  EXPECT_EQ(admission.counters().lent, 0);
}

TEST(Deadlines, CallInOrderOfTimeAndOnlyWhatIsNotCancelled) {
  Deadlines deadlines;
  std::vector<int> calls;
  std::atomic<int> made = 0;
  const auto now = steady_clock::now();
  const auto call = [&](int i) {
    return [&, i] {
      calls.push_back(i);
      ++made;
    };
  };
  const auto second = deadlines.at(now + 20ms, call(2));
  const auto first = deadlines.at(now + 1ms, call(1));
  auto cancelled = deadlines.at(now + 10ms, call(3));
  cancelled.cancel();
  ASSERT_TRUE(eventually([&] { return made == 2; }));
  EXPECT_EQ(calls, (std::vector<int>{1, 2}));
}

TEST(RequestTable, TellsTheEndForTenMinutes) {
  auto now = steady_clock::time_point{};
  RequestTable table([&] { return now; });
  const std::string running = table.begin();
  const std::string done = table.begin();
  const std::string failed = table.begin();
  EXPECT_EQ(running.size(), 16U);
  table.finish(done);
  table.fail(failed, {.code = ErrorCode::kOverflow, .detail = "too large"});
  table.finish(failed);  // the first end stands
  EXPECT_EQ(table.find(running)->state, RequestStatus::State::kRunning);
  EXPECT_EQ(table.find(done)->state, RequestStatus::State::kDone);
  EXPECT_EQ(table.find(failed)->problem->detail, "too large");
  now += RequestTable::kKept + 1s;
  EXPECT_FALSE(table.find(done));
  EXPECT_FALSE(table.find(failed));
  EXPECT_TRUE(table.find(running));
  EXPECT_FALSE(table.find("nonsense"));
}

TEST(SecondsHistogram, CountsCumulatively) {
  SecondsHistogram histogram;
  histogram.observe(0.002);
  histogram.observe(0.3);
  histogram.observe(100);
  std::string text;
  histogram.write(text, "x_seconds", "help");
  EXPECT_NE(text.find("x_seconds_bucket{le=\"0.0025\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("x_seconds_bucket{le=\"0.5\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("x_seconds_bucket{le=\"+Inf\"} 3\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace bowshot
