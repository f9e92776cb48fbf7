#include "transport/http/test_certificate_test.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace bowshot::http::testing {

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(FILE* file) const { fclose(file); }
};

void require(bool succeeded) {
  if (!succeeded) throw std::runtime_error("a test's certificate cannot be made");
}

}  // namespace

TestCertificate::TestCertificate() {
  std::string folder = std::filesystem::temp_directory_path() / "bowshot-tls-XXXXXX";
  require(mkdtemp(folder.data()) != nullptr);
  folder_ = folder;
  const std::unique_ptr<EVP_PKEY, Free> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Free> certificate(X509_new());
  require(key && certificate);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const auto* text = reinterpret_cast<const unsigned char*>("127.0.0.1");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  const std::unique_ptr<FILE, Free> key_file(fopen(key_path().c_str(), "w"));
  const std::unique_ptr<FILE, Free> certificate_file(fopen(certificate_path().c_str(), "w"));
  require(key_file && certificate_file);
  require(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
  require(PEM_write_X509(certificate_file.get(), certificate.get()));
}

TestCertificate::~TestCertificate() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::shared_ptr<const TlsContext> TestCertificate::context() const {
  auto made = TlsContext::make(certificate_path(), key_path());
  EXPECT_TRUE(made) << made.error().detail;
  return made ? *std::move(made) : nullptr;
}

bool is_tls_run() {
  return std::getenv("BOWSHOT_TEST_TLS") != nullptr;
}

}  // namespace bowshot::http::testing
