// Every metric of `writ serve`, in the one list from which registration and the table of
// docs/server.md derive. Labels are bounded: their values come from enums and route names, never
// from requests (but for the bundle's digest and the names of limits).
#pragma once

//      name         exported name                                    type       labels            help
#define WRIT_METRICS(X)                                                                                                     \
  X(Decisions, "writ_decisions_total", Counter, "target, effect", "Decisions made, of POST /v1/decide and POST /admission") \
  X(DecisionTime, "writ_decision_seconds", Histogram, "target", "Time from the request's text to the decision")             \
  X(Reviews, "writ_admission_reviews_total", Counter, "operation, verdict, dry_run",                                        \
    "AdmissionReviews answered; failed ones were answered with HTTP 400 or 500")                                            \
  X(HttpRequests, "writ_http_requests_total", Counter, "route, code", "HTTP replies")                                       \
  X(HttpTime, "writ_http_request_seconds", Histogram, "route", "Time from a request's first byte to the last of its reply") \
  X(Connections, "writ_http_connections", Gauge, "", "Open connections")                                                    \
  X(Rejected, "writ_http_connections_rejected_total", Counter, "", "Connections refused because max_connections were open") \
  X(Evicted, "writ_http_connections_evicted_total", Counter, "", "Idle connections that ended to make room for new ones")   \
  X(DroppedLogLines, "writ_log_lines_dropped_total", Counter, "", "Log lines lost because nobody read them fast enough")    \
  X(Reloads, "writ_reloads_total", Counter, "kind, result", "Loads of policies, certificates and registries")               \
  X(PolicyInfo, "writ_policy_info", Gauge, "digest", "1 for the bundle that decides")                                       \
  X(Policies, "writ_policies", Gauge, "", "Policies that decide")                                                           \
  X(PolicyLoaded, "writ_policy_loaded_timestamp_seconds", Gauge, "", "When the deciding policies were loaded")              \
  X(PolicyStale, "writ_policy_stale", Gauge, "", "1 while newer policies are refused and the old ones decide")              \
  X(CertificateEnd, "writ_certificate_expiry_timestamp_seconds", Gauge, "", "When the certificate in use expires")          \
  X(ImageOutcomes, "writ_image_verifications_total", Counter, "outcome",                                                    \
    "Signatures and attestations that policies wanted of images, by what became known")                                     \
  X(ImageCacheHits, "writ_image_cache_hits_total", Counter, "", "Those of them that were known already")                    \
  X(LimitOverflows, "writ_limit_overflow_total", Counter, "policy, rule, key",                                              \
    "Calls that a limit counted together because it had no room for another key")                                           \
  X(RegistryRequests, "writ_registry_requests_total", Counter, "", "Requests sent to registries")

namespace writ::server {

enum class MetricType { kCounter, kGauge, kHistogram };

struct MetricInfo {
  const char* name;
  MetricType type;
  const char* labels;
  const char* help;
};

#define WRIT_METRIC_ROW(id, name, type, labels, help) {name, MetricType::k##type, labels, help},
inline constexpr MetricInfo kMetrics[] = {WRIT_METRICS(WRIT_METRIC_ROW)};
#undef WRIT_METRIC_ROW

}  // namespace writ::server
