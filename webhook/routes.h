// The endpoints: which path leads to which function, what is counted and logged. Pure functions from request to reply over the
// policies that decide now; tested without sockets.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rules/base/clock.h"
#include "webhook/admission/review.h"
#include "webhook/http/connection_table.h"
#include "webhook/http/message.h"
#include "webhook/http/tls.h"
#include "webhook/image/facts/fact_gatherer.h"
#include "webhook/reload/policy_store.h"
#include "webhook/reload/registry_store.h"
#include "webhook/telemetry/log.h"
#include "webhook/telemetry/metrics.h"

namespace writ::server {

// What the endpoints look at. All borrowed; must outlive Routes.
struct RouteSources {
  const PolicyStore* store = nullptr;
  Metrics* metrics = nullptr;
  Logger* logger = nullptr;
  const Clock* clock = nullptr;
  std::function<bool()> draining;                                          // empty = never
  std::function<std::shared_ptr<const http::TlsContext>()> certificate;    // empty, or nullptr from it: no TLS
  std::function<std::optional<ReloadFault>()> certificate_fault;           // of the last reload of it, when it failed; may be empty
  std::function<std::vector<http::ConnectionTable::Pressure>()> pressure;  // of the listeners; may be empty
  std::function<std::uint64_t()> dropped_log_lines;                        // since the start; empty = none
  const RegistryStore* registries = nullptr;                               // nullptr: no registry may be asked
  const image::FactGatherer* images = nullptr;                             // nullptr: nothing is known about signatures
  ReadPullSecrets read_pull_secrets;                                       // empty: objects bring no credentials
};

struct RouteOptions {
  std::size_t workers = 1;  // HttpRequest::worker is below this
  std::size_t max_decide_list = 1'000;
  ReviewOptions review;
};

// What a listener serves.
enum class Surface : std::uint8_t {
  kAll,
  kHealthOnly,
  kAdmissionOnly,     // POST /admission and nothing else
  kAllButAdmission,   // reviews have a listener of their own
  kNoAdmissionAtAll,  // the policies read what no review brings
};
// Who can read what is sent there. Over plain HTTP no policy text is told: probes and scrapers need none.
enum class Privacy : std::uint8_t { kPlain, kTls };
struct Listener {
  Surface surface = Surface::kAll;
  Privacy privacy = Privacy::kPlain;
};

// Thread-safe under the server's promise that calls with the same HttpRequest::worker do not overlap.
class Routes {
 public:
  Routes(const RouteSources& sources, const RouteOptions& options);

  // Answers what needs no body: health, metrics, and requests that would be refused anyway (404, 405, 415).
  std::optional<http::HttpReply> AnswerHead(const http::HttpRequest& request, Listener listener) const;
  // Answers requests that AnswerHead let through.
  http::HttpReply Handle(const http::HttpRequest& request);

 private:
  http::HttpReply Answer(const http::HttpRequest& request);
  http::HttpReply HandleAdmission(const http::HttpRequest& request);
  http::HttpReply HandleDecide(const http::HttpRequest& request);
  struct Deciding;
  http::HttpReply GoOn(const std::shared_ptr<Deciding>& deciding, const http::HttpRequest& request);
  void ReportImages(const std::vector<image::ImageFinding>& findings) const;
  http::HttpReply Ready(Privacy privacy) const;

  RouteSources sources_;
  RouteOptions options_;
  std::vector<Context> contexts_;  // one a worker
};

// Which endpoint a path names.
Route RouteOf(std::string_view path);

}  // namespace writ::server
