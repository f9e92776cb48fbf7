#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace bowshot::http::testing {

/// What a test waits for at most; a pass never takes that long.
inline constexpr std::chrono::seconds kTestDeadline{20};

/// kCut: closed below TLS, whose own word for the end did not come.
enum class StreamEnd { kOpen, kClosed, kReset, kCut };

/// One answer as it came, before any interpretation but its framing.
struct RawAnswer {
  int status = 0;                              // 0: none came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // without chunk frames
  bool complete = false;                       // the framing says that it is whole
};

/// A client made of one socket, which sends exactly the bytes that a test gives. Test code: it
/// throws when the machine fails it.
class RawClient {
 public:
  /// Speaks TLS in a TLS run, and takes any certificate; the handshake comes with the first bytes.
  explicit RawClient(uint16_t port, std::string_view address = "127.0.0.1");
  static RawClient over_unix_socket(const std::string& path);
  /// Binds nothing, connects later: the descriptor is taken now.
  static RawClient unconnected();
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  /// This client speaks plainly though the run has TLS, or TLS with these protocols offered (ALPN).
  void speak_plainly();
  void offer_protocols(const std::string& names);
  /// The protocol chosen, `http/1.1`; empty: none. `TLSv1.3`.
  std::string protocol();
  std::string tls_version();
  RawClient& operator=(RawClient&&) = delete;

  void connect(uint16_t port);
  /// A receive window so small that an answer soon fills the way. Before connect().
  void shrink_receive_buffer();
  void send(std::string_view bytes);
  void end_output();  // FIN; still reads
  void reset();       // RST
  void close();

  /// The next answer; `head_only` for the answer to a HEAD.
  RawAnswer read_answer(bool head_only = false);
  /// Everything until the connection ends or the deadline passes.
  std::string read_to_end();
  /// Reads at least `bytes`, or to the end; into the buffer of read_answer() and read_to_end().
  bool read_at_least(size_t bytes);
  /// Whether an answer, or the end, comes within that time.
  bool is_readable_within(std::chrono::milliseconds time) const;
  /// How the connection has ended, as far as was read.
  StreamEnd end() const { return end_; }

 private:
  struct Tls;
  RawClient();
  bool read_more(std::chrono::steady_clock::time_point deadline);
  bool read_line(std::string& line);
  void read_chunks(RawAnswer& answer);
  void shake_hands();
  void send_all(std::string_view bytes);
  bool take(std::string_view bytes);

  int descriptor_ = -1;
  std::unique_ptr<Tls> tls_;  // in a TLS run
  std::string buffer_;
  StreamEnd end_ = StreamEnd::kOpen;
};

}  // namespace bowshot::http::testing
