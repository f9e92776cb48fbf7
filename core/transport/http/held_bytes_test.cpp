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
  HeldBytes held(100, 0ms);
  SocketPair sockets[2];
  HeldBytes::Hold one(&held, sockets[0].descriptor());
  HeldBytes::Hold other(&held, sockets[1].descriptor());
  one.set_bytes(1);
  let_time_pass();
  other.set_bytes(1'000);
  one.set_bytes(1'000);
  one.check();
  other.check();
  EXPECT_EQ(held.counters().ended_total, 1);  // though it is not gone yet
}

TEST(HeldBytes, NobodyIsEndedBeforeItIsSlow) {
  HeldBytes held(100, 1h);
  SocketPair sockets[2];
  HeldBytes::Hold one(&held, sockets[0].descriptor());
  HeldBytes::Hold other(&held, sockets[1].descriptor());
  one.set_bytes(80);
  other.set_bytes(80);
  other.check();
  EXPECT_FALSE(one.is_ended());
  EXPECT_FALSE(other.is_ended());
  EXPECT_FALSE(held.end_worst(1h));
  EXPECT_TRUE(held.end_worst(0ms));
  EXPECT_TRUE(held.end_worst(0ms));
  EXPECT_FALSE(held.end_worst(0ms));
  EXPECT_TRUE(one.is_ended() && other.is_ended());
}

TEST(HeldBytes, ASmallerLimitIsSeenAtTheNextLook) {
  HeldBytes held(100, 0ms);
  SocketPair sockets[2];
  std::optional<HeldBytes::Hold> one(std::in_place, &held, sockets[0].descriptor());
  HeldBytes::Hold other(&held, sockets[1].descriptor());
  one->set_bytes(30);
  other.set_bytes(30);
  held.set_bytes_max(40);
  other.check();
  EXPECT_EQ(held.counters().ended_total, 1);
  one.reset();
  EXPECT_EQ(held.counters().answers, 1);
  EXPECT_LE(held.counters().bytes, 30);
}

}  // namespace
}  // namespace bowshot::http
