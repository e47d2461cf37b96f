#include "cli/report.h"

#include <algorithm>
#include <utility>

#include "cli/text.h"
#include "rules/base/utf8.h"
#include "rules/model/value.h"

namespace writ::cli {
namespace {

std::string MaskText(const Obligation& obligation) {
  switch (obligation.kind) {
    case MaskKind::kKeepLast: return "keep last " + std::to_string(obligation.count);
    case MaskKind::kKeepFirst: return "keep first " + std::to_string(obligation.count);
    case MaskKind::kHash: return "hash";
    case MaskKind::kReplace: return "with \"" + std::string(obligation.replacement) + "\"";
    case MaskKind::kNull: return "null";
  }
  return {};
}

std::string RuleAndPlace(const RuleOutcome& rule) { return RuleName(rule) + ", " + RulePlace(rule); }

// A message stands beside the rule that says it. Rules without a message of their own follow.
void AddReasons(const Decision& decision, std::vector<std::string>& lines) {
  std::vector<RuleId> told;
  for (std::size_t i = 0; i < decision.messages.size(); ++i) {
    const TextSource source = i < decision.message_sources.size() ? decision.message_sources[i] : TextSource();
    if (source.rules == 1) told.push_back(source.rule.rule);
    lines.push_back(decision.messages[i] + (source.rules == 1 ? "  [" + RuleAndPlace(source.rule) + "]" : ""));
  }
  for (const RuleOutcome& rule : decision.rules) {
    if (std::find(told.begin(), told.end(), rule.rule) != told.end()) continue;
    lines.push_back(std::string(VerbName(rule.verb)) + " by " + RuleAndPlace(rule));
  }
}

std::string Behind(const std::string& text) { return text.empty() ? "" : "  " + text; }

// "and 49900 more rules" and so on, for each list that is cut.
void AddLeftOut(const LeftOut& more, std::vector<std::string>& lines) {
  struct Row {
    std::uint64_t count;
    std::string_view one, many;
  };
  const Row rows[] = {{more.rules, "rule", "rules"},
                      {more.messages, "message", "messages"},
                      {more.warnings, "warning", "warnings"},
                      {more.errors, "error", "errors"},
                      {more.notes, "note", "notes"},
                      {more.shadow, "rule in shadow mode", "rules in shadow mode"},
                      {more.explained, "rule to explain", "rules to explain"}};
  for (const Row& row : rows) {
    if (row.count > 0) lines.push_back("and " + std::to_string(row.count) + " more " + std::string(row.count == 1 ? row.one : row.many));
  }
}

std::string ReasonText(const Decision& decision) {
  switch (decision.reason) {
    case Reason::kRule:
    case Reason::kUnknown:
    case Reason::kBadRequest:
    case Reason::kNotCanonical: return {};
    case Reason::kDefault: return decision.effect == Effect::kDeny ? "no rule allows it" : "";
    case Reason::kScopes: return "only a scope is missing";
    case Reason::kLimit: return "a quota is used up";
    case Reason::kBudget: return "the evaluation took more than its limits allow";
  }
  return {};
}

void AddResidual(const Decision& decision, std::vector<std::string>& lines) {
  if (decision.residual) lines.push_back("if " + decision.residual->cel);
  if (decision.residual_too_large) lines.push_back("if a condition holds that is too large to show");
  for (const FactCondition& condition : decision.needs_facts) {
    if (condition.demands.empty()) {
      lines.push_back("where " + condition.path + " is the fact " + condition.kind + " of " + condition.key);
      continue;
    }
    std::string line = "and if image " + condition.key + " is ";
    for (const std::string& demand : condition.demands) line += (&demand == condition.demands.data() ? "" : " and ") + demand;
    if (condition.when != "true") line += ", when " + condition.when;
    lines.push_back(std::move(line));
  }
}

}  // namespace

std::string RulePlace(const RuleOutcome& rule) { return std::string(rule.file) + ":" + std::to_string(rule.line); }

std::string ExpressionPlaceText(const ExpressionPlace& place) {
  if (place.line == 0) return {};
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

std::string EffectText(Effect effect, bool colour) {
  switch (effect) {
    case Effect::kAllow: return Styled("allow", Style::kGreen, colour);
    case Effect::kDeny: return Styled("deny", Style::kRed, colour);
    case Effect::kConditional: return Styled("conditional", Style::kYellow, colour);
  }
  return {};
}

std::vector<std::string> DecisionLines(const Decision& decision) {
  std::vector<std::string> lines;
  AddReasons(decision, lines);
  if (const std::string reason = ReasonText(decision); !reason.empty()) lines.push_back(reason);
  for (const std::string& scope : decision.needs_scopes) lines.push_back("needs scope \"" + scope + "\"");
  if (decision.retry_after_seconds) lines.push_back("retry after " + Counted(*decision.retry_after_seconds, "second"));
  AddResidual(decision, lines);
  if (decision.visible) {
    std::string names;
    for (const std::string& name : *decision.visible) names += (names.empty() ? "" : ", ") + name;
    lines.push_back("visible: " + (names.empty() ? std::string("nothing") : names));
  }
  if (decision.row_json) lines.push_back("row: " + *decision.row_json);
  for (const Obligation& obligation : decision.obligations) {
    lines.push_back(std::string(VerbName(obligation.verb)) + " " + std::string(obligation.target) + " " + MaskText(obligation));
  }
  for (const std::string& warning : decision.warnings) lines.push_back("warning: " + warning);
  for (const DecisionError& error : decision.errors) {
    lines.push_back(std::string("error in ") + (error.in_shadow ? "shadow, " : "") + RuleAndPlace(error.rule) + ": " + error.text);
  }
  for (const auto& [name, text] : decision.notes) lines.push_back("note " + name + ": " + text);
  for (const RuleOutcome& rule : decision.shadow) {
    lines.push_back("in shadow: " + std::string(VerbName(rule.verb)) + " by " + RuleAndPlace(rule));
  }
  AddLeftOut(decision.more, lines);
  for (std::string& line : lines) line = Printable(line);
  return lines;
}

std::vector<std::string> UnmetLines(const std::vector<UnmetCondition>& unmet) {
  constexpr std::size_t kMaxValueBytes = 120, kMaxConditionBytes = 400;
  std::vector<std::string> lines;
  for (const UnmetCondition& part : unmet) {
    const std::string place = ExpressionPlaceText(part.place), failed_place = ExpressionPlaceText(part.failed_place);
    std::string line = Padded(OutcomeName(part.outcome), 9) + " " + std::string(std::min(part.depth, 20U) * std::size_t{2}, ' ') +
                       Shorten(part.condition, kMaxConditionBytes) + Behind(place);
    for (std::size_t i = 0; i < part.reads.size(); ++i) {
      const auto& [path, value] = part.reads[i];
      line += (i == 0 ? "  (" : ", ") + path + " = " + Shorten(value, kMaxValueBytes);
    }
    if (!part.reads.empty()) line += ')';
    if (!part.failed.empty()) line += "  failed: " + Shorten(part.failed, kMaxConditionBytes);
    if (failed_place != place) line += Behind(failed_place);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string NotCoveredText(const Decision& decision) {
  const bool is_admission = decision.target == Target::kAdmission;
  return "no policy for " + std::string(InfoOf(decision.target).name) + " is about " + (is_admission ? "this kind and operation" : "it");
}

std::string WithMember(std::string object, std::string_view name, std::string_view json_value) {
  object.pop_back();
  if (object.size() > 1) object += ',';
  AppendJsonString(name, object);
  object += ':';
  object += json_value;
  object += '}';
  return object;
}

void PrintJsonList(const std::vector<std::string>& objects, const Console& console) {
  if (objects.size() == 1) {
    console.out << PrintableJson(objects.front()) << "\n";
    return;
  }
  console.out << "[";
  for (std::size_t i = 0; i < objects.size(); ++i) console.out << (i == 0 ? "\n" : ",\n") << PrintableJson(objects[i]);
  console.out << (objects.empty() ? "]\n" : "\n]\n");
}

}  // namespace writ::cli
