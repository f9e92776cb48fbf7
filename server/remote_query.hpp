#pragma once

#include <string>

#include "base/stop.hpp"
#include "query_output.hpp"

namespace bowshot {

/// Whether `path` is a dataset of a server: http:// or https://.
bool is_url(std::string_view path);

/// `http://host:port/NAME` and `http://host:port/v1/datasets/NAME` as the latter; what stands
/// before
/// `/v1/` stays. `bad_parameter` for anything else.
Result<std::string> dataset_url(const std::string& url);

/// One request of a running server.
struct RemoteQuery {
  std::string url;    // as of dataset_url()
  std::string token;  // empty: none
  std::string shape;
  std::string parameters;  // as a URL has them
  std::string format;

  /// Errors: the server's problem, of an answer that broke off too; else what the network says.
  Result<void> run(QueryOutput& output, const StopToken& stop) const;
};

}  // namespace bowshot
