#include "credentials.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/check.hpp"

namespace bowshot {

namespace {

std::unexpected<Error> wrong_file(const std::string& path, std::string_view what) {
  return fail(ErrorCode::kBadParameter, fmt::format("the token file {}: {}", path, what));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t start = std::min(text.find_first_not_of(kBlank), text.size());
  text.remove_prefix(start);
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// Closes itself.
struct OpenFile {
  int descriptor;
  ~OpenFile() {
    if (descriptor >= 0) close(descriptor);
  }
};

}  // namespace

SecretDigest digest_of(std::string_view secret) {
  SecretDigest digest;
  static_assert(sizeof(digest) == SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  return digest;
}

Result<std::string> read_token(const std::string& path) {
  const OpenFile file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status{};
  if (file.descriptor < 0 || fstat(file.descriptor, &status) != 0)
    return wrong_file(path, std::generic_category().message(errno));
  if (S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0)
    return wrong_file(path, fmt::format("everybody on this machine may read it (mode {:04o}); "
                                        "chmod 600 makes it the owner's alone",
                                        status.st_mode & 07777));
  std::string text(Token::kBytesMax + 2, '\0');
  const ssize_t bytes = ::read(file.descriptor, text.data(), text.size());
  if (bytes < 0) return wrong_file(path, std::generic_category().message(errno));
  text.resize(static_cast<size_t>(bytes));
  std::string token(trimmed(text));
  if (const auto good = Token::make(token); !good) return wrong_file(path, good.error().detail);
  return token;
}

Result<Token> Token::read(const std::string& path) {
  BOWSHOT_ASSIGN(const std::string token, read_token(path));
  return make(token);
}

Result<Token> Token::make(std::string_view text) {
  const auto wrong = [](std::string detail) {
    return fail(ErrorCode::kBadParameter, std::move(detail));
  };
  if (text.find_first_of("\r\n") != std::string_view::npos)
    return wrong("it has more than one line; one token is wanted");
  if (!std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7F; }))
    return wrong("a token has visible ASCII characters only");
  if (text.size() < kBytesMin || text.size() > kBytesMax)
    return wrong(fmt::format("a token has {} to {} characters, this one has {}", kBytesMin,
                             kBytesMax, text.size()));
  return Token(digest_of(text));
}

bool Token::matches(std::string_view text) const {
  const SecretDigest digest = digest_of(text);
  return CRYPTO_memcmp(digest.data(), digest_.data(), digest.size()) == 0;
}

std::optional<std::string> bearer_token(const http::Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string value = request.headers.get("Authorization");
  if (value.size() < kScheme.size() ||
      !equals_ignoring_case(std::string_view(value).substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  return std::string(trimmed(std::string_view(value).substr(kScheme.size())));
}

std::string cookie_value(const http::Request& request, std::string_view name) {
  const std::string cookies = request.headers.get("Cookie");
  std::string_view left = cookies;
  while (!left.empty()) {
    const size_t end = std::min(left.find_first_of(";,"), left.size());
    const std::string_view cookie = trimmed(left.substr(0, end));
    if (cookie.size() > name.size() && cookie.starts_with(name) && cookie[name.size()] == '=')
      return std::string(cookie.substr(name.size() + 1));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return {};
}

bool is_own_page(const http::Request& request) {
  const std::string site = request.headers.get("Sec-Fetch-Site");
  if (!site.empty()) return site == "same-origin" || site == "none";
  const std::string origin = request.headers.get("Origin");
  const std::string scheme = request.is_secure ? "https://" : "http://";
  return origin.empty() || origin == scheme + request.headers.get("Host");
}

std::string Sessions::begin() {
  std::array<unsigned char, 32> random;
  BOWSHOT_CHECK(RAND_bytes(random.data(), random.size()) == 1);
  std::string value;
  for (const unsigned char byte : random) value += fmt::format("{:02x}", byte);
  last_uses_.with([&](LastUses& last_uses) {
    const auto now = clock_();
    std::erase_if(last_uses, [&](const auto& session) { return session.second + kKept <= now; });
    if (last_uses.size() >= kSessionsMax)
      last_uses.erase(std::ranges::min_element(last_uses, {},
                                               [](const auto& session) { return session.second; }));
    last_uses[digest_of(value)] = now;
  });
  return value;
}

bool Sessions::use(std::string_view value) {
  return last_uses_.with([&](LastUses& last_uses) {
    const auto now = clock_();
    const auto session = last_uses.find(digest_of(value));
    if (session == last_uses.end() || session->second + kKept <= now) return false;
    session->second = now;
    return true;
  });
}

void Sessions::clear() {
  last_uses_.with([](LastUses& last_uses) { last_uses.clear(); });
}

size_t Sessions::count() const {
  return last_uses_.with([](const LastUses& last_uses) { return last_uses.size(); });
}

}  // namespace bowshot
