#include "transport/http/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>

namespace bowshot::http {

namespace {

/// TLS 1.2 with ephemeral keys and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

/// OpenSSL's own words for the first error of the queue, which says most.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

int select_http11(SSL* /*ssl*/, const unsigned char** selected, unsigned char* selected_bytes,
                  const unsigned char* offered, unsigned int offered_bytes, void* /*unused*/) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* choice = nullptr;
  const int outcome = SSL_select_next_proto(&choice, selected_bytes, kOurs, sizeof(kOurs) - 1,
                                            offered, offered_bytes);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301, 3.2
  *selected = choice;
  return SSL_TLSEXT_ERR_OK;
}

/// An encrypted key is an error; without this OpenSSL would ask for its password on the terminal.
int give_no_password(char* /*password*/, int /*bytes*/, int /*is_writing*/, void* /*unused*/) {
  return -1;
}

}  // namespace

void TlsContext::Deleter::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

void TlsContext::SslDeleter::operator()(SSL* ssl) const {
  SSL_free(ssl);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const std::string& certificate_path,
                                                           const std::string& key_path) {
  ERR_clear_error();
  std::shared_ptr<TlsContext> made(new TlsContext(SSL_CTX_new(TLS_server_method())));
  SSL_CTX* const context = made->context_.get();
  if (context == nullptr) return fail(ErrorCode::kInternal, "TLS: " + openssl_reason());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets need no memory of ours
  SSL_CTX_set_alpn_select_cb(context, select_http11, nullptr);
  SSL_CTX_set_default_passwd_cb(context, give_no_password);
  if (SSL_CTX_set_cipher_list(context, kTls12Ciphers) != 1)
    return fail(ErrorCode::kInternal, "TLS ciphers: " + openssl_reason());
  if (SSL_CTX_use_certificate_chain_file(context, certificate_path.c_str()) != 1)
    return fail(ErrorCode::kInternal,
                "the certificate '" + certificate_path + "' cannot be used: " + openssl_reason());
  // Says also when the key is not the certificate's.
  if (SSL_CTX_use_PrivateKey_file(context, key_path.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return fail(ErrorCode::kInternal,
                "the key '" + key_path + "' cannot be used: " + openssl_reason());
  return made;
}

TlsContext::Ssl TlsContext::make_ssl() const {
  Ssl ssl(SSL_new(context_.get()));
  if (ssl) SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace bowshot::http
