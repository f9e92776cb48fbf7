#include "access.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bowshot {

namespace {

constexpr std::string_view kExposedHeaders =
    "Bowshot-Version, Bowshot-Completeness, Bowshot-Rows, Bowshot-Total-Rows, Bowshot-Population, "
    "Bowshot-Request, Accept-Query, Accept-Ranges, Content-Disposition, Content-Range, ETag, "
    "Retry-After, Server-Timing";

}  // namespace

AccessPolicy::AccessPolicy(std::vector<std::string> allowed_hosts,
                           std::vector<std::string> allowed_origins)
    : hosts_(std::move(allowed_hosts)), origins_(std::move(allowed_origins)) {
  hosts_.insert(hosts_.end(), {"127.0.0.1", "localhost", "[::1]"});
  for (std::vector<std::string>* const names : {&hosts_, &origins_})
    for (std::string& name : *names)
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
}

Result<void> AccessPolicy::check(const http::Request& request, bool is_page) const {
  if (!request.is_unix_socket) BOWSHOT_TRY(check_host(request));
  const std::string origin = request.headers.get("Origin");
  if (!origin.empty() && !is_allowed_origin(request, origin))
    return fail(ErrorCode::kForbiddenOrigin,
                fmt::format("pages of the origin \"{}\" may not ask; the flag --allow-origin {} "
                            "allows them",
                            origin, origin));
  const bool is_cross_site = request.headers.get("Sec-Fetch-Site") == "cross-site";
  const bool is_link = is_page && request.headers.get("Sec-Fetch-Mode") == "navigate";
  if (origin.empty() && is_cross_site && !is_link)
    return fail(ErrorCode::kForbiddenOrigin,
                "another site's page may not ask without an Origin; ask with CORS, and allow the "
                "page's origin with the flag --allow-origin");
  return {};
}

Result<void> AccessPolicy::check_host(const http::Request& request) const {
  if (request.host.empty())
    return fail(ErrorCode::kForbiddenHost,
                "the request names no Host; one of 127.0.0.1, localhost and [::1] may be named, "
                "others with the flag --allow-host");
  if (std::ranges::find(hosts_, request.host) == hosts_.end())
    return fail(ErrorCode::kForbiddenHost,
                fmt::format("the Host is \"{}\"; the flag --allow-host {} allows it", request.host,
                            request.host));
  return {};
}

bool AccessPolicy::is_allowed_origin(const http::Request& request,
                                     const std::string& origin) const {
  // A proxy may speak TLS for the server: then the browser's word must say that the page is ours.
  const std::string own_host = request.headers.get("Host");
  const bool is_same_site = request.headers.get("Sec-Fetch-Site") == "same-origin";
  const bool is_own = ((!request.is_secure || is_same_site) && origin == "http://" + own_host) ||
                      ((request.is_secure || is_same_site) && origin == "https://" + own_host);
  return is_own || std::ranges::find(origins_, origin) != origins_.end() ||
         std::ranges::find(origins_, "*") != origins_.end();
}

void AccessPolicy::add_cors_headers(const http::Request& request, http::Headers& headers) const {
  const std::string origin = request.headers.get("Origin");
  if (origin.empty()) return;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Expose-Headers", std::string(kExposedHeaders));
}

void AccessPolicy::add_preflight_headers(const http::Request& request, std::string_view methods,
                                         http::Headers& headers) const {
  headers.set("Access-Control-Allow-Methods", std::string(methods));
  const std::string asked = request.headers.get("Access-Control-Request-Headers");
  if (!asked.empty()) headers.set("Access-Control-Allow-Headers", asked);
  if (request.headers.get("Access-Control-Request-Private-Network") == "true")
    headers.set("Access-Control-Allow-Private-Network", "true");
  headers.set("Access-Control-Max-Age", "600");
}

}  // namespace bowshot
