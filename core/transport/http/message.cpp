#include "transport/http/message.hpp"

#include <algorithm>
#include <iterator>

#include "transport/http/syntax.hpp"

namespace bowshot::http {

namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

constexpr Reason kReasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_,
                [&](const auto& field) { return equals_ignoring_case(field.first, name); });
  fields_.emplace_back(std::string(name), std::move(value));
}

std::string Headers::get(std::string_view name) const {
  std::string joined;
  bool found = false;
  for (const auto& [field_name, value] : fields_) {
    if (!equals_ignoring_case(field_name, name)) continue;
    if (found) joined += ", ";
    joined += value;
    found = true;
  }
  return joined;
}

bool Headers::has(std::string_view name) const {
  for (const auto& field : fields_)
    if (equals_ignoring_case(field.first, name)) return true;
  return false;
}

std::string_view reason_phrase(int status) {
  const auto* const reason = std::ranges::find(kReasons, status, &Reason::status);
  return reason == std::end(kReasons) ? "Unknown" : reason->phrase;
}

}  // namespace bowshot::http
