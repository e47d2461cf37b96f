// An HTTP/1.1 server over TLS or plain TCP: moves bytes, keeps limits and deadlines, and calls plain functions.
//
//   http::ServerOptions options{.host = "127.0.0.1", .port = 0, .transport = http::Transport::kPlain};
//   auto server = http::Server::Start(options, [](const http::HttpRequest&) { return http::HttpReply{.body = "{}"}; });
//   …
//   (*server)->Drain(std::chrono::seconds(20), std::chrono::seconds(1));
//
// I/O threads only read, write and run timers; handlers run on workers, so that a long decision delays neither other
// connections nor the answer "too late". Every failure of a handler (exceptions included) is a 500, never a 200.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "webhook/http/connection_table.h"
#include "webhook/http/message.h"
#include "webhook/http/tls.h"
#include "webhook/telemetry/log.h"

namespace writ::server::http {

// Ceilings of one server. All positive; each has a test that hits it.
struct HttpLimits {
  std::size_t max_body_bytes = std::size_t{8} * 1024 * 1024;      // 413; equal to JsonLimits::max_bytes
  std::size_t max_bodies_bytes = std::size_t{256} * 1024 * 1024;  // of all requests being read or handled, as they arrive: 503
  std::uint32_t max_header_bytes = 32 * 1024;                     // request line and headers: 431
  std::uint32_t max_header_count = 100;                           // 431
  std::uint32_t max_connections = 1024;                           // beyond: the longest idle one goes, else 503 and close
  // Of one address (IPv4, or /64 of IPv6), where more than three quarters of max_connections are taken: its own longest idle one goes, else
  // 503. Nothing: half of max_connections.
  std::optional<std::uint32_t> max_connections_per_peer;
  std::uint32_t max_requests_per_connection = 10'000;     // then `Connection: close`
  std::chrono::milliseconds max_connection_age{300'000};  // ± 20 %, so that replicas get their share again
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds first_byte_timeout{10'000};  // from the connection, or its handshake, to the first request
  std::chrono::milliseconds idle_timeout{120'000};       // between requests
  std::chrono::milliseconds header_timeout{10'000};      // first byte to end of head: 408
  std::chrono::milliseconds body_timeout{30'000};        // whole body: 408
  std::chrono::milliseconds write_timeout{30'000};       // whole reply
  std::chrono::milliseconds handler_timeout{20'000};     // request to reply without `?timeout=`: 500
  // After a reply that came before the end of its request: for taking in what the client still sends (at most twice max_body_bytes)
  // until it reads the reply. Then the connection is reset.
  std::chrono::milliseconds linger_timeout{10'000};
};

// Bodies that take so much memory to decide on that only ServerOptions::heavy_requests of them are handled at once.
inline constexpr std::size_t kHeavyBodyBytes = std::size_t{1} * 1024 * 1024;

enum class Transport : std::uint8_t { kTls, kPlain };

// What happened on the wire, for metrics. Called from several threads.
struct ServerEvents {
  std::function<void(const HttpRequest&, unsigned status, std::chrono::nanoseconds)> on_reply;  // path "" when none was parsed
  std::function<void(std::int64_t open)> on_connections;                                        // number of open connections after a change
  std::function<void()> on_rejected_connection;
  std::function<void()> on_evicted_connection;  // an idle one had to make room
};

using Handler = std::function<HttpReply(const HttpRequest&)>;
// Looks at a request before its body is read: an answer here (404, 405, 415, health) spares reading it. Must be quick.
using HeadHandler = std::function<std::optional<HttpReply>(const HttpRequest&)>;

struct ServerOptions {
  std::string host = "127.0.0.1";  // an IP address ("::1" too) or a name that resolves to one
  std::uint16_t port = 0;          // 0: the system chooses, see port()
  Transport transport = Transport::kTls;
  TlsOptions tls;  // used with Transport::kTls
  HttpLimits limits;
  std::uint32_t io_threads = 2;
  std::uint32_t workers = 2;
  std::uint32_t first_worker = 0;  // HttpRequest::worker is in [first_worker, first_worker + workers): several servers share contexts
  // Requests whose body is longer than kHeavyBodyBytes that are handled at the same time; others of them wait. Positive.
  std::uint32_t heavy_requests = 2;
  HeadHandler head_handler;  // may be empty
  ServerEvents events;
  Logger* logger = nullptr;      // borrowed, must outlive the server; nullptr = silent
  const Clock* clock = nullptr;  // borrowed; for dates and certificate validity; nullptr = SystemClock()
};

// A running server. Thread-safe.
class Server {
 public:
  // Listens and serves. Errors: kInvalidArgument (no such address, zero limits, unusable certificate), kUnreadable (certificate
  // files), kInternal (address in use and other system errors; the message says which).
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options, Handler handler);
  // Stops at once: see Stop().
  ~Server();

  std::uint16_t port() const;
  // True from the beginning of Drain().
  bool draining() const;
  std::int64_t open_connections() const;
  ConnectionTable::Pressure pressure() const;

  // Reads the certificate files again; new connections use them. Errors (the old pair stays in use): as TlsContext::Load,
  // kInvalidArgument for a certificate that is not valid now, kUnreadable when reading takes longer than 60 s. Without TLS: does nothing.
  Status ReloadCertificate();
  // The certificate in use; nullptr without TLS.
  std::shared_ptr<const TlsContext> certificate() const;

  // Announces the end: draining() holds, replies carry `Connection: close`, new connections are still served. Does not block.
  void BeginDrain();
  // BeginDrain, then blocks until nothing has come for `quiet` (no connection made, no request begun or answered); then takes what is
  // still in the accept queue, closes the listener and idle connections, lets requests under way finish, and stops. All of it takes
  // at most `grace`, of which the last half (at most 5 s) is kept for the requests under way: what is not done by then is cut off.
  void Drain(std::chrono::milliseconds grace, std::chrono::milliseconds quiet);
  // Ends a running Drain early and closes everything.
  void Stop();

  struct Impl;

 private:
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::server::http
