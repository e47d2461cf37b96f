// Metrics through prometheus-cpp.
#include "webhook/telemetry/metrics.h"

#include <array>
#include <map>
#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "webhook/telemetry/metric_list.h"

namespace writ::server {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

// Decisions take microseconds; the long end shows requests that come near the API server's patience.
const prometheus::Histogram::BucketBoundaries& Seconds() {
  static const prometheus::Histogram::BucketBoundaries kBounds = {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                                  0.01,    0.025,    0.05,    0.1,    0.25,    0.5,    1,     2.5,    10};
  return kBounds;
}

double ToSeconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e9; }
double ToSeconds(UnixNanos time) { return static_cast<double>(time) / 1e9; }

std::string_view OperationLabel(std::string_view operation) {
  for (const std::string_view known : {"CREATE", "UPDATE", "DELETE", "CONNECT"}) {
    if (operation == known) return known;
  }
  return "other";
}

std::string_view ReloadKindName(ReloadKind kind) {
  switch (kind) {
    case ReloadKind::kPolicies: return "policies";
    case ReloadKind::kCertificate: return "certificate";
    case ReloadKind::kRegistries: return "registries";
  }
  return "policies";
}

std::string Label(std::string_view text) { return std::string(text); }

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
#define WRIT_METRIC_FAMILY(id, name, type, labels, help) \
  prometheus::Family<prometheus::type>& id = Build##type().Name(name).Help(help).Register(registry);
  WRIT_METRICS(WRIT_METRIC_FAMILY)
#undef WRIT_METRIC_FAMILY
  prometheus::Gauge& connections = Connections.Add({});
  prometheus::Counter& rejected = Rejected.Add({});
  prometheus::Counter& evicted = Evicted.Add({});
  prometheus::Counter& dropped_log_lines = DroppedLogLines.Add({});
  prometheus::Gauge& policies = Policies.Add({});
  prometheus::Gauge& policy_loaded = PolicyLoaded.Add({});
  prometheus::Gauge& policy_stale = PolicyStale.Add({});
  std::array<std::array<prometheus::Counter*, 3>, kTargetCount> decisions{};
  std::array<prometheus::Histogram*, kTargetCount> decision_time{};
  std::array<prometheus::Histogram*, kRouteCount> http_time{};
  std::array<prometheus::Counter*, 3> image_outcomes{};  // by image::VerdictKind
  prometheus::Counter& image_cache_hits = ImageCacheHits.Add({});
  prometheus::Counter& registry_requests = RegistryRequests.Add({});
  std::mutex mutex;                          // guards the next ones
  std::uint64_t registry_total = 0;          // what registry_requests stands at
  std::uint64_t dropped_total = 0;           // what dropped_log_lines stands at
  prometheus::Gauge* policy_info = nullptr;  // of the digest that decides
};

std::string_view RouteName(Route route) {
  switch (route) {
    case Route::kDecide: return "decide";
    case Route::kAdmission: return "admission";
    case Route::kHealth: return "healthz";
    case Route::kReady: return "readyz";
    case Route::kMetrics: return "metrics";
    case Route::kOther: return "other";
  }
  return "other";
}

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  // Series on the decision path are made here, so that counting is an index and an atomic add.
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    const std::string target = Label(InfoOf(static_cast<Target>(i)).name);
    impl_->decision_time[i] = &impl_->DecisionTime.Add({{"target", target}}, Seconds());
    for (const Effect effect : {Effect::kAllow, Effect::kDeny, Effect::kConditional}) {
      impl_->decisions[i][static_cast<std::size_t>(effect)] =
          &impl_->Decisions.Add({{"target", target}, {"effect", Label(EffectName(effect))}});
    }
  }
  for (std::size_t i = 0; i < kRouteCount; ++i) {
    impl_->http_time[i] = &impl_->HttpTime.Add({{"route", Label(RouteName(static_cast<Route>(i)))}}, Seconds());
  }
  for (const image::VerdictKind kind : {image::VerdictKind::kVerified, image::VerdictKind::kRefuted, image::VerdictKind::kUnknown}) {
    impl_->image_outcomes[static_cast<std::size_t>(kind)] = &impl_->ImageOutcomes.Add({{"outcome", Label(VerdictKindName(kind))}});
  }
}

