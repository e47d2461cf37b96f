// The metrics of metric_list.h as calls, and as the text that Prometheus reads.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/clock.h"
#include "webhook/admission/review.h"
#include "webhook/image/facts/fact_gatherer.h"
#include "writ/engine.h"

namespace writ::server {

enum class Route : std::uint8_t { kDecide, kAdmission, kHealth, kReady, kMetrics, kOther };
inline constexpr std::size_t kRouteCount = 6;
std::string_view RouteName(Route route);  // "decide", "admission", "healthz", "readyz", "metrics", "other"

enum class ReloadKind : std::uint8_t { kPolicies, kCertificate, kRegistries };

// Thread-safe. Counting costs some tens of nanoseconds to a microsecond.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void CountDecision(Target target, Effect effect, std::chrono::nanoseconds time);
  // `operation` is counted as "other" unless it is one of the API server's four.
  void CountReview(std::string_view operation, ReviewOutcome outcome, bool dry_run);
  void CountHttp(Route route, unsigned status, std::chrono::nanoseconds time);
  void SetConnections(std::int64_t open);
  void CountRejectedConnection();
  void CountEvictedConnection();
  // `total`: since the start. A total below an earlier one is not counted.
  void SetDroppedLogLines(std::uint64_t total);
  void CountReload(ReloadKind kind, bool ok);
  void SetPolicies(std::string_view digest, std::size_t policies, UnixNanos loaded_at);
  void SetStale(bool stale);
  void SetCertificateExpiry(UnixNanos not_after);
  void CountImages(const std::vector<image::ImageFinding>& findings);
  // `total`: since the start. A total below an earlier one is not counted.
  // `calls`: since the start, as below.
  void SetLimitOverflows(const std::vector<LimitOverflow>& overflows);
  void SetRegistryRequests(std::uint64_t total);

  // Prometheus' text format, version 0.0.4.
  std::string Text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace writ::server
