#include "transport/http/held_bytes.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <thread>

namespace bowshot::http {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;

/// A socket whose other end is open.
class SocketPair {
 public:
  SocketPair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~SocketPair() {
    close(ends_[0]);
    close(ends_[1]);
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  int descriptor() const { return ends_[0]; }
  bool is_shut_down() const {
    pollfd wait{.fd = ends_[0], .events = POLLRDHUP, .revents = 0};
    return poll(&wait, 1, 0) == 1 && (wait.revents & POLLHUP) != 0;
  }

 private:
  std::array<int, 2> ends_{};
};

/// Time as the class sees it, passed in threads' turns.
void let_time_pass() {
  const auto begun = HeldBytes::Clock::now();
  while (HeldBytes::Clock::now() - begun < 2ms) std::this_thread::yield();
}

/// Two answers under one limit of bytes.
struct TwoAnswers {
  explicit TwoAnswers(std::chrono::milliseconds slow_after) : held(100, slow_after) {}
  HeldBytes held;
  SocketPair sockets[2];
  std::optional<HeldBytes::Hold> one{std::in_place, &held, sockets[0].descriptor()};
  std::optional<HeldBytes::Hold> other{std::in_place, &held, sockets[1].descriptor()};
};

TEST(HeldBytes, EndsTheOneThatHeldTheMostForTheLongest) {
  HeldBytes held(100, 0ms);
  SocketPair sockets[3];
  HeldBytes::Hold old(&held, sockets[0].descriptor());
  old.set_bytes(60);
  let_time_pass();
  HeldBytes::Hold small(&held, sockets[1].descriptor());
  small.set_bytes(1);
  HeldBytes::Hold late(&held, sockets[2].descriptor());
  EXPECT_FALSE(old.is_ended());
  late.set_bytes(60);
  EXPECT_TRUE(old.is_ended());
  EXPECT_TRUE(sockets[0].is_shut_down());
  EXPECT_FALSE(small.is_ended());
  EXPECT_FALSE(late.is_ended());
  EXPECT_FALSE(sockets[2].is_shut_down());
  EXPECT_EQ(held.counters().bytes, 61);
  EXPECT_EQ(held.counters().ended_total, 1);
  old.set_bytes(60);  // what is ended counts for nothing
  EXPECT_EQ(held.counters().bytes, 61);
}

TEST(HeldBytes, WhoTakesItsBytesIsNotEnded) {
  HeldBytes held(100, 0ms);
  SocketPair sockets[2];
  HeldBytes::Hold reader(&held, sockets[0].descriptor());
  reader.set_bytes(90);
  HeldBytes::Hold mute(&held, sockets[1].descriptor());
  let_time_pass();
  reader.set_bytes(2);
  mute.set_bytes(95);
  EXPECT_FALSE(mute.is_ended());
  mute.set_bytes(99);
  EXPECT_TRUE(mute.is_ended());
  EXPECT_FALSE(reader.is_ended());
}

TEST(HeldBytes, AnAnswerAloneMayHoldMore) {
  HeldBytes held(100, 0ms);
  const SocketPair socket;
  HeldBytes::Hold alone(&held, socket.descriptor());
  alone.set_bytes(1'000);
  EXPECT_FALSE(alone.is_ended());
}

TEST(HeldBytes, WhoeverIsLeftAloneMayHoldMore) {
  TwoAnswers answers(0ms);
  answers.one->set_bytes(1);
  let_time_pass();
  answers.other->set_bytes(1'000);
  answers.one->set_bytes(1'000);
  answers.one->check();
  answers.other->check();
  EXPECT_EQ(answers.held.counters().ended_total, 1);  // though it is not gone yet
}

TEST(HeldBytes, NobodyIsEndedBeforeItIsSlow) {
  TwoAnswers answers(1h);
  answers.one->set_bytes(80);
  answers.other->set_bytes(80);
  answers.other->check();
  EXPECT_FALSE(answers.one->is_ended());
  EXPECT_FALSE(answers.other->is_ended());
  EXPECT_FALSE(answers.held.end_worst(1h));
  EXPECT_TRUE(answers.held.end_worst(0ms));
  EXPECT_TRUE(answers.held.end_worst(0ms));
  EXPECT_FALSE(answers.held.end_worst(0ms));
  EXPECT_TRUE(answers.one->is_ended() && answers.other->is_ended());
}

TEST(HeldBytes, ASmallerLimitIsSeenAtTheNextLook) {
  TwoAnswers answers(0ms);
  answers.one->set_bytes(30);
  answers.other->set_bytes(30);
  answers.held.set_bytes_max(40);
  answers.other->check();
  EXPECT_EQ(answers.held.counters().ended_total, 1);
  answers.one.reset();
  EXPECT_EQ(answers.held.counters().answers, 1);
  EXPECT_LE(answers.held.counters().bytes, 30);
}

}  // namespace
}  // namespace bowshot::http