Metrics::~Metrics() = default;

void Metrics::CountDecision(Target target, Effect effect, std::chrono::nanoseconds time) {
  const auto row = static_cast<std::size_t>(target);
  impl_->decisions[row][static_cast<std::size_t>(effect)]->Increment();
  impl_->decision_time[row]->Observe(ToSeconds(time));
}

void Metrics::CountReview(std::string_view operation, ReviewOutcome outcome, bool dry_run) {
  impl_->Reviews
      .Add({{"operation", Label(OperationLabel(operation))},
            {"verdict", Label(ReviewOutcomeName(outcome))},
            {"dry_run", dry_run ? "true" : "false"}})
      .Increment();
}

void Metrics::CountHttp(Route route, unsigned status, std::chrono::nanoseconds time) {
  impl_->HttpRequests.Add({{"route", Label(RouteName(route))}, {"code", std::to_string(status)}}).Increment();
  impl_->http_time[static_cast<std::size_t>(route)]->Observe(ToSeconds(time));
}

void Metrics::SetConnections(std::int64_t open) { impl_->connections.Set(static_cast<double>(open)); }
void Metrics::CountRejectedConnection() { impl_->rejected.Increment(); }
void Metrics::CountEvictedConnection() { impl_->evicted.Increment(); }

void Metrics::CountReload(ReloadKind kind, bool ok) {
  impl_->Reloads.Add({{"kind", Label(ReloadKindName(kind))}, {"result", ok ? "ok" : "failed"}}).Increment();
}

void Metrics::SetPolicies(std::string_view digest, std::size_t policies, UnixNanos loaded_at) {
  impl_->policies.Set(static_cast<double>(policies));
  impl_->policy_loaded.Set(ToSeconds(loaded_at));
  const std::lock_guard lock(impl_->mutex);
  prometheus::Gauge* next = &impl_->PolicyInfo.Add({{"digest", Label(digest)}});
  if (impl_->policy_info != nullptr && impl_->policy_info != next) impl_->PolicyInfo.Remove(impl_->policy_info);
  impl_->policy_info = next;
  next->Set(1);
}

void Metrics::SetStale(bool stale) { impl_->policy_stale.Set(stale ? 1 : 0); }
void Metrics::SetCertificateExpiry(UnixNanos not_after) { impl_->CertificateEnd.Add({}).Set(ToSeconds(not_after)); }

void Metrics::CountImages(const std::vector<image::ImageFinding>& findings) {
  for (const image::ImageFinding& finding : findings) {
    impl_->image_outcomes[static_cast<std::size_t>(finding.kind)]->Increment();
    if (finding.from_cache) impl_->image_cache_hits.Increment();
  }
}

namespace {

// Brings a counter up to a total that somebody else keeps.
void RaiseTo(prometheus::Counter& counter, std::uint64_t& stands_at, std::uint64_t total) {
  if (total <= stands_at) return;
  counter.Increment(static_cast<double>(total - stands_at));
  stands_at = total;
}

}  // namespace

void Metrics::SetRegistryRequests(std::uint64_t total) {
  const std::lock_guard lock(impl_->mutex);
  RaiseTo(impl_->registry_requests, impl_->registry_total, total);
}

void Metrics::SetDroppedLogLines(std::uint64_t total) {
  const std::lock_guard lock(impl_->mutex);
  RaiseTo(impl_->dropped_log_lines, impl_->dropped_total, total);
}

void Metrics::SetLimitOverflows(const std::vector<LimitOverflow>& overflows) {
  const std::lock_guard lock(impl_->mutex);
  for (const LimitOverflow& overflow : overflows) {
    const prometheus::Labels labels = {{"policy", overflow.policy}, {"rule", Label(overflow.rule_id)}, {"key", RuleKeyText(overflow.key)}};
    prometheus::Counter& counter = impl_->LimitOverflows.Add(labels);
    const double more = static_cast<double>(overflow.calls) - counter.Value();
    if (more > 0) counter.Increment(more);
  }
}

std::string Metrics::Text() const { return prometheus::TextSerializer().Serialize(impl_->registry.Collect()); }

}  // namespace writ::server
