// The public face: from request bytes or fields to a decision.
#include "writ/engine.h"

#include <algorithm>

#include "engine/decide/context.h"
#include "engine/decide/decide.h"
#include "engine/decide/limits.h"
#include "engine/decide/needs.h"
#include "engine/decide/policy_set.h"
#include "engine/fact/request_facts.h"
#include "engine/request/prepared.h"
#include "engine/request/read.h"

namespace writ {
namespace {

void Begin(const PolicySet::Impl& policies, UnixNanos now, Context::Impl& state) {
  state.Clear();
  state.policies_serial = policies.serial;
  state.reading.Begin(policies.shapes, now);
}

Status ReadFacts(const PolicySet::Impl& policies, CallerFacts facts, Context::Impl& state) {
  if (!state.reading.request.facts.valid()) return OkStatus();
  if (facts == CallerFacts::kRefused) {
    return Error{ErrorCode::kInvalidArgument, "`facts` cannot be brought along here: what policies want to know is found out"};
  }
  return ReadRequestFacts(state.reading.request.facts, policies.loaded->fact_kinds, state.arena, state.facts);
}

// Is every question of `need` in `told`?
bool IsTold(const Need& need, std::span<const Need> told) {
  return std::any_of(told.begin(), told.end(), [&need](const Need& other) {
    const auto is_asked = [&other](const Need::Ask& ask) {
      return std::find(other.asks.begin(), other.asks.end(), ask) != other.asks.end();
    };
    return other.kind == need.kind && other.key == need.key && std::all_of(need.asks.begin(), need.asks.end(), is_asked);
  });
}

// A deny, whatever the target's default: what is no request cannot be allowed.
[[gnu::cold]] void DenyRefused(Context::Impl& state) {
  ForgetAllBut(state.decision);
  state.charges.clear();
  state.decision.reason = state.refusal;
  state.decision.messages.push_back(state.fault);
}

}  // namespace

bool ReadRequest::is_read() const { return state_.policies_serial != 0 && state_.fault.empty(); }
Target ReadRequest::target() const { return state_.reading.target(); }
std::string_view ReadRequest::scope() const { return state_.reading.request.scope; }
std::string_view ReadRequest::name() const { return state_.reading.request.name; }
bool ReadRequest::is_listing() const { return state_.reading.request.is_listing(); }
JsonNode ReadRequest::document() const { return state_.root; }

Status ReadRequest::Provide(const Fact& fact) {
  const auto refuse = [this](const Error& error) {
    state_.Refuse(Reason::kBadRequest, error);
    return Status(error);
  };
  const std::string path = "the fact " + std::string(fact.kind) + " " + std::string(fact.key);
  Result<Value> value = state_.facts_reader.Read(fact.json, state_.arena);
  if (!value) return refuse({value.error().code, path + ": " + value.error().message});
  value = CheckFact(fact.kind, *value, path, state_.arena);
  if (!value) return refuse(value.error());
  const std::string_view kind = state_.arena.CopyString(fact.kind), key = state_.arena.CopyString(fact.key);
  if (kind.data() == nullptr || key.data() == nullptr) return refuse({ErrorCode::kTooLarge, path + " does not fit in memory"});
  state_.facts.Add(kind, key, *value, FactSource::kHost);
  return OkStatus();
}

std::span<LimitCharge> PendingDecision::charges() const { return state_->charges; }
ChargeMode PendingDecision::charge_mode() const { return state_->charge_mode; }

const Decision& PendingDecision::Settle() && {
  Ledger* ledger = engine_->ledger();
  return ledger != nullptr ? std::move(*this).Settle(*ledger) : std::move(*this).Settle(Settlement::kUnavailable);
}

const Decision& PendingDecision::Settle(Ledger& ledger) && {
  if (state_->charges.empty()) return state_->decision;
  return std::move(*this).Settle(ledger.Settle(state_->charges, engine_->clock().Now(), state_->charge_mode));
}

const Decision& PendingDecision::Settle(Settlement settlement) && {
  if (state_->charges.empty()) return state_->decision;
  const DecideOptions options;
  Deciding deciding(engine_->policies().impl(), *state_, options);
  ApplySettlement(deciding, settlement, state_->decision);
  state_->charges.clear();
  return state_->decision;
}

Engine::Engine(std::shared_ptr<const PolicySet> policies, const Clock& clock, std::shared_ptr<Ledger> ledger)
    : policies_(std::move(policies)), clock_(&clock), ledger_(std::move(ledger)) {}

ReadRequest& Engine::Read(std::string_view text, Context& context, const ReadOptions& options) const {
  Context::Impl& state = context.impl();
  Begin(policies_->impl(), clock_->Now(), state);
  const Result<JsonNode> document = state.document.Parse(text);
  if (!document) {
    state.Refuse(Reason::kBadRequest, document.error());
    return state.handle;
  }
  state.root = *document;
  if (const Status read = ReadJsonRequest(*document, state.document.wide_integers(), state.reading); !read) {
    state.Refuse(state.reading.refusal, read.error());
    return state.handle;
  }
  const Status facts = ReadFacts(policies_->impl(), options.facts, state);
  if (!facts) state.Refuse(Reason::kBadRequest, facts.error());
  return state.handle;
}

ReadRequest& Engine::Read(const FieldRequest& fields, Context& context) const {
  Context::Impl& state = context.impl();
  Begin(policies_->impl(), clock_->Now(), state);
  if (const Status read = ReadFieldRequest(fields, state.reading); !read) state.Refuse(state.reading.refusal, read.error());
  return state.handle;
}

std::span<const Need> Engine::FindNeeds(ReadRequest& request, const Deadline& deadline) const {
  Context::Impl& state = request.state();
  state.needs.clear();
  const bool is_ours = state.policies_serial == policies_->impl().serial;
  if (!is_ours || !request.is_read() || request.is_listing() || state.need_rounds == kMaxNeedRounds) return {};
  if (!policies_->impl().loaded->wants_facts[static_cast<std::size_t>(request.target())]) return {};
  ++state.need_rounds;
  const DecideOptions options{.deadline = deadline};
  Deciding deciding(policies_->impl(), state, options);
  for (Need& need : writ::FindNeeds(deciding)) {
    if (IsTold(need, state.told_needs)) continue;
    state.told_needs.push_back(need);
    // What is known in the first round, the host has told unasked.
    const bool is_known = state.need_rounds == 1 && state.facts.TryFind(need.kind, need.key) != nullptr;
    if (!is_known) state.needs.push_back(std::move(need));
  }
  return state.needs;
}

PendingDecision Engine::Decide(ReadRequest& request, const DecideOptions& options) const {
  Context::Impl& state = request.state();
  if (state.policies_serial != policies_->impl().serial)
    state.Refuse(Reason::kBadRequest, {ErrorCode::kInvalidArgument, "the request was read for other policies"});
  state.decision.Clear();
  state.charges.clear();
  state.decision.target = request.target();
  state.decision.bundle_digest = policies_->digest();
  if (state.fault.empty()) {
    Deciding deciding(policies_->impl(), state, options);
    if (!request.is_listing())
      writ::Decide(deciding, state.decision);
    else if (const Status listed = DecideListing(deciding, state.decision); !listed)
      state.Refuse(state.reading.refusal, listed.error());
  }
  if (!state.fault.empty()) DenyRefused(state);
  return {state, *this};
}

const Decision& Engine::DecideJson(std::string_view text, Context& context, const DecideOptions& options, const ReadOptions& read) const {
  return Decide(Read(text, context, read), options).Settle();
}

const Decision& Engine::DecideFields(const FieldRequest& request, Context& context, const DecideOptions& options) const {
  return Decide(Read(request, context), options).Settle();
}

Result<PreparedFields> Engine::PrepareFields(const FieldRequest& shared, Context& context) const {
  Context::Impl& state = context.impl();
  state.Clear();
  state.reading.Begin(policies_->impl().shapes, clock_->Now());
  return Prepare(shared, state.reading);
}

FieldId Engine::FindField(std::string_view path) const { return writ::FindField(path, policies_->impl().shapes); }

std::string Engine::FieldFault(std::string_view path) const { return writ::FieldFault(path, policies_->impl().shapes); }

}  // namespace writ
