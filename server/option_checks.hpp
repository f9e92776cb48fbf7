#pragma once

#include <string>

#include "options.hpp"

namespace bowshot {

/// Each takes a value of a flag or of the configuration file, and says what is wrong with it;
/// empty: nothing.
std::string check_host(const std::string& host);
std::string check_host_name(const std::string& host);
std::string check_origin(const std::string& origin);
std::string check_listen(const std::string& address);
std::string check_log_level(const std::string& level);
std::string check_log_format(const std::string& format);

/// What must hold between the options. Errors: `bad_parameter`, with what would help.
Result<void> check_options(const ServeOptions& options);

}  // namespace bowshot
