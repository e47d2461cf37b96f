// Decisions as JSON, in the shape of docs/requests_and_decisions.md.
#include <algorithm>

#include "engine/json/json_writer.h"
#include "rules/base/check.h"
#include "writ/engine.h"

namespace writ {
namespace {

void WriteName(JsonWriter& json, const RuleOutcome& rule) {
  json.Key("package").String(rule.package);
  json.Key("policy").String(rule.policy);
  json.Key("rule").String(rule.rule_id);
  if (rule.key != RuleKey()) json.Key("key").String(RuleKeyText(rule.key));
}

void WritePlace(JsonWriter& json, const RuleOutcome& rule) {
  WriteName(json, rule);
  json.Key("verb").String(VerbName(rule.verb));
  json.Key("file").String(rule.file);
  json.Key("line").Raw(std::to_string(rule.line));
}

void WriteRules(JsonWriter& json, std::span<const RuleOutcome> rules) {
  json.Open('[');
  for (const RuleOutcome& rule : rules) {
    json.Open('{');
    WritePlace(json, rule);
    json.Key("outcome").String(OutcomeName(rule.outcome));
    json.Close('}');
  }
  json.Close(']');
}

void WriteErrors(JsonWriter& json, const std::vector<DecisionError>& errors) {
  json.Open('[');
  for (const DecisionError& error : errors) {
    json.Open('{');
    WriteName(json, error.rule);
    json.Key("file").String(error.rule.file);
    json.Key("line").Raw(std::to_string(error.rule.line));
    json.Key("error").String(error.text);
    if (error.in_shadow) json.Key("shadow").Raw("true");
    json.Close('}');
  }
  json.Close(']');
}

void WriteObligations(JsonWriter& json, const std::vector<Obligation>& obligations) {
  json.Open('[');
  for (const Obligation& obligation : obligations) {
    json.Open('{');
    json.Key(VerbName(obligation.verb)).String(obligation.target);
    switch (obligation.kind) {
      case MaskKind::kKeepLast: json.Key("keepLast").Raw(std::to_string(obligation.count)); break;
      case MaskKind::kKeepFirst: json.Key("keepFirst").Raw(std::to_string(obligation.count)); break;
      case MaskKind::kHash: json.Key("hash").String("sha256"); break;
      case MaskKind::kReplace: json.Key("with").String(obligation.replacement); break;
      case MaskKind::kNull: json.Key("null").Raw("true"); break;
    }
    json.Close('}');
  }
  json.Close(']');
}

void WriteReads(JsonWriter& json, const std::vector<std::pair<std::string, std::string>>& reads) {
  json.Key("reads").Open('[');
  for (const auto& [path, value] : reads) {
    json.Open('{');
    json.Key("path").String(path);
    json.Key("value").String(value);
    json.Close('}');
  }
  json.Close(']');
}

void WriteExpressionPlace(JsonWriter& json, const ExpressionPlace& place, std::string_view rule_file) {
  if (place.line == 0) return;
  if (place.file != rule_file) json.Key("file").String(place.file);
  json.Key("line").Raw(std::to_string(place.line));
  json.Key("column").Raw(std::to_string(place.column));
}

void WriteUnmet(JsonWriter& json, const std::vector<UnmetCondition>& unmet, std::string_view rule_file) {
  json.Key("unmet").Open('[');
  for (const UnmetCondition& part : unmet) {
    json.Open('{');
    json.Key("condition").String(part.condition);
    if (!part.let.empty()) json.Key("let").String(part.let);
    json.Key("outcome").String(OutcomeName(part.outcome));
    WriteExpressionPlace(json, part.place, rule_file);
    if (!part.failed.empty()) {
      json.Key("failed").Open('{');
      json.Key("expression").String(part.failed);
      WriteExpressionPlace(json, part.failed_place, rule_file);
      json.Close('}');
    }
    WriteReads(json, part.reads);
    json.Close('}');
  }
  json.Close(']');
}

void WriteExplained(JsonWriter& json, const std::vector<ExplainedRule>& explained) {
  json.Open('[');
  for (const ExplainedRule& rule : explained) {
    json.Open('{');
    WritePlace(json, rule.rule);
    json.Key("outcome").String(OutcomeName(rule.rule.outcome));
    if (!rule.match.empty()) {
      json.Key("match").Open('{');
      json.Key("condition").String(rule.match);
      json.Key("outcome").String(OutcomeName(rule.matched));
      json.Close('}');
    }
    if (!rule.condition.empty()) json.Key("condition").String(rule.condition);
    if (!rule.message.empty()) json.Key("message").String(rule.message);
    if (!rule.error.empty()) json.Key("error").String(rule.error);
    WriteReads(json, rule.reads);
    if (!rule.unmet.empty()) WriteUnmet(json, rule.unmet, rule.rule.file);
    json.Close('}');
  }
  json.Close(']');
}

// How many of each list were left out, where any were.
void WriteMore(JsonWriter& json, const LeftOut& more) {
  const std::pair<std::string_view, std::uint64_t> counts[] = {
      {"rules", more.rules}, {"messages", more.messages}, {"warnings", more.warnings},   {"errors", more.errors},
      {"notes", more.notes}, {"shadow", more.shadow},     {"explained", more.explained},
  };
  const auto is_any = [](const auto& count) { return count.second > 0; };
  if (std::none_of(std::begin(counts), std::end(counts), is_any)) return;
  json.Key("more").Open('{');
  for (const auto& [name, count] : counts) {
    if (count > 0) json.Key(name).Raw(std::to_string(count));
  }
  json.Close('}');
}

void WriteResidual(JsonWriter& json, const Residual& residual) {
  json.Key("residual").Open('{');
  json.Key("version").Raw("1");
  json.Key("cel").String(residual.cel);
  json.Key("tree").Raw(residual.tree_json);
  json.Close('}');
}

void WriteFactConditions(JsonWriter& json, const std::vector<FactCondition>& conditions) {
  json.Key("facts").Open('[');
  for (const FactCondition& condition : conditions) {
    json.Open('{');
    json.Key("kind").String(condition.kind);
    json.Key("key").String(condition.key);
    if (!condition.path.empty()) json.Key("path").String(condition.path);
    if (!condition.demands.empty()) {
      json.Key("when").String(condition.when);
      json.Key("demands").Strings(condition.demands);
      json.Key("of").Open('{');
      WriteName(json, condition.rule);
      json.Close('}');
    }
    json.Close('}');
  }
  json.Close(']');
}

void WriteOptional(JsonWriter& json, const Decision& decision) {
  if (decision.visible) json.Key("visible").Strings(*decision.visible);
  if (decision.row_json) json.Key("row").Raw(*decision.row_json);
  if (decision.residual) WriteResidual(json, *decision.residual);
  if (decision.residual_too_large) json.Key("residual_too_large").Raw("true");
  if (!decision.limits.empty()) {
    json.Key("limits");
    WriteRules(json, decision.limits);
  }
  if (decision.retry_after_seconds) json.Key("retryAfter").Raw(std::to_string(*decision.retry_after_seconds));
  if (!decision.notes.empty()) {
    json.Key("notes").Open('{');
    for (const auto& [name, text] : decision.notes) json.Key(name).String(text);
    json.Close('}');
  }
  if (!decision.shadow.empty()) {
    json.Key("shadow");
    WriteRules(json, decision.shadow);
  }
  if (!decision.explained.empty()) {
    json.Key("explained");
    WriteExplained(json, decision.explained);
  }
  WriteMore(json, decision.more);
}

}  // namespace

std::string RuleName(const RuleOutcome& rule) { return std::string(rule.shown_policy) + "." + std::string(rule.rule_id); }

std::string DecisionJson(const Decision& decision) {
  constexpr std::size_t kMostDecisions = 1'000;  // bytes of most of them
  std::string out;
  out.reserve(kMostDecisions);
  JsonWriter json(out);
  json.Open('{');
  json.Key("effect").String(EffectName(decision.effect));
  json.Key("reason").String(ReasonName(decision.reason));
  json.Key("rules");
  WriteRules(json, decision.rules);
  json.Key("messages").Strings(decision.messages);
  json.Key("warnings").Strings(decision.warnings);
  json.Key("errors");
  WriteErrors(json, decision.errors);
  json.Key("needs").Open('{');
  json.Key("scopes").Strings(decision.needs_scopes);
  if (!decision.needs_all.empty()) json.Key("all").Strings(decision.needs_all);
  if (!decision.needs_alternatives.empty()) {
    json.Key("alternatives").Open('[');
    for (const std::vector<std::string>& scopes : decision.needs_alternatives) json.Strings(scopes);
    json.Close(']');
  }
  if (!decision.needs_facts.empty()) WriteFactConditions(json, decision.needs_facts);
  json.Close('}');
  json.Key("obligations");
  WriteObligations(json, decision.obligations);
  WriteOptional(json, decision);
  json.Key("bundle").String(decision.bundle_digest);
  json.Close('}');
  return out;
}

std::string_view EffectName(Effect effect) {
  switch (effect) {
    case Effect::kAllow: return "allow";
    case Effect::kDeny: return "deny";
    case Effect::kConditional: return "conditional";
  }
  WRIT_CHECK(false);
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kTrue: return "true";
    case Outcome::kFalse: return "false";
    case Outcome::kError: return "error";
    case Outcome::kUnknown: return "unknown";
  }
  WRIT_CHECK(false);
}

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kRule: return "rule";
    case Reason::kDefault: return "default";
    case Reason::kScopes: return "scopes";
    case Reason::kLimit: return "limit";
    case Reason::kBudget: return "budget";
    case Reason::kBadRequest: return "bad_request";
    case Reason::kNotCanonical: return "not_canonical";
    case Reason::kUnknown: return "unknown";
  }
  WRIT_CHECK(false);
}

}  // namespace writ
