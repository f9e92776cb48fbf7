#pragma once

#include <string>
#include <vector>

#include "app.hpp"
#include "options.hpp"

namespace bowshot {

/// The certificate that the options name; null: none.
Result<std::shared_ptr<const http::TlsContext>> make_tls(const ServeOptions& options);

/// Brings a running server from `options` to `wanted`, which `options` then are: datasets, limits,
/// access, token, certificate, log level. All or, with an error, nothing. Returns the keys that
/// were changed and need a restart; they stay as they are.
Result<std::vector<std::string>> reload(ServeOptions& options, ServeOptions wanted, App& app,
                                        http::Server& server);

}  // namespace bowshot
