// The public C++ interface of the engine: load a bundle, read requests, get decisions. Links no
// parser of policy text. docs/deciding.md explains it, with an example for each way in.
//
//   auto policies = writ::PolicySet::Load(std::move(bundle_bytes), {});
//   auto ledger = std::make_shared<writ::MemoryLedger>(*policies, writ::SystemClock().Now());
//   writ::Engine engine(*policies, writ::SystemClock(), ledger);
//   writ::Context context;                                             // one per thread, reused
//
//   writ::ReadRequest& request = engine.Read(text, context);           // parsed once
//   for (const writ::Need& need : engine.FindNeeds(request)) request.Provide(LookUp(need));
//   const writ::Decision& decision = engine.Decide(request).Settle();  // lives in the context
//   if (decision.effect != writ::Effect::kAllow) Refuse(decision.messages);
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/base/clock.h"
#include "rules/base/deadline.h"
#include "writ/context.h"
#include "writ/decision.h"
#include "writ/ledger.h"
#include "writ/policy_set.h"
#include "writ/request.h"

namespace writ {

struct DecideOptions {
  bool explain = false;                                // fill Decision::explained
  bool residual = true;                                // fill Decision::residual
  std::size_t max_residual_bytes = kMaxResidualBytes;  // of it; a larger one is residual_too_large
  bool consume_limits = true;  // false: look at quotas without using them up (dry runs), as requests with unknowns do anyway
  bool find_coverage = false;  // fill Decision::covered: whether the selectors of some policy, shadow ones too, match
  Deadline deadline;           // soon after it the decision is a deny, Reason::kBudget
};

class Engine;

// A decision whose charges are not settled yet: its effect cannot be read, so nobody can act on it
// by mistake. Valid until its context reads the next request. One that is never settled has used up
// nothing.
class [[nodiscard]] PendingDecision {
 public:
  PendingDecision(Context::Impl& state, const Engine& engine) : state_(&state), engine_(&engine) {}
  PendingDecision(PendingDecision&& other) noexcept : state_(std::exchange(other.state_, nullptr)), engine_(other.engine_) {}
  PendingDecision& operator=(PendingDecision&&) = delete;

  // What it uses up; empty for most decisions. A denial has none.
  std::span<LimitCharge> charges() const;
  ChargeMode charge_mode() const;

  // Settles in the engine's own ledger; without one, a decision with charges that are not advisory
  // is a deny, Reason::kLimit. The decision lives in the context until that reads the next request.
  const Decision& Settle() &&;
  // Settles in another one.
  const Decision& Settle(Ledger& ledger) &&;
  // The same for a host that has asked its counter itself, and has set `wait_nanos` and `is_shared`
  // of charges().
  const Decision& Settle(Settlement settlement) &&;

 private:
  Context::Impl* state_;
  const Engine* engine_;
};

// Decides. Immutable but for the ledger. Thread-safe: one Engine, many threads, a Context each.
class Engine {
 public:
  // `clock` is borrowed and must outlive the engine. Without a ledger, what `limit` rules apply to
  // is denied.
  Engine(std::shared_ptr<const PolicySet> policies, const Clock& clock, std::shared_ptr<Ledger> ledger = nullptr);

  // Reads one request (or AdmissionReview) in JSON. Never fails: what is wrong with it is a deny
  // with Reason::kBadRequest. `text` is borrowed during the call. Ends what the context held
  // before. Cost: about one pass over the text.
  ReadRequest& Read(std::string_view text, Context& context, const ReadOptions& options = {}) const;
  // The same from fields. Allocates nothing once the context is warm and the fields are ordinary:
  // no listing, no admission, and no rule reads a record, or the members above a field, as a whole.
  ReadRequest& Read(const FieldRequest& fields, Context& context) const;

  // Returns what rules that apply to the request want to know and nobody has told yet, each kind
  // and key once; empty when it can be decided. To be asked again after facts were provided, until
  // it is empty: what was asked once is not asked again, and after kMaxNeedRounds nothing is. Rules
  // whose condition is certainly false ask for nothing; a key that fails or is unknown asks for
  // nothing either. Valid until the next call. Cost: that of the candidates' guards.
  std::span<const Need> FindNeeds(ReadRequest& request, const Deadline& deadline = {}) const;

  // Decides what this engine has read; a request of another policy set is denied. Allocates nothing
  // when the decision carries no text, row or list.
  PendingDecision Decide(ReadRequest& request, const DecideOptions& options = {}) const;

  // Read, Decide and Settle in one, without facts of the host.
  const Decision& DecideJson(std::string_view text, Context& context, const DecideOptions& options = {},
                             const ReadOptions& read = {}) const;
  const Decision& DecideFields(const FieldRequest& request, Context& context, const DecideOptions& options = {}) const;

  // Prepares the target, scope, name and fields of `shared`, which are copied. Errors: what is
  // wrong with them as far as they can be told alone; what is not there yet is no error. Costs
  // about as much as a decision, and a copy of all slots; where fields have to become a document
  // (DecideFields), requests gain nothing by it.
  //   const FieldRequest shared{.target = Target::kTools, .scope = "github", .fields = principal};
  //   const PreparedFields caller = *engine.PrepareFields(shared, context);
  //   engine.DecideFields({.name = tool, .fields = args, .prepared = caller}, context);
  Result<PreparedFields> PrepareFields(const FieldRequest& shared, Context& context) const;

  // Returns the field of a path, or an invalid one when nothing can read it: no rule reads it, nor
  // something above it as a whole, nor anything below it, and no target needs it. O(depth * log
  // members). Paths without a slot are kept, at most 4096 of them: a field beyond those is valid,
  // and a request with it is refused. So find the paths that the host knows once; members whose
  // names callers choose (`args.*`) are better given as one map.
  FieldId FindField(std::string_view path) const;
  // Returns "" when requests of some target may have the path, whether or not a rule reads it; else
  // what is wrong: "no request has a member `principal.tennant`; did you mean "principal.tenant"?".
  // For a host to check its paths when it starts. O(members).
  std::string FieldFault(std::string_view path) const;

  const PolicySet& policies() const { return *policies_; }
  const Clock& clock() const { return *clock_; }
  Ledger* ledger() const { return ledger_.get(); }  // nullptr = none

 private:
  std::shared_ptr<const PolicySet> policies_;
  const Clock* clock_;
  std::shared_ptr<Ledger> ledger_;
};

}  // namespace writ
