#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/guarded.hpp"
#include "transport/http/message.hpp"

namespace bowshot {

/// What is kept of a secret: enough to know it again, not to tell it.
using SecretDigest = std::array<unsigned char, 32>;
SecretDigest digest_of(std::string_view secret);

/// The token that requests must bear. Immutable; safe from any thread.
class Token {
 public:
  static constexpr size_t kBytesMin = 16;
  static constexpr size_t kBytesMax = 4'096;

  /// One line of visible ASCII. Refused: a file that others may read, tokens that are too short.
  /// Errors name the file and never hold what it does.
  static Result<Token> read(const std::string& path);
  static Result<Token> make(std::string_view text);

  /// In a time that does not depend on how much of it is right.
  bool matches(std::string_view text) const;
  bool operator==(const Token&) const = default;

 private:
  explicit Token(const SecretDigest& digest) : digest_(digest) {}
  SecretDigest digest_;
};

/// The token that a file holds, for who must show it; errors as Token::read().
Result<std::string> read_token(const std::string& path);

/// The token of `Authorization: Bearer TOKEN`; nothing: no such header, or another scheme.
std::optional<std::string> bearer_token(const http::Request& request);

/// The value of a cookie; empty: there is none.
std::string cookie_value(const http::Request& request, std::string_view name);

/// Whether the browser says that the server's own page asks, or the user's hand: cookies count only
/// then, since browsers add them to what other pages ask too.
bool is_own_page(const http::Request& request);

/// What the page has in place of the token: random values in cookies, which end a day after their
/// last use. Bounded: the one that was used least lately goes. Safe from any thread.
class Sessions {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;
  static constexpr auto kKept = std::chrono::hours(24);
  static constexpr size_t kSessionsMax = 1'024;

  explicit Sessions(Clock clock = std::chrono::steady_clock::now) : clock_(std::move(clock)) {}

  /// A new session's value, of 64 hexadecimal digits.
  std::string begin();
  /// Whether it stands; it is used then.
  bool use(std::string_view value);
  void clear();
  size_t count() const;

 private:
  // By digest, so that looking one up tells nothing of those that are near it.
  using LastUses = std::map<SecretDigest, std::chrono::steady_clock::time_point>;
  Clock clock_;
  Guarded<LastUses> last_uses_;
};

}  // namespace bowshot
