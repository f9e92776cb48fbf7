#include <fmt/format.h>

#include "exchange.hpp"
#include "page_assets.hpp"

namespace bowshot {

namespace {

/// What needs no token: liveness, the page's own files, and what browsers ask before they may send
/// one.
bool is_open(const http::Request& request, std::string_view path) {
  if (path == "/healthz" || path == "/" || find_page_asset(path) != nullptr) return true;
  return request.method == "OPTIONS" && request.headers.has("Access-Control-Request-Method");
}

}  // namespace

/// Browsers keep one jar for all ports of a host: servers beside each other need names of their
/// own.
std::string App::cookie_name() const {
  return fmt::format("bowshot_{}", server_ == nullptr ? 0 : server_->port());
}

/// The token itself, or what the page got for it.
Result<void> App::authorize(const Exchange& exchange) {
  const http::Request& request = exchange.request;
  const auto& token = exchange.settings->token;
  if (!token || is_open(request, exchange.path)) return {};
  if (request.headers.has("Authorization")) {
    const auto bearer = bearer_token(request);
    if (bearer && token->matches(*bearer)) return {};
    return fail(ErrorCode::kUnauthorized,
                "the Authorization is not \"Bearer\" and this server's "
                "token");
  }
  const std::string session = cookie_value(request, cookie_name());
  if (!session.empty() && is_own_page(request) && sessions_.use(session)) return {};
  return fail(ErrorCode::kUnauthorized,
              "this server wants its token, as \"Authorization: Bearer TOKEN\"; the explorer page "
              "takes it in its address, /#token=TOKEN");
}

/// The page swaps the token for a cookie, so that images and downloads carry it too.
void App::login(Exchange& exchange) {
  if (!exchange.takes_no_parameters()) return;
  exchange.headers.set("Cache-Control", "no-store");
  const http::Request& request = exchange.request;
  if (exchange.settings->token) {
    if (!request.headers.has("Authorization"))  // a cookie makes no other cookie
      return exchange.send_error({.code = ErrorCode::kUnauthorized,
                                  .detail = "a login needs \"Authorization: Bearer TOKEN\""});
    // Behind a proxy that speaks TLS the browser's word tells that it is so.
    const bool is_secure =
        request.is_secure || request.headers.get("Origin").starts_with("https://");
    exchange.headers.set("Set-Cookie",
                         fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict{}", cookie_name(),
                                     sessions_.begin(), is_secure ? "; Secure" : ""));
  }
  exchange.end_request();
  (void)exchange.writer.send(204, exchange.headers, "");
}

}  // namespace bowshot
