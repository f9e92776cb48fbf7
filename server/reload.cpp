#include "reload.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "log.hpp"

namespace bowshot {

namespace {

/// Limits that something was built with at the start.
constexpr std::array<std::string_view, 4> kFixedLimits = {"engine_memory_bytes", "cache_bytes",
                                                          "page_cache_bytes", "publish_bytes"};

/// Takes back what cannot change in a running server.
std::vector<std::string> keep_fixed(const ServeOptions& options, ServeOptions& wanted) {
  std::vector<std::string> changed;
  const auto keep = [&](std::string_view key, const auto& now, auto& next) {
    if (now == next) return;
    next = now;
    changed.emplace_back(key);
  };
  keep("host", options.host, wanted.host);
  keep("port", options.port, wanted.port);
  keep("listen", options.listen, wanted.listen);
  keep("no_tcp", options.no_tcp, wanted.no_tcp);
  keep("log_format", options.log_format, wanted.log_format);
  keep("allow_publish", options.allow_publish, wanted.allow_publish);
  keep("publish_dir", options.publish_directory, wanted.publish_directory);
  keep("cache_directory", options.cache_directory, wanted.cache_directory);
  if (options.tls_cert.empty() != wanted.tls_cert.empty()) {
    keep("tls_cert", options.tls_cert, wanted.tls_cert);
    keep("tls_key", options.tls_key, wanted.tls_key);
  }
  for (const LimitInfo& limit : limit_table())
    if (std::ranges::find(kFixedLimits, limit.name) != kFixedLimits.end())
      keep(limit.name, options.limits.*limit.member, wanted.limits.*limit.member);
  return changed;
}

}  // namespace

Result<std::shared_ptr<const http::TlsContext>> make_tls(const ServeOptions& options) {
  if (options.tls_cert.empty()) return nullptr;
  return http::TlsContext::make(options.tls_cert, options.tls_key);
}

Result<std::vector<std::string>> reload(ServeOptions& options, ServeOptions wanted, App& app,
                                        http::Server& server) {
  std::vector<std::string> fixed = keep_fixed(options, wanted);
  BOWSHOT_ASSIGN(auto tls, make_tls(wanted));
  BOWSHOT_TRY(app.reload(wanted));  // the last that can fail
  server.set_tls(std::move(tls));
  server.set_limits(wanted.limits);
  set_log_level(wanted.log_level);
  options = std::move(wanted);
  return fixed;
}

}  // namespace bowshot
