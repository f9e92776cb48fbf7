#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "transport/http/tls_context.hpp"

namespace bowshot::http::testing {

/// A certificate for 127.0.0.1 signed by itself, and its key, made anew, as PEM files that go with
/// the object.
class TestCertificate {
 public:
  TestCertificate();
  ~TestCertificate();
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  std::string certificate_path() const { return folder_ / "certificate.pem"; }
  std::string key_path() const { return folder_ / "key.pem"; }
  std::shared_ptr<const TlsContext> context() const;

 private:
  std::filesystem::path folder_;
};

/// Whether the tests of the server speak TLS in this run: BOWSHOT_TEST_TLS is set. The same tests
/// hold for both.
bool is_tls_run();

}  // namespace bowshot::http::testing
