#include "exchange.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>

#include "preconditions.hpp"
#include "problem.hpp"

namespace bowshot {

void App::Exchange::end_request() {
  if (request_id.empty()) return;
  problem ? requests->fail(request_id, *problem) : requests->finish(request_id);
}

void App::Exchange::send(int status, std::string_view content_type, std::string_view body) {
  headers.set("Content-Type", std::string(content_type));
  end_request();
  (void)writer.send(status, headers, body);
}

void App::Exchange::send_error(const Error& error) {
  std::string body;
  problem = error;
  write_problem(error, headers, body, request_id);
  end_request();
  (void)writer.send(error_info(error.code).status, headers, body);
}

bool App::Exchange::takes_no_parameters() {
  const auto checked = check_no_parameters();
  if (!checked) send_error(checked.error());
  return checked.has_value();
}

Result<void> App::Exchange::check_no_parameters() const {
  if (request.query.empty()) return {};
  const std::string_view query = request.query;
  const std::string_view name = query.substr(0, query.find_first_of("=&"));
  return fail({.code = ErrorCode::kUnknownParameter,
               .detail = "nothing may be asked of this path by parameters",
               .parameter = percent_decode(name, /*plus_is_space=*/true).value_or(std::string())});
}

Result<bool> App::Exchange::is_not_modified(const std::string& etag) {
  headers.set("ETag", etag);
  if (request.method != "GET" && request.method != "HEAD" && request.method != "QUERY")
    return false;
  BOWSHOT_ASSIGN(const auto conditions, Preconditions::make(request.headers, /*is_strict=*/false));
  const auto outcome = conditions.of_read(etag);
  if (outcome == Preconditions::Outcome::kFailed)
    return fail(ErrorCode::kPreconditionFailed,
                fmt::format("If-Match is not met: the tag is {} now", etag));
  if (outcome == Preconditions::Outcome::kMet) return false;
  end_request();
  (void)writer.send(304, headers, "");
  return true;
}

void App::Exchange::send_tagged(const std::string& etag, std::string_view content_type,
                                std::string_view body) {
  const auto unchanged = is_not_modified(etag);
  if (!unchanged) return send_error(unchanged.error());
  if (!*unchanged) send(200, content_type, body);
}

std::string weak_etag(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string etag = "W/\"";
  constexpr size_t kTagBytes = 12;
  for (size_t i = 0; i < kTagBytes; ++i) etag += fmt::format("{:02x}", digest[i]);
  return etag + '"';
}

}  // namespace bowshot
