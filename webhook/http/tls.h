// Server certificates: loading, checking, and their dates. OpenSSL stays in tls.cc.
#pragma once

#include <memory>
#include <string>

#include "rules/base/clock.h"
#include "rules/base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace writ::server::http {

struct TlsOptions {
  std::string cert_file;       // PEM: the server's certificate, then its chain
  std::string key_file;        // PEM, not encrypted
  std::string client_ca_file;  // PEM; "" = clients need no certificate, else every handshake demands one of these CAs
};

// A certificate with its key, ready to serve: TLS 1.2 and newer, forward secrecy and authenticated ciphers only. Immutable; shared
// between threads.
class TlsContext {
 public:
  // Errors: kNotFound or kUnreadable (names the file), kInvalidArgument (not PEM, key of another certificate, encrypted key).
  static Result<std::shared_ptr<const TlsContext>> Load(const TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  UnixNanos not_before() const { return not_before_; }
  UnixNanos not_after() const { return not_after_; }
  bool ValidAt(UnixNanos now) const { return not_before_ <= now && now <= not_after_; }
  const std::string& subject() const { return subject_; }  // "CN = writ.default.svc"

  // For server.cc. Owned by this object.
  ssl_ctx_st* native() const { return context_; }

 private:
  TlsContext() = default;
  ssl_ctx_st* context_ = nullptr;
  UnixNanos not_before_ = 0;
  UnixNanos not_after_ = 0;
  std::string subject_;
};

}  // namespace writ::server::http
