// The public face: from request bytes or fields to a decision.
#include "writ/engine.h"

#include "engine/decide/context.h"
#include "engine/decide/decider.h"
#include "engine/decide/engine_quotas.h"
#include "engine/decide/images.h"
#include "engine/decide/policy_set.h"
#include "engine/request/prepared.h"
#include "engine/request/read.h"
#include "rules/base/utf8.h"

namespace writ {
namespace {

// Always a deny, whatever the target's default: what is no request cannot be allowed.
[[gnu::cold]] void DenyUnread(Reason reason, const Error& error, Decision& decision) {
  Decision denied;
  denied.target = decision.target;
  denied.admission_uid = std::move(decision.admission_uid);
  denied.bundle_digest = decision.bundle_digest;
  denied.reason = reason;
  denied.messages.push_back(Shorten(error.message, kMaxOneTextBytes));
  decision = std::move(denied);
}

// Facts of the host, after those of the request. Predicates live in the arena. Errors: a predicate that is no JSON, or too large.
Status AddHostFacts(std::span<const ImageFacts> facts, Context::Impl& state, Request& request) {
  const std::size_t brought = request.images.size();
  for (const ImageFacts& given : facts) {
    if (TryFindFact({request.images.data(), brought}, given.image) != nullptr) continue;
    ImageFact& fact = request.images.emplace_back();
    fact.image = given.image;
    fact.signed_by.assign(given.signed_by.begin(), given.signed_by.end());
    fact.refuted.assign(given.refuted.begin(), given.refuted.end());
    fact.unknown.assign(given.unknown.begin(), given.unknown.end());
    fact.attestations.emplace();
    for (const ImageAttestation& attestation : given.attestations) {
      Result<Value> predicate = state.predicates.Read(attestation.predicate_json, state.arena);
      if (!predicate)
        return Error{predicate.error().code, "the predicate of an attestation of " + given.image + ": " + predicate.error().message};
      fact.attestations->push_back(
          {attestation.predicate_type, {attestation.signed_by.begin(), attestation.signed_by.end()}, *predicate, attestation.about});
    }
  }
  if (request.images.size() > brought) SortFacts(request.images);
  return OkStatus();
}

// Begins with an empty arena; gives back what a large request took. Nothing that lives in the context outlasts its call.
class TrimAtEnd {
 public:
  explicit TrimAtEnd(Context::Impl& state) : state_(state) { state.arena.Reset(); }
  ~TrimAtEnd() { state_.Trim(); }
  TrimAtEnd(const TrimAtEnd&) = delete;
  TrimAtEnd& operator=(const TrimAtEnd&) = delete;

 private:
  Context::Impl& state_;
};

}  // namespace

Context::Context(const EvalLimits& limits, const JsonLimits& json_limits) : impl_(std::make_unique<Impl>(limits, json_limits)) {}
Context::~Context() = default;
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;

Engine::Engine(std::shared_ptr<const PolicySet> policies, const Clock& clock)
    : policies_(std::move(policies)),
      clock_(&clock),
      quotas_(MakeQuotas(policies_->program(), std::make_shared<QuotaTable>(), clock.Now())) {}

// Both share one table: calls that the old engine still decides count for the new one too.
Engine::Engine(std::shared_ptr<const PolicySet> policies, const Clock& clock, const Engine& predecessor)
    : policies_(std::move(policies)), clock_(&clock), quotas_(MakeQuotas(policies_->program(), predecessor.quotas_->table, clock.Now())) {}

Engine::~Engine() = default;

Decision Engine::DecideJson(std::string_view request_text, Context& context, const DecideOptions& options) const {
  Decision decision;
  decision.bundle_digest = policies_->digest();
  Context::Impl& state = context.impl();
  const TrimAtEnd trim(state);
  const Result<JsonNode> document = state.document.Parse(request_text);
  if (!document) {
    DenyUnread(Reason::kBadRequest, document.error(), decision);
    return decision;
  }
  const UnixNanos now = clock_->Now();
  RequestState& reading = state.reading;
  reading.Begin(policies_->impl().shapes, now);
  if (const Status read = ReadJsonRequest(*document, state.document.wide_integers(), reading); !read) {
    decision.target = reading.target();
    DenyUnread(reading.refusal, read.error(), decision);
    return decision;
  }
  if (const Status added = AddHostFacts(options.images, state, reading.request); !added) {
    DenyUnread(Reason::kBadRequest, added.error(), decision);
    return decision;
  }
  Decider decider(policies_->impl(), state, reading.request, *quotas_, now, options);
  if (!reading.request.is_listing()) {
    decider.Decide(decision);
    return decision;
  }
  const Status listed = decider.DecideListing(decision);
  if (!listed) DenyUnread(reading.refusal, listed.error(), decision);
  return decision;
}

Decision Engine::DecideFields(const FieldRequest& fields, Context& context, const DecideOptions& options) const {
  Decision decision;
  decision.target = fields.target;
  decision.bundle_digest = policies_->digest();
  Context::Impl& state = context.impl();
  state.arena.Reset();
  const UnixNanos now = clock_->Now();
  state.reading.Begin(policies_->impl().shapes, now);
  if (const Status read = ReadFieldRequest(fields, state.reading); !read) {
    DenyUnread(state.reading.refusal, read.error(), decision);
    return decision;
  }
  Decider decider(policies_->impl(), state, state.reading.request, *quotas_, now, options);
  if (!state.reading.request.is_listing()) {
    decider.Decide(decision);
    return decision;
  }
  const Status listed = decider.DecideListing(decision);
  if (!listed) DenyUnread(state.reading.refusal, listed.error(), decision);
  return decision;
}

Result<std::vector<ImageNeed>> Engine::FindImageNeeds(std::string_view request_text, Context& context, const Deadline& deadline) const {
  Context::Impl& state = context.impl();
  const TrimAtEnd trim(state);
  const Result<JsonNode> document = state.document.Parse(request_text);
  if (!document) return document.error();
  const UnixNanos now = clock_->Now();
  state.reading.Begin(policies_->impl().shapes, now);
  WRIT_RETURN_IF_ERROR(ReadJsonRequest(*document, state.document.wide_integers(), state.reading));
  if (state.reading.target() != Target::kAdmission) return std::vector<ImageNeed>();
  const DecideOptions options{.images = {}, .deadline = deadline};
  return Decider(policies_->impl(), state, state.reading.request, *quotas_, now, options).FindImageNeeds();
}

std::vector<LimitOverflow> Engine::LimitOverflows() const {
  std::vector<LimitOverflow> overflows;
  for (const auto& [id, quota] : quotas_->limits) {
    if (quota->overflow_count() == 0) continue;
    const Program& program = policies_->program();
    const Policy& policy = program.policy(program[id]);
    std::string name(program[policy.package]);
    if (!name.empty()) name += '.';
    name += program[policy.name];
    overflows.push_back({std::move(name), program[program.details(id).id], quota->overflow_count()});
  }
  return overflows;
}

Result<PreparedFields> Engine::PrepareFields(const FieldRequest& shared, Context& context) const {
  Context::Impl& state = context.impl();
  const TrimAtEnd trim(state);
  state.reading.Begin(policies_->impl().shapes, clock_->Now());
  return Prepare(shared, state.reading);
}

FieldId Engine::FindField(std::string_view path) const { return writ::FindField(path, policies_->impl().shapes); }

std::string Engine::FieldFault(std::string_view path) const { return writ::FieldFault(path, policies_->impl().shapes); }

}  // namespace writ
