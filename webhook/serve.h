// `writ serve` as a library: policies in, a serving process out. The CLI fills ServeOptions from its flags and calls Serve.
//
//   ServeOptions options{.policies = {.paths = {"policies/"}}, .listen = "127.0.0.1:8080", .transport = http::Transport::kPlain};
//   Status status = Serve(options);   // returns after SIGTERM or SIGINT and a drain
//
// Endpoints: POST /v1/decide, POST /admission, GET /healthz /readyz /metrics (docs/server.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/result.h"
#include "webhook/http/server.h"
#include "webhook/image/facts/fact_gatherer.h"
#include "webhook/reload/policy_source.h"
#include "webhook/telemetry/log.h"

namespace writ::server {

// What a serving process tells when it is ready.
struct ServeReady {
  std::string url;  // "http://127.0.0.1:40123"
  std::uint16_t port = 0;
  std::size_t policy_count = 0;
  std::string digest;  // "sha256:…"
};

struct ServeOptions {
  PolicySource policies;                              // --policies, --data, --strict, and the YAML reader
  std::string listen = "127.0.0.1:8443";              // --listen HOST:PORT or [IPV6]:PORT; port 0: any free one
  http::Transport transport = http::Transport::kTls;  // --plain-http: kPlain
  http::TlsOptions tls;                               // --tls-cert, --tls-key, --client-ca; needed unless kPlain
  std::optional<std::string> admission_listen;        // --admission-listen: /admission here and nowhere else, with the same TLS as `listen`
  std::optional<std::string> health_listen;           // --health-listen: /healthz /readyz /metrics again, over plain HTTP
  std::optional<std::string> registries;              // --registries: the file of RegistrySource; without it nothing is known of signatures
  image::TagRule tags = image::TagRule::kWarned;      // --strict-tags: kDenied; needs registries
  bool watch = false;                                 // --watch: reload policies when they change (certificates always are)
  std::chrono::milliseconds drain{20'000};            // --drain: longest time from SIGTERM to the end
  std::chrono::milliseconds drain_quiet{1'000};       // a drain ends early when nothing was asked for so long
  // --namespace-object-given: callers of POST /v1/decide bring `namespaceObject` along. Then no reviews are taken, which have none.
  bool namespace_object_given = false;
  std::uint32_t max_decide_list = 1'000;             // requests in one POST /v1/decide
  http::HttpLimits limits;                           // --connections-per-peer: max_connections_per_peer
  std::optional<std::uint32_t> threads;              // --threads: I/O threads, and as many workers; default: cores, at least 2
  LogLevel log_level = LogLevel::kInfo;              // --log-level
  Logger::Sink log_sink;                             // empty = stderr; Serve puts a queue before it, so that nobody waits for a reader
  std::function<std::uint64_t()> dropped_log_lines;  // for a metric, where `log_sink` drops some; may be empty
  std::ostream* output = nullptr;                    // gets the line "writ: serving on …"; nullptr = std::cout
  std::function<void(const ServeReady&)> on_ready;   // called once after that line; may be empty
  const Clock* clock = nullptr;                      // borrowed; nullptr = SystemClock()
  std::function<void()> end_process;                 // called when the end is not reached in time; empty: _exit(0)
  std::chrono::milliseconds settle{1'000};           // --settle: policies load when nothing has changed for so long
  std::chrono::milliseconds settle_gone{30'000};     // --settle-gone: policies are kept for so long when their file is gone
  std::chrono::milliseconds watch_debounce{100};     // from a file event to the look
  std::chrono::milliseconds watch_poll{5'000};       // looks at the files this often even if the kernel says nothing
};

// How long after `drain`, or after the second signal, threads may take to end. Then the process ends without them.
inline constexpr std::chrono::milliseconds kEndTime{1'000};

// Serves until SIGTERM or SIGINT, then drains (a second signal ends at once). Returns success after a drain. Where a worker does not end,
// or a file system does not answer, the process ends all the same: kEndTime later, with what the log still takes in half of that. Errors,
// all at start-up: those of LoadPolicies (the message holds the rendered diagnostics), of http::Server::Start, kInvalidArgument for options
// that do not fit together (says which flag). Blocks SIGTERM and SIGINT in the calling thread while it runs; call it before other threads
// exist.
Status Serve(const ServeOptions& options);

// The same without signals, for tests and embedders. Thread-safe.
class Service {
 public:
  // As Serve, but returns as soon as it serves.
  static Result<std::unique_ptr<Service>> Start(const ServeOptions& options);
  ~Service();

  const ServeReady& ready() const;
  std::uint16_t health_port() const;     // 0 without health_listen
  std::uint16_t admission_port() const;  // 0 without admission_listen
  // Loads the policies now, as the watcher would. Errors: the old ones keep deciding.
  Status Reload();
  // See http::Server.
  void BeginDrain();
  void Drain();
  void Stop();

 private:
  struct Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::server
