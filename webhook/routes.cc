// The endpoints.
#include "webhook/routes.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include <malloc.h>

#include <nlohmann/json.hpp>

#include "rules/base/utf8.h"
#include "webhook/decide/decide.h"
#include "webhook/http/server.h"

namespace writ::server {
namespace {

using http::ErrorReply;
using http::HttpReply;
using http::HttpRequest;
using Json = nlohmann::ordered_json;
using std::chrono::steady_clock;

struct RoutePath {
  std::string_view path;
  Route route;
  bool takes_body;
};
constexpr RoutePath kRoutes[] = {
    {"/v1/decide", Route::kDecide, true}, {"/admission", Route::kAdmission, true}, {"/healthz", Route::kHealth, false},
    {"/readyz", Route::kReady, false},    {"/metrics", Route::kMetrics, false},
};

bool Serves(Surface surface, const RoutePath& route) {
  switch (surface) {
    case Surface::kAll: return true;
    case Surface::kHealthOnly: return !route.takes_body;
    case Surface::kAdmissionOnly: return route.route == Route::kAdmission;
    case Surface::kAllButAdmission:
    case Surface::kNoAdmissionAtAll: return route.route != Route::kAdmission;
  }
  return false;
}

// "POST /v1/decide, GET /healthz, …"
std::string ServedPaths(Surface surface) {
  std::string text;
  for (const RoutePath& route : kRoutes) {
    if (Serves(surface, route)) text.append(text.empty() ? "" : ", ").append(route.takes_body ? "POST " : "GET ").append(route.path);
  }
  return text;
}

HttpReply NoSuchPath(const HttpRequest& request, const RoutePath* route, Surface surface) {
  std::string why = "no such path: " + Shorten(request.path, kMaxShownNameBytes);
  if (route != nullptr && route->route == Route::kAdmission) {
    if (surface == Surface::kAllButAdmission) why = "reviews are taken on the port of --admission-listen alone";
    if (surface == Surface::kNoAdmissionAtAll)
      why = "no reviews are taken here: the policies may read `namespaceObject`, which no review brings";
  }
  return ErrorReply(404, why + "; there are " + ServedPaths(surface));
}

const RoutePath* TryFindRoute(std::string_view path) {
  for (const RoutePath& route : kRoutes) {
    if (route.path == path) return &route;
  }
  return nullptr;
}

// Takes the next `;`-separated part off `rest`, trimmed. A semicolon inside quotes separates nothing.
std::string_view TakeParameter(std::string_view& rest) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != ';'); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (rest[end] == '\\' && quoted) ++end;
  }
  end = std::min(end, rest.size());
  const std::string_view part = http::TrimBlanks(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// True for every parameter but a `charset` other than UTF-8.
bool IsFittingParameter(std::string_view parameter) {
  const std::size_t equals = parameter.find('=');
  if (equals == std::string_view::npos || !http::EqualsIgnoringCase(http::TrimBlanks(parameter.substr(0, equals)), "charset")) return true;
  const std::string_view value = http::TrimBlanks(parameter.substr(equals + 1));
  return http::EqualsIgnoringCase(value, "utf-8") || http::EqualsIgnoringCase(value, "\"utf-8\"");
}

// `application/json`, `text/json` or `application/…+json`, in UTF-8. A missing type is taken for JSON, and so is the one that
// `curl -d` and many HTTP libraries send when told nothing: no browser form and no cookie is involved here.
bool IsJsonType(std::string_view value) {
  const std::string_view type = TakeParameter(value);
  const bool suffix = type.size() > 5 && http::EqualsIgnoringCase(type.substr(type.size() - 5), "+json");
  const bool fits = suffix || http::EqualsIgnoringCase(type, "application/json") || http::EqualsIgnoringCase(type, "text/json") ||
                    http::EqualsIgnoringCase(type, "application/x-www-form-urlencoded");
  if (!fits) return false;
  while (!value.empty()) {
    if (!IsFittingParameter(TakeParameter(value))) return false;
  }
  return true;
}

std::optional<HttpReply> CheckBodyType(const HttpRequest& request) {
  for (const auto& [name, type] : request.headers) {
    if (!http::EqualsIgnoringCase(name, "Content-Type") || IsJsonType(type)) continue;
    return ErrorReply(415, "found Content-Type `" + Shorten(type, kMaxShownNameBytes) +
                               "`, expected `application/json` (curl: -H 'Content-Type: application/json')");
  }
  const std::optional<std::string_view> encoding = request.TryHeader("Content-Encoding");
  if (encoding && !http::EqualsIgnoringCase(*encoding, "identity")) {
    return ErrorReply(415, "found Content-Encoding `" + Shorten(*encoding, kMaxShownNameBytes) + "`, expected an uncompressed body");
  }
  return std::nullopt;
}

std::optional<HttpReply> CheckMethod(const HttpRequest& request, const RoutePath& route) {
  const bool fits = route.takes_body ? request.method == "POST" : request.method == "GET" || request.method == "HEAD";
  if (fits) return std::nullopt;
  const std::string allow = route.takes_body ? "POST" : "GET, HEAD";
  HttpReply reply = ErrorReply(405, std::string(route.path) + " takes " + allow);
  reply.headers.emplace_back("Allow", allow);
  return reply;
}

// "2026-11-21T02:03:04Z".
std::string TimeText(UnixNanos time) {
  const std::time_t seconds = static_cast<std::time_t>(time / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

Json ErrorJson(const ReloadFault& fault) { return {{"at", TimeText(fault.at)}, {"text", fault.text}}; }

// Diagnostics show lines of policies, and messages of registries name hosts and files.
Json ErrorJson(const ReloadFault& fault, Privacy privacy) {
  if (privacy == Privacy::kTls) return ErrorJson(fault);
  return {{"at", TimeText(fault.at)}, {"text", "refused, and what was loaded before stays; the log says why"}};
}

// Open connections; a warning while they are short, or were a minute ago.
Json ConnectionsJson(const std::vector<http::ConnectionTable::Pressure>& listeners) {
  constexpr std::chrono::minutes kRecently{1};
  std::size_t open = 0, max = 0;
  bool is_short = false;
  for (const http::ConnectionTable::Pressure& pressure : listeners) {
    open += pressure.served;
    max += pressure.max;
    is_short = is_short || pressure.crowded() || (pressure.last && steady_clock::now() - *pressure.last < kRecently);
  }
  Json json = {{"open", open}, {"max", max}};
  if (is_short) json["warning"] = "connections are short; the log names the peer with the most";
  return json;
}

HttpReply TextReply(std::string text) {
  return HttpReply{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(text)};
}

void LogReview(Logger& logger, const AdmissionReply& reply) {
  const bool failed = reply.outcome == ReviewOutcome::kFailed;
  const LogLevel level = failed                                                             ? LogLevel::kWarn
                         : reply.outcome == ReviewOutcome::kDenied || !reply.shadow.empty() ? LogLevel::kInfo
                                                                                            : LogLevel::kDebug;
  if (!logger.Enabled(level)) return;
  const auto shown = [](std::string_view text) { return Shorten(text, kMaxLoggedBytes); };
  const std::string uid = shown(reply.uid), operation = shown(reply.operation), kind = shown(reply.kind);
  const std::string object_namespace = shown(reply.object_namespace), name = shown(reply.name);
  const auto list = [](std::string_view text) { return Shorten(text, 4 * kMaxLoggedBytes); };
  const std::string rules = list(reply.rules), rule_keys = list(reply.rule_keys);
  const std::string shadow = list(reply.shadow), shadow_keys = list(reply.shadow_keys), failure = list(reply.failure);
  logger.Write(level, "admission review",
               {{"verdict", ReviewOutcomeName(reply.outcome)},
                {"uid", uid},
                {"operation", operation},
                {"kind", kind},
                {"namespace", object_namespace},
                {"name", name},
                {"dry_run", reply.dry_run},
                {"rules", rules},
                {"rule_keys", rule_keys},
                {"shadow", shadow},
                {"shadow_keys", shadow_keys},
                {"error", failure}});
}

// One line: every image with its digest and outcomes, and why one is unknown.
void LogImages(Logger& logger, LogLevel level, const std::vector<image::ImageFinding>& findings) {
  if (!logger.Enabled(level)) return;
  constexpr std::size_t kMaxOutcomes = 64;  // more than a sane object has
  std::string text, reason;
  for (std::size_t at = 0; at < findings.size() && at < kMaxOutcomes; ++at) {
    const image::ImageFinding& finding = findings[at];
    const std::string& digest = finding.digest;
    if (at == 0 || findings[at - 1].image != finding.image)
      text.append(at == 0 ? "" : "; ").append(Shorten(finding.image, kMaxLoggedBytes)).append(" ").append(digest.empty() ? "?" : digest);
    text.append(" ").append(finding.signer).append("=").append(VerdictKindName(finding.kind));
    if (finding.from_cache) text.append("(cached)");
    if (finding.kind == image::VerdictKind::kUnknown && reason.empty()) reason = Shorten(finding.message, 2 * kMaxLoggedBytes);
  }
  logger.Write(level, "image signatures", {{"outcomes", text}, {"count", static_cast<std::int64_t>(findings.size())}, {"error", reason}});
}

// What a large request took was freed when it was decided; the C library would keep much of it for the next one.
void GiveMemoryBack([[maybe_unused]] const HttpRequest& request) {
#ifdef __GLIBC__
  if (request.body.size() > http::kHeavyBodyBytes) malloc_trim(0);
#endif
}

// Empty when no policy wants to know anything, or nobody can find it out.
std::optional<SignedImageFacts> FactsOf(const PolicyStore::Deciding& deciding, const RouteSources& sources) {
  if (sources.images == nullptr || !deciding.signers || deciding.signers->empty()) return std::nullopt;
  return std::optional<SignedImageFacts>(std::in_place, *sources.images, *deciding.signers, sources.read_pull_secrets);
}

ImageLookup LookupOf(const std::optional<SignedImageFacts>& facts, const HttpRequest& request, PullSecrets pull_secrets) {
  if (!facts) return {};
  return {.source = &*facts, .deadline = GatherUntil(steady_clock::now(), request.deadline), .pull_secrets = pull_secrets};
}

}  // namespace

Route RouteOf(std::string_view path) {
  const RoutePath* route = TryFindRoute(path);
  return route != nullptr ? route->route : Route::kOther;
}

Routes::Routes(const RouteSources& sources, const RouteOptions& options) : sources_(sources), options_(options) {
  contexts_.reserve(options.workers);
  for (std::size_t i = 0; i < options.workers; ++i) contexts_.emplace_back();
}

std::optional<HttpReply> Routes::AnswerHead(const HttpRequest& request, Listener listener) const {
  const RoutePath* route = TryFindRoute(request.path);
  if (route == nullptr || !Serves(listener.surface, *route)) return NoSuchPath(request, route, listener.surface);
  if (std::optional<HttpReply> wrong = CheckMethod(request, *route)) return wrong;
  switch (route->route) {
    case Route::kHealth: return HttpReply{.content_type = "text/plain; charset=utf-8", .body = "ok\n"};
    case Route::kReady: return Ready(listener.privacy);
    case Route::kMetrics:
      if (sources_.registries != nullptr) sources_.metrics->SetRegistryRequests(sources_.registries->requests());
      if (sources_.dropped_log_lines) sources_.metrics->SetDroppedLogLines(sources_.dropped_log_lines());
      sources_.metrics->SetLimitOverflows(sources_.store->engine()->ledger()->Overflows());
      return TextReply(sources_.metrics->Text());
    case Route::kDecide:
    case Route::kAdmission:
    case Route::kOther: break;
  }
  return CheckBodyType(request);
}

HttpReply Routes::Handle(const HttpRequest& request) {
  HttpReply reply = Answer(request);
  contexts_.at(request.worker).Clear();
  if (!reply.resume) GiveMemoryBack(request);
  return reply;
}

HttpReply Routes::Answer(const HttpRequest& request) {
  switch (RouteOf(request.path)) {
    case Route::kAdmission: return HandleAdmission(request);
    case Route::kDecide: return HandleDecide(request);
    case Route::kHealth:
    case Route::kReady:
    case Route::kMetrics:
    case Route::kOther: break;
  }
  return ErrorReply(404, "no such path");  // AnswerHead has answered these
}

// A POST /v1/decide on its way: one set of policies for all of it. INVARIANT: members are used by those after them.
struct Routes::Deciding {
  explicit Deciding(const RouteSources& sources) : policies(sources.store->deciding()), facts(FactsOf(policies, sources)) {}

  PolicyStore::Deciding policies;
  std::optional<SignedImageFacts> facts;
  std::optional<DecideSteps> steps;
};

HttpReply Routes::HandleDecide(const HttpRequest& request) {
  auto deciding = std::make_shared<Deciding>(sources_);
  const DecideRequestOptions options{
      .max_list = options_.max_decide_list,
      .on_decision = [this](const Decision& decision,
                            std::chrono::nanoseconds time) { sources_.metrics->CountDecision(decision.target, decision.effect, time); },
      .images = LookupOf(deciding->facts, request, PullSecrets::kIgnored),
      .on_images = [this](const std::vector<image::ImageFinding>& findings) { ReportImages(findings); }};
  deciding->steps.emplace(request, *deciding->policies.engine, options);
  return GoOn(deciding, request);
}

HttpReply Routes::GoOn(const std::shared_ptr<Deciding>& deciding, const HttpRequest& request) {
  if (std::optional<HttpReply> reply = deciding->steps->Run(contexts_.at(request.worker))) return std::move(*reply);
  return HttpReply{.resume = [this, deciding](const HttpRequest& again) {
    HttpReply reply = GoOn(deciding, again);
    contexts_.at(again.worker).Clear();
    if (!reply.resume) GiveMemoryBack(again);
    return reply;
  }};
}

void Routes::ReportImages(const std::vector<image::ImageFinding>& findings) const {
  if (findings.empty()) return;
  sources_.metrics->CountImages(findings);
  const bool is_unknown = std::any_of(findings.begin(), findings.end(),
                                      [](const image::ImageFinding& finding) { return finding.kind == image::VerdictKind::kUnknown; });
  LogImages(*sources_.logger, is_unknown ? LogLevel::kWarn : LogLevel::kInfo, findings);
}

HttpReply Routes::HandleAdmission(const HttpRequest& request) {
  const PolicyStore::Deciding deciding = sources_.store->deciding();
  const std::optional<SignedImageFacts> facts = FactsOf(deciding, sources_);
  const auto begin = steady_clock::now();
  ReviewOptions options = options_.review;
  options.deadline = {request.deadline, request.stopping};
  AdmissionReply reply =
      Review(request.body, *deciding.engine, contexts_.at(request.worker), options, LookupOf(facts, request, PullSecrets::kOfObject));
  const auto end = steady_clock::now();
  if (reply.outcome != ReviewOutcome::kFailed) {
    sources_.metrics->CountDecision(Target::kAdmission, reply.outcome == ReviewOutcome::kAllowed ? Effect::kAllow : Effect::kDeny,
                                    end - begin);
  }
  sources_.metrics->CountReview(reply.operation, reply.outcome, reply.dry_run);
  ReportImages(reply.images);
  LogReview(*sources_.logger, reply);
  if (end >= request.deadline) return ErrorReply(500, "the review was not decided within the time that the request allows");
  return HttpReply{.status = reply.status, .body = std::move(reply.body)};
}

HttpReply Routes::Ready(Privacy privacy) const {
  const PolicyStore::State state = sources_.store->state();
  const bool draining = sources_.draining && sources_.draining();
  Json policies = {
      {"bundle", state.digest}, {"count", state.policy_count}, {"loadedAt", TimeText(state.loaded_at)}, {"stale", state.fault.has_value()}};
  if (state.fault) policies["lastError"] = ErrorJson(*state.fault, privacy);
  if (!state.warnings.empty()) policies["warnings"] = privacy == Privacy::kTls ? state.warnings : "there are some; the log shows them";
  Json body = {{"ready", false}, {"draining", draining}, {"policies", std::move(policies)}};
  bool ready = !draining && !state.digest.empty();
  if (const std::shared_ptr<const http::TlsContext> certificate = sources_.certificate ? sources_.certificate() : nullptr) {
    const bool valid = certificate->ValidAt(sources_.clock->Now());
    ready = ready && valid;
    body["certificate"] = {{"subject", certificate->subject()}, {"notAfter", TimeText(certificate->not_after())}, {"valid", valid}};
    const std::optional<ReloadFault> fault = sources_.certificate_fault ? sources_.certificate_fault() : std::nullopt;
    if (fault) body["certificate"]["lastError"] = ErrorJson(*fault);
  }
  if (sources_.registries != nullptr) {
    const std::optional<ReloadFault> fault = sources_.registries->fault();
    body["registries"] = {{"count", sources_.registries->size()}, {"stale", fault.has_value()}};
    if (fault) body["registries"]["lastError"] = ErrorJson(*fault, privacy);
  }
  if (sources_.pressure) body["connections"] = ConnectionsJson(sources_.pressure());
  body["ready"] = ready;
  return HttpReply{.status = ready ? 200U : 503U, .body = body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}

}  // namespace writ::server
