// One HTTP/1.1 request over a kept connection: bytes, limits and time, and no knowledge of registries.
//
// Where a request may go is the caller's decision, made before Send; what is decided here is that a name must not lead to an internal
// address, and that the address checked is the address used.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/gather/limits.h"
#include "webhook/image/registry/resolver.h"
#include "webhook/image/registry/url.h"

struct ssl_ctx_st;

namespace writ::image {

// What certificates of servers are checked against. Immutable.
class TlsTrust {
 public:
  // `ca_pem` holds the only authorities that are trusted; "" means the system's store. `name` is what messages call it.
  // Errors: kInvalidArgument when `ca_pem` holds no certificate or something that is none.
  static Result<std::shared_ptr<const TlsTrust>> Create(std::string_view ca_pem, std::string_view name);
  ~TlsTrust();
  TlsTrust(const TlsTrust&) = delete;
  TlsTrust& operator=(const TlsTrust&) = delete;

  ssl_ctx_st* native() const { return context_; }

 private:
  explicit TlsTrust(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

// Whether connections may go to addresses for which IsInternalAddress holds.
enum class InternalAddresses : std::uint8_t { kRefused, kAllowed };

enum class Method : std::uint8_t { kGet, kHead, kPost };

struct WireRequest {
  Method method = Method::kGet;
  Endpoint endpoint;
  std::string target;                                        // path and query
  std::vector<std::pair<std::string, std::string>> headers;  // beyond Host, User-Agent and Accept-Encoding
  std::string form;                                          // kPost: application/x-www-form-urlencoded
  std::size_t max_body_bytes = 0;                            // of a 200; other answers are read up to 64 KiB and dropped
  InternalAddresses internal_addresses = InternalAddresses::kRefused;
  std::shared_ptr<const TlsTrust> trust;  // for https
  std::chrono::milliseconds timeout{0};   // for all of it
};

struct WireReply {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;    // of a 200, unless it answers a HEAD
  std::string digest;  // "sha256:<hex>" of that body, computed as it came in

  // The value of the first header of that name, whatever its case; "" when there is none.
  std::string_view Header(std::string_view name) const;
};

// Thread-safe; blocking. Keeps connections and reuses them.
class HttpTransport {
 public:
  HttpTransport(const GatherLimits& limits, Resolver resolver);
  ~HttpTransport();
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  // Sends one request and reads the answer, of whatever status. Redirects are not followed.
  // Errors: kUnreadable (name, connection, certificate, time, an answer that ends early: another try may help); kTooLarge (the body, or
  // the header); kInvalidArgument (an internal address, an answer that is not HTTP/1.1, a content coding).
  Result<WireReply> Send(const WireRequest& request);

  std::uint64_t connections_made() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::image
