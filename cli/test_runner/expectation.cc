#include "cli/test_runner/expectation.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "cli/report.h"
#include "cli/test_runner/constant.h"
#include "cli/test_runner/scene.h"
#include "dsl/diagnostics/diagnostic.h"
#include "dsl/parse/parser.h"

namespace writ::cli {
namespace {

using Json = nlohmann::ordered_json;
using Effect = dsl::Expectation::Effect;

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string Joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

bool AnyContains(const std::vector<std::string>& texts, std::string_view part) {
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

// A decision that says nothing about the policies.
std::string Unusable(const Decision& decision) {
  if (decision.reason == Reason::kBadRequest) return "the request is not valid: " + Joined(decision.messages);
  if (decision.reason == Reason::kBudget) return "the evaluation took more than its limits allow";
  return {};
}

std::string EffectMismatch(Effect expected, const Decision& decision) {
  const bool is_allowed = decision.effect == writ::Effect::kAllow;
  switch (expected) {
    case Effect::kAllow:
    case Effect::kVisible: return is_allowed ? "" : "expected allow, got " + std::string(EffectName(decision.effect));
    case Effect::kDeny:
    case Effect::kHidden:
      return decision.effect == writ::Effect::kDeny ? "" : "expected deny, got " + std::string(EffectName(decision.effect));
    case Effect::kWarn:
      if (!is_allowed) return "expected a warning, got " + std::string(EffectName(decision.effect));
      return decision.warnings.empty() ? "expected a warning, got none" : "";
    case Effect::kConditional:
      return decision.effect == writ::Effect::kConditional ? "" : "expected conditional, got " + std::string(EffectName(decision.effect));
    case Effect::kNames:
    case Effect::kFilterText:
    case Effect::kFilterAll:
    case Effect::kFilterNone: return {};  // compared by their own functions
  }
  return {};
}

std::string CoverageMismatch(bool expected, const Decision& decision) {
  if (expected == decision.covered) return {};
  return expected ? "expected covered, but " + NotCoveredText(decision) : "expected not covered, but some policy is about it";
}

// A rule that failed is named only by an expectation that says `error`.
bool MayName(const dsl::Expectation& expect, Outcome outcome) { return expect.error || outcome != Outcome::kError; }

// Whether a test means this rule by `p`, `p.r2`, `acme.p` or `acme.p.r2`.
bool IsNamed(std::string_view by, const RuleOutcome& rule) {
  const std::string policy(rule.policy), full = policy + "." + std::string(rule.rule_id), package = std::string(rule.package) + ".";
  return by == policy || by == full || (!rule.package.empty() && (by == package + policy || by == package + full));
}

std::string ByMismatch(const dsl::Expectation& expect, const Decision& decision) {
  if (expect.by.text.empty()) return {};
  bool has_failed = false;
  for (const RuleOutcome& rule : decision.rules) {
    if (!IsNamed(expect.by.text, rule)) continue;
    if (MayName(expect, rule.outcome)) return {};
    has_failed = true;
  }
  const std::string name(expect.by.text);
  if (name == "default" && decision.reason == Reason::kDefault && decision.rules.empty()) return {};
  if (name == "default") return "some rule decided, not the default";
  if (has_failed) return name + " determines by a rule that failed: `error` expects that";
  return name + " is not among the determining ones";
}

std::string ShadowMismatch(const dsl::Expectation& expect, const Decision& decision) {
  for (const dsl::Expectation::Shadow& shadow : expect.shadows) {
    const bool is_allow = shadow.effect == Effect::kAllow;
    const auto is_meant = [&](const RuleOutcome& rule) {
      return (rule.verb == Verb::kAllow) == is_allow && MayName(expect, rule.outcome) &&
             (shadow.by.text.empty() || IsNamed(shadow.by.text, rule));
    };
    if (std::any_of(decision.shadow.begin(), decision.shadow.end(), is_meant)) continue;
    const std::string by = shadow.by.text.empty() ? "no policy" : std::string(shadow.by.text) + " is not among those that";
    return by + " in shadow mode would " + (is_allow ? "allow" : "deny");
  }
  return {};
}

std::string RedactionMismatch(const dsl::Expectation& expect, const Decision& decision) {
  for (const dsl::Expectation::Redaction& wanted : expect.redactions) {
    const auto is_same = [&](const Obligation& obligation) {
      return obligation.verb == Verb::kRedact && obligation.target == wanted.pointer.value && obligation.kind == wanted.mask.kind &&
             obligation.count == wanted.mask.count && obligation.replacement == wanted.mask.replacement.value;
    };
    if (std::none_of(decision.obligations.begin(), decision.obligations.end(), is_same))
      return "the decision does not redact " + Quoted(wanted.pointer.value) + " so";
  }
  return {};
}

std::string RetryMismatch(const dsl::Expectation& expect, const Decision& decision) {
  if (!expect.retry_after_nanos) return {};
  constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
  if (!decision.retry_after_seconds) return "no limit says when to try again";
  const std::string got = std::to_string(*decision.retry_after_seconds) + " s";
  const bool is_same = *expect.retry_after_nanos % kNanosPerSecond == 0 &&
                       static_cast<std::uint64_t>(*expect.retry_after_nanos / kNanosPerSecond) == *decision.retry_after_seconds;
  return is_same ? "" : "the limit has room after " + got;
}

std::string BecauseMismatch(const dsl::Expectation& expect, const Decision& decision) {
  const bool is_warning = expect.effect == Effect::kWarn;
  const std::vector<std::string>& texts = is_warning ? decision.warnings : decision.messages;
  const std::vector<TextSource>& sources = is_warning ? decision.warning_sources : decision.message_sources;
  std::vector<std::string> held, failed;
  for (std::size_t i = 0; i < texts.size(); ++i) (i < sources.size() && sources[i].failed() ? failed : held).push_back(texts[i]);
  for (const DecisionError& error : decision.errors) failed.push_back(error.text);
  for (const dsl::StringLiteral& part : expect.because) {
    if (AnyContains(held, part.value) || (expect.error && AnyContains(failed, part.value))) continue;
    const std::string missing = std::string("no ") + (is_warning ? "warning" : "message") + " contains " + Quoted(part.value);
    return missing + (AnyContains(failed, part.value) ? " but of a rule that failed: `error` expects that" : "");
  }
  return {};
}

std::string ScopeMismatch(const dsl::Expectation& expect, const Decision& decision) {
  for (const dsl::StringLiteral& scope : expect.needs_scopes) {
    if (std::find(decision.needs_scopes.begin(), decision.needs_scopes.end(), scope.value) == decision.needs_scopes.end()) {
      return "scope " + Quoted(scope.value) + " is not asked for";
    }
  }
  return {};
}

std::string NamesMismatch(const dsl::Expectation& expect, const Decision& decision) {
  if (!decision.visible) return "the decision is not about a list";
  std::vector<std::string> names;
  for (const dsl::Pattern& name : expect.names) names.push_back(LiteralName(name));
  return names == *decision.visible ? "" : "expected [" + Joined(names) + "], got [" + Joined(*decision.visible) + "]";
}

Result<std::string> ColumnMismatch(const TestData& data, const dsl::Expectation& expect, const Decision& decision) {
  if (expect.columns.empty()) return std::string();
  const Json row = decision.row_json ? Json::parse(*decision.row_json, nullptr, false) : Json();
  if (!row.is_object()) return std::string("the decision shows no row");
  for (const dsl::Expectation::ColumnValue& column : expect.columns) {
    const Result<Json> expected = ConstantJson(data, column.value);
    if (!expected) return expected.error();
    const auto found = row.find(std::string(column.column.text));
    if (found == row.end()) return "the row has no column " + std::string(column.column.text);
    if (*found != *expected)
      return "column " + std::string(column.column.text) + ": expected " + expected->dump() + ", got " + found->dump();
  }
  return std::string();
}

constexpr std::size_t kMaxUnheld = 3;

bool IsExpectedByName(const dsl::Expectation& expect, const RuleOutcome& rule) {
  if (!expect.by.text.empty() && IsNamed(expect.by.text, rule)) return true;
  return std::any_of(expect.shadows.begin(), expect.shadows.end(),
                     [&](const dsl::Expectation::Shadow& shadow) { return !shadow.by.text.empty() && IsNamed(shadow.by.text, rule); });
}

// Would the decision be nearer to what is expected if the rule had held? A requirement that is met
// denies nothing.
// More allows help against no rule that denies.
bool WouldHelp(const dsl::Expectation& expect, const Decision& decision, Verb verb) {
  const bool is_denied = decision.reason == Reason::kRule || decision.reason == Reason::kLimit;
  switch (expect.effect) {
    case Effect::kAllow:
    case Effect::kVisible: return (verb == Verb::kAllow && !is_denied) || verb == Verb::kRequire;
    case Effect::kDeny:
    case Effect::kHidden: return verb == Verb::kDeny;
    case Effect::kWarn: return verb == Verb::kWarn || verb == Verb::kDeny;
    case Effect::kConditional:
    case Effect::kNames:
    case Effect::kFilterText:
    case Effect::kFilterAll:
    case Effect::kFilterNone: return false;
  }
  return false;
}

// A requirement that is not met denies whatever allows: it comes first. Parts of a `let` do not
// count.
std::pair<bool, std::size_t> Distance(const ExplainedRule& explained) {
  const auto is_own = [](const UnmetCondition& part) { return part.depth == 0; };
  return {explained.rule.verb != Verb::kRequire, std::count_if(explained.unmet.begin(), explained.unmet.end(), is_own)};
}

// A condition in canonical spelling; as it is when it does not parse.
std::string Canonical(std::string_view text) {
  const SourceFile file{"filter", std::string(text)};
  dsl::DiagnosticSink sink;
  dsl::FileTree tree;
  const std::optional<dsl::ExprId> expr = dsl::ParseExpressionOnly(file, FileId(0), tree, sink);
  return expr ? dsl::ExprText(tree, *expr) : std::string(text);
}

// The condition that is left, for comparing and for showing.
std::string ResidualText(const Decision& decision) { return decision.residual ? decision.residual->cel : "a condition too large to show"; }

bool IsResidual(const Decision& decision, std::string_view condition) {
  return decision.residual && Canonical(decision.residual->cel) == Canonical(condition);
}

std::string ResidualMismatch(const dsl::Expectation& expect, const Decision& decision) {
  const std::string_view condition = expect.condition.value;
  if (expect.effect != Effect::kConditional || condition.empty() || IsResidual(decision, condition)) return {};
  return "expected conditional " + Quoted(condition) + ", got " + Quoted(ResidualText(decision));
}

}  // namespace

Result<std::string> Mismatch(const TestData& data, const dsl::TestStep& test_case, const Decision& decision) {
  const dsl::Expectation& expect = test_case.expect;
  if (std::string unusable = Unusable(decision); !unusable.empty()) return unusable;
  if (expect.covered) return CoverageMismatch(*expect.covered, decision);
  if (expect.effect == Effect::kNames) return NamesMismatch(expect, decision);
  for (std::string mismatch : {EffectMismatch(expect.effect, decision), ByMismatch(expect, decision), BecauseMismatch(expect, decision),
                               ScopeMismatch(expect, decision), ShadowMismatch(expect, decision), RedactionMismatch(expect, decision),
                               RetryMismatch(expect, decision), ResidualMismatch(expect, decision)}) {
    if (!mismatch.empty()) return mismatch;
  }
  if (expect.error && decision.errors.empty()) return std::string("expected an error of a rule, got none");
  return ColumnMismatch(data, expect, decision);
}

Result<std::string> FilterMismatch(const dsl::TestStep& test_case, const Decision& decision) {
  if (std::string unusable = Unusable(decision); !unusable.empty()) return unusable;
  const dsl::Expectation& expect = test_case.expect;
  const std::string got = decision.effect == writ::Effect::kAllow  ? "all"
                          : decision.effect == writ::Effect::kDeny ? "none"
                                                                   : Quoted(ResidualText(decision));
  if (expect.effect == Effect::kFilterAll) return got == "all" ? std::string() : "expected all, got " + got;
  if (expect.effect == Effect::kFilterNone) return got == "none" ? std::string() : "expected none, got " + got;
  const bool is_equal = decision.effect == writ::Effect::kConditional && IsResidual(decision, expect.condition.value);
  return is_equal ? std::string() : "expected " + Quoted(expect.condition.value) + ", got " + got;
}

std::vector<const ExplainedRule*> UnheldRules(const dsl::Expectation& expect, const Decision& decision) {
  std::vector<const ExplainedRule*> named, near;
  if (expect.covered || !Unusable(decision).empty()) return named;
  const bool lacks_effect = !EffectMismatch(expect.effect, decision).empty() || !BecauseMismatch(expect, decision).empty();
  for (const ExplainedRule& explained : decision.explained) {
    if (explained.unmet.empty()) continue;
    if (IsExpectedByName(expect, explained.rule)) named.push_back(&explained);
    if (lacks_effect && WouldHelp(expect, decision, explained.rule.verb)) near.push_back(&explained);
  }
  std::vector<const ExplainedRule*>& found = named.empty() ? near : named;
  std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return Distance(*a) < Distance(*b); });
  if (found.size() > kMaxUnheld) found.resize(kMaxUnheld);
  return found;
}

std::string Summary(const Decision& decision) {
  std::string text(EffectName(decision.effect));
  if (decision.visible) return text + " [" + Joined(*decision.visible) + "]";
  for (const RuleOutcome& rule : decision.rules) text += " by " + RuleName(rule);
  for (const std::string& message : decision.messages) text += " because " + Quoted(message);
  for (const std::string& warning : decision.warnings) text += " warn " + Quoted(warning);
  for (const std::string& scope : decision.needs_scopes) text += " needs scope " + Quoted(scope);
  if (decision.effect == writ::Effect::kConditional) text += " if " + ResidualText(decision);
  if (decision.row_json) text += ", row " + *decision.row_json;
  return text;
}

}  // namespace writ::cli
