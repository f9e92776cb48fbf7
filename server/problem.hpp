#pragma once

#include <string>

#include "base/error.hpp"
#include "transport/http/message.hpp"

namespace bowshot {

/// An error as an RFC 9457 problem document (JSON).
std::string problem_json(const Error& error);

/// Fills headers and body of the answer that tells an error.
void write_problem(const Error& error, http::Headers& headers, std::string& body);

}  // namespace bowshot
