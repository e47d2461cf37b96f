// One decision: candidate rules are evaluated, then combined as docs/language.md, "What is decided", says.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "engine/decide/context.h"
#include "engine/decide/policy_set.h"
#include "engine/fact/image_fact.h"
#include "engine/request/request.h"
#include "writ/engine.h"

namespace writ {

class ResidualBuilder;

// Makes a decision that of nothing but what it is about: a deny that says nothing yet.
void ForgetAllBut(Decision& decision);

// Returns what is left of a decision that hangs on nothing but limits.
Residual ResidualOfTrue();

// What a decision says that was cut off by its deadline.
inline constexpr const char* kLateText = "the decision was not made within the time that the request allows";

// Returns what a condition came to. One that is no bool becomes an error: the verifier does not know types.
Outcome OutcomeOf(Value& condition);

// Decides one request whose slots stand in `context.slots`. Made anew for each; borrows everything. Not thread-safe.
class Decider {
 public:
  Decider(const PolicySet::Impl& policies, Context::Impl& context, const DecideOptions& options)
      : policies_(policies),
        program_(policies.runtime.program()),
        context_(context),
        request_(context.reading.request),
        options_(options) {}

  // Fills `decision`, which must be fresh.
  void Decide(Decision& decision);

  // What the host has to find out first (writ/engine.h).
  std::vector<Need> FindNeeds();

  // Decides a listing. Errors: a tool that is none.
  Status DecideListing(Decision& decision);

  // What settling the charges makes of the decision.
  void ApplySettlement(Settlement settlement, Decision& decision);

 private:
  struct Counts {
    std::uint32_t denials = 0, possible_denials = 0, allows = 0, possible_allows = 0;
  };

  const Rule& RuleOf(const RuleResult& result) const { return program_.rules[result.rule.index]; }
  PolicyMode ModeOf(const RuleResult& result) const { return program_.policies[RuleOf(result).policy.index].mode; }
  Roles EnforcedRolesOf(const RuleResult& result) const;
  bool IsEnforced(const RuleResult& result, Role wanted) const { return EnforcedRolesOf(result).Is(wanted); }

  // The rules that apply, which for a subresource are also those of its parent's kind; candidates leave out what is certainly false.
  void FindCandidates(std::vector<RuleId>& rules) const;
  void FindApplying(std::vector<RuleId>& rules) const;
  [[gnu::cold]] void BlameTime(Decision& decision) const;
  void Evaluate();
  bool IsCovered();
  bool IsMatched(const Rule& rule) const;
  RuleResult EvaluateRule(RuleId id, ReadObserver* observer);
  RuleResult EvaluateMatched(RuleId id, ReadObserver* observer);
  void EvaluateScopes(const Rule& rule, RuleResult& result) const;
  void EvaluateImages(const Rule& rule, RuleResult& result, ReadObserver* observer);
  RuleResult EvaluateSignatures(const ImageSpec& spec, ReadObserver* observer);
  RuleResult EvaluateDemand(const SignatureDemand& demand, std::string_view image, ReadObserver* observer);
  Outcome AttestedBy(const SignatureDemand& demand, const Value* fact, std::string_view signer, ReadObserver* observer, RuleResult& result);
  Outcome PartAttested(const SignatureDemand& demand, std::span<const Attestation> attestations, ReadObserver* observer,
                       RuleResult& result);
  using NeedPositions = std::map<std::string, std::size_t, std::less<>>;  // by key
  void AddNeeds(const ImageSpec& spec, std::vector<Need>& needs, NeedPositions& positions);
  Value RunOnPredicate(NodeId condition, const Value& predicate, ReadObserver* observer);
  Value Scopes() const;
  bool HasScope(std::string_view scope) const;
  Counts Count() const;

  void Combine(Decision& decision);
  void CombineAllowers(const Counts& counts, Decision& decision);
  void AddRules(Role role, Decision& decision);
  void AddRule(const RuleResult& result, Decision& decision) const;
  void AddErrors(Decision& decision) const;
  [[gnu::cold]] void AddError(const RuleResult& result, Decision& decision) const;
  void AddShadow(Decision& decision) const;
  [[gnu::cold]] void AddMissingScopes(Decision& decision);
  Value* GrantedScopes(std::size_t more);
  bool HoldsWithScopes(const Rule& rule, Value* granted);
  void ReplaceInParent(SlotId slot, const Value& value);
  [[gnu::cold]] void AddResidual(bool is_allow_needed, Decision& decision);
  void HideSecrets();
  bool HasMaskedColumn(const Value& row) const;
  bool AreImagesOpen(const ImageSpec& spec);
  void AddImageCondition(const RuleResult& result, ResidualBuilder& builder, Decision& decision) const;

  // One of the two lists that rules speak into.
  struct TextList {
    std::vector<std::string>& texts;
    std::vector<TextSource>& sources;
    std::uint64_t& left_out;
  };
  static TextList ListFor(PolicyMode mode, Decision& decision);
  void AddText(const RuleResult& result, std::string text, const TextList& list) const;
  void AddTexts(Decision& decision);
  void AddHeldText(const RuleResult& result, Decision& decision);
  [[gnu::cold]] void AddFailures(PolicyMode mode, Decision& decision) const;
  void AddDenialTexts(const RuleResult& result, const TextList& list);
  std::string WhyNot(const SignatureDemand& demand, std::string_view image) const;
  void AddImageTexts(const RuleResult& result, const TextList& list);
  bool IsMaskedColumn(std::string_view column) const;
  void HideMaskedColumns();
  std::string RuleText(const RuleResult& result);
  std::string FailureText(std::string_view error, std::span<const RuleId> first, std::uint64_t rules) const;
  std::string PublicErrorText(const Value& error) const;

  void ApplyLimits(Decision& decision);
  void CollectCharges(PolicyMode mode, Decision& decision);
  void AddCharge(const RuleResult& result, Decision& decision);
  void WarnOfSharedBuckets(Decision& decision) const;
  void AddUndecidedLimit(const RuleResult& result, Decision& decision) const;
  void ReportFailedLimit(const RuleResult& result, const Value& fault, Decision& decision);
  std::string LimitText(const Rule& rule);
  [[gnu::cold]] void DenyByLimits(Decision& decision);
  [[gnu::cold]] void DenyUncounted(Decision& decision);
  static void BecomeLimited(Decision& decision);
  [[gnu::cold]] void WarnOfLimits(Decision& decision);
  void AddObligations(Decision& decision) const;
  void AddRow(Decision& decision);
  Value WithoutMaskedRelations(const Value& row);
  bool IsMaskedRelation(std::string_view member) const;
  [[gnu::cold]] void DenyByBudget(Decision& decision) const;
  const char* LateOrSpent() const;

  void Explain(Decision& decision);
  ExplainedRule ExplainRule(RuleId id);
  void ExplainUnmet(std::size_t first, std::size_t bytes, Decision& decision);
  void AddUnmetScopes(const Rule& rule, std::size_t& bytes, ExplainedRule& explained) const;
  std::string ShowRead(SlotId slot, const Value& value) const;

  const PolicySet::Impl& policies_;
  const Program& program_;
  Context::Impl& context_;
  const Request& request_;
  const DecideOptions& options_;
  mutable const MapData* scope_set_ = nullptr;  // of the principal, when there are many and some rule asked
};

}  // namespace writ
