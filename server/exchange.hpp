#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app.hpp"

namespace bowshot {

/// One request on its way through the routes. Lives in App::handle.
struct App::Exchange {
  const http::Request& request;
  http::ResponseWriter& writer;
  const StopToken& stop;
  std::shared_ptr<const Settings> settings;  // shared with App: as they were when it began
  http::Headers headers;                     // of the answer, filled as its facts become known
  std::string path;  // the request's, in the spelling without needless escapes: what routes compare
  std::vector<std::string> parts;  // what the route's `{}` stand for, decoded
  std::string request_id;          // of what the request table knows; empty: the page's files
  std::optional<Error> problem;    // what went wrong, told or not
  RequestTable* requests;          // outlives it

  /// Says in the request table what became of it. Before a whole answer leaves: who has read it may
  /// ask at once. May be called again: what then goes wrong with its last bytes replaces it.
  void end_request();

  /// A whole answer. Failures to write mean that the client left; nobody is there to be told.
  void send(int status, std::string_view content_type, std::string_view body);
  void send_json(std::string_view body) { send(200, "application/json", body); }
  void send_error(const Error& error);
  /// `unknown_parameter` when the target has a query.
  Result<void> check_no_parameters() const;
  /// False, after answering `unknown_parameter`, when the target has a query.
  bool takes_no_parameters();
  /// Answers 304 and returns true when If-None-Match names `etag`; `precondition_failed` when
  /// If-Match does not.
  Result<bool> is_not_modified(const std::string& etag);
  /// A whole answer that has the tag `etag`; or 304, or 412, where the request's conditions say so.
  void send_tagged(const std::string& etag, std::string_view content_type, std::string_view body);
};

/// A dataset as JSON: the answer of GET /v1/datasets/{name}.
std::string describe(const Dataset& dataset, const DatasetSource& source,
                     const std::vector<ViewStatus>& views = {});

/// A weak entity tag of what the text says.
std::string weak_etag(std::string_view text);

}  // namespace bowshot
