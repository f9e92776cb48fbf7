#include "problem.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace bowshot {

namespace {

constexpr int kRetryAfterSeconds = 1;

boost::json::object problem_object(const Error& error, const std::string& request_id) {
  const ErrorInfo& info = error_info(error.code);
  boost::json::object problem;
  problem["type"] = fmt::format("https://bowshot.dev/problems/{}", info.name);
  problem["title"] = info.title;
  problem["status"] = info.status;
  problem["detail"] = error.detail;
  problem["code"] = info.name;
  if (info.status >= 500 && !request_id.empty())
    problem["instance"] = fmt::format("/v1/requests/{}", request_id);
  if (!error.parameter.empty()) problem["parameter"] = error.parameter;
  if (error.position) problem["position"] = *error.position;
  if (!error.pointer.empty()) problem["pointer"] = error.pointer;
  if (!error.suggestions.empty())
    problem["suggestions"] = boost::json::array(error.suggestions.begin(), error.suggestions.end());
  return problem;
}

}  // namespace

std::string problem_json(const Error& error, const std::string& request_id) {
  return boost::json::serialize(problem_object(error, request_id));
}

void write_problem(const Error& error, http::Headers& headers, std::string& body,
                   const std::string& request_id) {
  headers.set("Content-Type", "application/problem+json");
  headers.set("Cache-Control", "no-store");
  headers.set("X-Content-Type-Options", "nosniff");
  if (error.code == ErrorCode::kOverloaded || error.code == ErrorCode::kNotReady)
    headers.set("Retry-After", std::to_string(kRetryAfterSeconds));
  if (error.code == ErrorCode::kUnauthorized) headers.set("WWW-Authenticate", "Bearer");
  body = problem_json(error, request_id);
}

}  // namespace bowshot
