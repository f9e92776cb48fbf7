#pragma once

#include <string>

#include "base/error.hpp"
#include "transport/http/message.hpp"

namespace bowshot {

/// An error as an RFC 9457 problem document (JSON). One of the server's making (5xx) names the
/// request, where it has an id: `instance`.
std::string problem_json(const Error& error, const std::string& request_id = {});

/// Fills headers and body of the answer that tells an error.
void write_problem(const Error& error, http::Headers& headers, std::string& body,
                   const std::string& request_id = {});

}  // namespace bowshot
