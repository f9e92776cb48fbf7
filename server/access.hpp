#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "transport/http/message.hpp"

namespace bowshot {

/// Who may ask: section 10 of protocol/PROTOCOL.md. Immutable; safe from any thread.
class AccessPolicy {
 public:
  AccessPolicy(std::vector<std::string> allowed_hosts, std::vector<std::string> allowed_origins);

  /// Host (but on a Unix socket), then Origin, then Sec-Fetch-Site. `is_page`: the page's own
  /// files, which another site may link to. Errors: `forbidden_host`, `forbidden_origin`; each
  /// names the flag that allows it.
  Result<void> check(const http::Request& request, bool is_page) const;

  /// Adds Access-Control-Allow-Origin and -Expose-Headers for a request with an allowed Origin, and
  /// on a refusal (so that the page can read which flag would allow it).
  void add_cors_headers(const http::Request& request, http::Headers& headers) const;

  /// The answer to a preflight of an allowed origin.
  void add_preflight_headers(const http::Request& request, std::string_view methods,
                             http::Headers& headers) const;

 private:
  Result<void> check_host(const http::Request& request) const;
  bool is_allowed_origin(const http::Request& request, const std::string& origin) const;

  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
};

}  // namespace bowshot
