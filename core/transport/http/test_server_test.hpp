#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.hpp"
#include "transport/http/raw_client_test.hpp"
#include "transport/http/server.hpp"
#include "transport/http/test_certificate_test.hpp"

namespace bowshot::http::testing {

/// `bad_request: detail`, so that tests see which error it was.
inline void write_test_error(const Error& error, Headers& headers, std::string& body) {
  headers.add("Content-Type", "application/problem+json");
  body = std::string(error_info(error.code).name) + ": " + error.detail;
}

inline ServerOptions test_options(Handler handler) {
  ServerOptions options;
  options.port = 0;
  options.handler = std::move(handler);
  options.error_writer = write_test_error;
  if (is_tls_run()) {
    static const TestCertificate kCertificate;
    options.tls = kCertificate.context();
  }
  return options;
}

/// A started server; stopped when it goes.
inline std::unique_ptr<Server> start_server(ServerOptions options) {
  auto server = Server::make(std::move(options));
  EXPECT_TRUE(server.has_value());
  (*server)->start();
  return *std::move(server);
}

/// Values that handlers leave for the test to wait for.
template <class T>
class Mailbox {
 public:
  void put(T value) {
    values_.with([&](auto& values) { values.push_back(std::move(value)); });
    values_.notify();
  }
  /// Fails the test when nothing comes.
  T take() {
    return values_.wait_until(
        std::chrono::steady_clock::now() + kTestDeadline,
        [](const auto& values) { return !values.empty(); },
        [](auto& values) {
          EXPECT_FALSE(values.empty()) << "nothing came";
          if (values.empty()) return T{};
          T value = std::move(values.front());
          values.erase(values.begin());
          return value;
        });
  }
  size_t size() const {
    return values_.with([](const auto& values) { return values.size(); });
  }

 private:
  Guarded<std::vector<T>> values_;
};

/// Waits in a handler until its token stops; what the test then sees.
inline StopReason wait_for_stop(const StopToken& stop) {
  Mailbox<bool> stopped;
  const StopCallback callback(stop, [&] { stopped.put(true); });
  stopped.take();
  return stop.reason();
}

}  // namespace bowshot::http::testing
