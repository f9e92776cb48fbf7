#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/stop.hpp"
#include "query_output.hpp"

namespace bowshot {

/// Whether `path` is a dataset of a server: http://, https:// or unix:.
bool is_url(std::string_view path);

/// A dataset of a server.
struct RemoteDataset {
  std::string server;       // `http://host:port`, with what stands before `/v1/`
  std::string unix_socket;  // the path of its socket; empty: TCP
  std::string name;

  /// `http://host:port/NAME`, `http://host:port/v1/datasets/NAME` or `unix:SOCKET:NAME`.
  /// `bad_parameter` for anything else.
  static Result<RemoteDataset> parse(const std::string& url);
};

/// One request of a running server.
struct RemoteQuery {
  RemoteDataset dataset;
  std::string token;  // empty: none
  std::string shape;
  std::map<std::string, std::string> parameters;  // by the protocol's names
  std::string format;

  /// Errors: the server's problem, of an answer that broke off too; else what the network says.
  Result<void> run(QueryOutput& output, const StopToken& stop) const;
};

}  // namespace bowshot
