#include "option_checks.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>

namespace bowshot {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::array<std::string_view, 5> kLogLevels = {"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 2> kLogFormats = {"text", "json"};

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

bool is_loopback(const std::string& host) {
  in6_addr address{};
  const std::string plain = without_brackets(host);
  if (host == "localhost") return true;
  if (inet_pton(AF_INET, plain.c_str(), &address) == 1) return plain.starts_with("127.");
  return inet_pton(AF_INET6, plain.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
}

std::string check_one_of(const std::string& value, std::span<const std::string_view> values) {
  if (std::ranges::find(values, value) != values.end()) return {};
  return fmt::format("\"{}\" is not one of {}", value, fmt::join(values, ", "));
}

}  // namespace

std::string check_host(const std::string& host) {
  in6_addr address{};
  const std::string plain = without_brackets(host);
  const bool is_address = inet_pton(AF_INET, plain.c_str(), &address) == 1 ||
                          inet_pton(AF_INET6, plain.c_str(), &address) == 1;
  if (is_address || host == "localhost") return {};
  return fmt::format("\"{}\" is not an IP address to listen on, nor localhost", host);
}

/// A page's origin as browsers send it: a scheme, a host, perhaps a port that is not the scheme's
/// usual one, nothing more. What they never send would allow nobody, without a word.
std::string check_origin(const std::string& origin) {
  if (origin == "*" || origin == "null") return {};
  const size_t scheme_end = origin.find("://");
  const std::string host = scheme_end == std::string::npos ? "" : origin.substr(scheme_end + 3);
  if (scheme_end == 0 || host.empty() || host.find_first_of("/?#@* ") != std::string::npos)
    return fmt::format("\"{}\" is not an origin such as https://app.example.org", origin);
  const bool has_usual_port = (origin.starts_with("http://") && host.ends_with(":80")) ||
                              (origin.starts_with("https://") && host.ends_with(":443"));
  if (!has_usual_port) return {};
  return fmt::format("browsers send \"{}\" without its port", origin);
}

std::string check_host_name(const std::string& host) {
  const bool is_address = host.starts_with('[') && host.ends_with(']');
  if (!host.empty() && (is_address || host.find_first_of(":/*@ ") == std::string::npos)) return {};
  return fmt::format("\"{}\" is not a host's name: without scheme, port, path and pattern", host);
}

std::string check_listen(const std::string& address) {
  if (address.starts_with(kUnixPrefix) && address.size() > kUnixPrefix.size()) return {};
  return fmt::format("\"{}\" is not unix:PATH; --host and --port say where TCP is listened for",
                     address);
}

std::string check_log_level(const std::string& level) {
  return check_one_of(level, kLogLevels);
}

std::string check_log_format(const std::string& format) {
  return check_one_of(format, kLogFormats);
}

std::vector<std::string> ServeOptions::unix_sockets() const {
  std::vector<std::string> paths;
  for (const std::string& address : listen) paths.push_back(address.substr(kUnixPrefix.size()));
  return paths;
}

Result<void> check_options(const ServeOptions& options) {
  const auto wrong = [](std::string detail) {
    return fail(ErrorCode::kBadParameter, std::move(detail));
  };
  if (options.datasets.empty() && options.configured_datasets.empty() && !options.allow_publish &&
      options.publish_directory.empty())
    return wrong(
        "there is no dataset to serve: name a PATH or NAME=PATH, or --config FILE with a "
        "[datasets.NAME], or let clients publish with --allow-publish");
  if (options.no_tcp && options.listen.empty())
    return wrong("--no-tcp leaves nothing to listen on: add --listen unix:PATH");
  if (options.tls_cert.empty() != options.tls_key.empty())
    return wrong(fmt::format("--tls-cert and --tls-key go together: {} is missing",
                             options.tls_cert.empty() ? "--tls-cert" : "--tls-key"));
  if (!options.no_tcp && !is_loopback(options.host) && options.token_file.empty())
    return wrong(fmt::format(
        "\"{}\" is not a loopback address: without a token only 127.0.0.1, localhost and [::1] may "
        "be listened on; add --token-file FILE, and --tls-cert and --tls-key so that the token is "
        "not sent in the clear",
        options.host));
  return {};
}

}  // namespace bowshot
