// Certificates through OpenSSL.
#include "webhook/http/tls.h"

#include <cstring>
#include <ctime>
#include <limits>
#include <string_view>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "webhook/reload/read_file.h"

namespace writ::server::http {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{1024} * 1024;

// The first queued OpenSSL error as text, and an empty queue: a later call of this thread must not see it.
std::string TakeOpensslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

// Without this, OpenSSL asks for a pass phrase on the terminal and the server hangs at start-up.
int RefusePassphrase(char*, int, int, void*) { return -1; }

// Offers HTTP/1.1 only; a client that names none of ours goes on without ALPN, which means HTTP/1.1 too.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in, unsigned int in_length, void*) {
  for (unsigned int i = 0; i < in_length;) {
    const unsigned int length = in[i];
    if (i + 1 + length > in_length) break;
    if (length == 8 && std::memcmp(in + i + 1, "http/1.1", 8) == 0) {
      *out = in + i + 1;
      *out_length = 8;
      return SSL_TLSEXT_ERR_OK;
    }
    i += 1 + length;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

UnixNanos ToNanos(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return 0;
  const std::int64_t seconds = timegm(&parts);
  constexpr std::int64_t kMaxSeconds = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
  if (seconds >= kMaxSeconds) return std::numeric_limits<std::int64_t>::max();  // year 9999: "no expiry"
  return seconds * 1'000'000'000;
}

Status CheckReadable(const std::string& path, std::string_view what) {
  if (path.empty()) return Error{ErrorCode::kInvalidArgument, "no " + std::string(what) + " file given"};
  // Read once here, where nothing waits: OpenSSL would wait for the writer of a pipe.
  const Result<std::string> text = ReadWholeFile(path, kMaxPemBytes);
  if (text) return OkStatus();
  if (text.error().code == ErrorCode::kNotFound) return Error{ErrorCode::kNotFound, path + ": no such " + std::string(what) + " file"};
  return text.error();
}

std::string SubjectOf(X509* certificate) {
  char text[256] = {};
  X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text - 1);
  return text;
}

Status UseFiles(SSL_CTX* context, const TlsOptions& options) {
  WRIT_RETURN_IF_ERROR(CheckReadable(options.cert_file, "certificate"));
  WRIT_RETURN_IF_ERROR(CheckReadable(options.key_file, "key"));
  if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1) {
    return Error{ErrorCode::kInvalidArgument, options.cert_file + ": not a PEM certificate: " + TakeOpensslError()};
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Error{ErrorCode::kInvalidArgument,
                 options.key_file + ": not an unencrypted PEM key of the certificate in " + options.cert_file + ": " + TakeOpensslError()};
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return Error{ErrorCode::kInvalidArgument,
                 options.key_file + ": the key of another certificate than " + options.cert_file + ": " + TakeOpensslError()};
  }
  if (options.client_ca_file.empty()) return OkStatus();
  WRIT_RETURN_IF_ERROR(CheckReadable(options.client_ca_file, "client CA"));
  STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options.client_ca_file.c_str());
  if (names == nullptr || SSL_CTX_load_verify_locations(context, options.client_ca_file.c_str(), nullptr) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return Error{ErrorCode::kInvalidArgument, options.client_ca_file + ": not PEM certificates: " + TakeOpensslError()};
  }
  SSL_CTX_set_client_CA_list(context, names);  // takes `names`
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return OkStatus();
}

void Harden(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");  // for TLS 1.2; those of 1.3 are all fine
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // idle connections keep 30 KiB less
  SSL_CTX_set_default_passwd_cb(context, RefusePassphrase);
  SSL_CTX_set_alpn_select_cb(context, SelectProtocol, nullptr);
  static constexpr unsigned char kSessionContext[] = "writ";  // without it a resumed session with client certificates is refused
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Result<std::shared_ptr<const TlsContext>> TlsContext::Load(const TlsOptions& options) {
  ERR_clear_error();
  std::shared_ptr<TlsContext> result(new TlsContext());
  result->context_ = SSL_CTX_new(TLS_server_method());
  if (result->context_ == nullptr) return Error{ErrorCode::kInternal, "OpenSSL gives no context: " + TakeOpensslError()};
  Harden(result->context_);
  WRIT_RETURN_IF_ERROR(UseFiles(result->context_, options));
  X509* certificate = SSL_CTX_get0_certificate(result->context_);
  if (certificate == nullptr) return Error{ErrorCode::kInvalidArgument, options.cert_file + ": holds no certificate"};
  result->not_before_ = ToNanos(X509_get0_notBefore(certificate));
  result->not_after_ = ToNanos(X509_get0_notAfter(certificate));
  result->subject_ = SubjectOf(certificate);
  return std::shared_ptr<const TlsContext>(std::move(result));
}

}  // namespace writ::server::http
