#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace bowshot::http {

/// Header fields in order. Names compare without regard to case.
class Headers {
 public:
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void set(std::string_view name, std::string value);
  /// The values of every field of that name, joined by ", " ; empty when there is none.
  std::string get(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// A body that its handler reads by itself, as it comes.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// The next bytes, waited for; empty at the end. Errors: `bad_request`, `body_too_large`,
  /// `head_too_slow`, `cancelled` (the client left): the body is not whole.
  virtual Result<std::string> next() = 0;
};

/// A valid HTTP/1.1 or 1.0 request; complete, but for a body that is a stream.
struct Request {
  std::string method;
  std::string path;   // of the target, still percent-encoded; "*" for OPTIONS *
  std::string query;  // after the first '?', still percent-encoded
  Headers headers;
  std::string body;
  std::shared_ptr<BodyStream> body_stream;  // instead of `body`, where ServerOptions says so
  std::string host;  // the Host header's name without port, lower case; [::1] with brackets
  bool is_same_machine = false;  // a loopback or Unix-domain peer
  bool is_unix_socket = false;   // came by a Unix-domain socket
  bool is_secure = false;        // came within TLS
};

/// The reason phrase of a status.
std::string_view reason_phrase(int status);

}  // namespace bowshot::http
