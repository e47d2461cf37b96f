// One decision: candidate rules are evaluated, then combined; see decide.h.
#include "engine/decide/decide.h"

#include <algorithm>
#include <vector>

#include "engine/decide/candidates.h"
#include "engine/decide/combine.h"
#include "engine/decide/evaluate.h"
#include "engine/decide/explain.h"
#include "engine/decide/known_facts.h"
#include "engine/request/read.h"

namespace writ {
namespace {

constexpr std::uint64_t kStepsPerTool = 20;  // reading one of a listing

const char* LateOrSpent(Deciding& deciding) {
  return deciding.context.evaluator.is_late() ? kLateText : "the decision passed its budget of steps or memory";
}

// A time that cannot be read is absent. Where nothing allows and an allow failed for that, it is
// the request that is wrong, but for the targets whose callers do not know what a context is for
// us.
void BlameTime(Deciding& deciding, Decision& decision) {
  if (decision.effect != Effect::kDeny || decision.reason != Reason::kDefault || deciding.request.target() == Target::kAccess) return;
  const bool is_blamed = std::any_of(deciding.context.results.begin(), deciding.context.results.end(), [](const RuleResult& result) {
    return result.error.is(Kind::kError) && result.error.error() == ValueError::kNoSuchKey && result.error.string() == "time";
  });
  if (!is_blamed) return;
  decision.reason = Reason::kBadRequest;
  decision.messages.push_back(deciding.request.time_fault);
}

}  // namespace

void ForgetAllBut(Decision& decision) {
  const Target target = decision.target;
  const std::string_view digest = decision.bundle_digest;
  std::string uid = std::move(decision.admission_uid);
  decision.Clear();
  decision.target = target;
  decision.bundle_digest = digest;
  decision.admission_uid = std::move(uid);
}

void DenyByBudget(Deciding& deciding, Decision& decision) {
  ForgetAllBut(decision);
  deciding.context.charges.clear();
  decision.reason = Reason::kBudget;
  decision.messages.emplace_back(LateOrSpent(deciding));
}

void Decide(Deciding& deciding, Decision& decision) {
  decision.target = deciding.request.target();
  decision.admission_uid = deciding.request.admission_uid;
  deciding.context.evaluator.Begin(deciding.policies.runtime, deciding.context.slots, deciding.options.deadline);
  BindFacts(deciding, UntoldFor(deciding));
  EvaluateCandidates(deciding);
  if (deciding.options.find_coverage) decision.covered = IsCovered(deciding);
  Combine(deciding, decision);
  if (!deciding.request.time_fault.empty()) BlameTime(deciding, decision);
  if (deciding.context.evaluator.exhausted()) DenyByBudget(deciding, decision);
  if (deciding.options.explain) Explain(deciding, decision);
  FitTexts(decision);
}

Status DecideListing(Deciding& deciding, Decision& decision) {
  decision.target = deciding.request.target();
  decision.effect = Effect::kAllow;
  decision.reason = Reason::kRule;
  decision.visible.emplace();
  deciding.context.evaluator.Begin(deciding.policies.runtime, deciding.context.slots, deciding.options.deadline);
  std::vector<bool> is_told;  // by RuleId: its error, once for all tools
  for (const JsonNode& tool : deciding.request.list.items()) {
    Status read = ReadListedTool(tool, deciding.context.reading);
    if (!read && deciding.context.reading.refusal == Reason::kNotCanonical) {  // a call of it would be denied: it is not shown
      if (decision.warnings.empty()) decision.warnings.push_back("not listed: " + read.error().message);
      continue;
    }
    if (!read) return read;
    deciding.context.evaluator.ForgetShared();
    deciding.context.evaluator.Spend(kStepsPerTool + deciding.request.shape->tool_slots.size());
    BindFacts(deciding, UntoldFor(deciding));
    EvaluateCandidates(deciding);
    if (deciding.context.evaluator.exhausted()) {
      DenyByBudget(deciding, decision);
      decision.visible.emplace();
      return OkStatus();
    }
    const Counts counts = Count(deciding);
    if (counts.denials == 0 && counts.allows + counts.possible_allows > 0) decision.visible->emplace_back(deciding.request.name);
    for (const RuleResult& result : deciding.context.results) {
      if (result.error.is(Kind::kAbsent)) continue;
      is_told.resize(deciding.program.rules.size());
      if (!is_told[result.rule.index]) AddError(deciding, result, decision);
      is_told[result.rule.index] = true;
    }
  }
  FitTexts(decision);
  if (!deciding.options.explain) return OkStatus();
  // A second round: explaining begins evaluations anew, which would give the listing a fresh
  // budget.
  for (const JsonNode& tool : deciding.request.list.items()) {
    if (ReadListedTool(tool, deciding.context.reading)) Explain(deciding, decision);
  }
  return OkStatus();
}

}  // namespace writ
