#include "cli/report.h"

#include "cli/text.h"
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

// Messages stand beside their rules when there is one for each; both lists are in rule order.
void AddReasons(const Decision& decision, std::vector<std::string>& lines) {
  if (decision.messages.size() == decision.rules.size()) {
    for (std::size_t i = 0; i < decision.rules.size(); ++i) {
      lines.push_back(decision.messages[i] + "  [" + RuleName(decision.rules[i]) + ", " + RulePlace(decision.rules[i]) + "]");
    }
    return;
  }
  for (const std::string& message : decision.messages) lines.push_back(message);
  for (const RuleOutcome& rule : decision.rules) {
    lines.push_back(std::string(VerbName(rule.verb)) + " by " + RuleName(rule) + ", " + RulePlace(rule));
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

}  // namespace

std::string RuleName(const RuleOutcome& rule) { return std::string(rule.policy) + "." + std::string(rule.rule_id); }

std::string RulePlace(const RuleOutcome& rule) { return std::string(rule.file) + ":" + std::to_string(rule.line); }

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
  if (!decision.residual.empty()) lines.push_back("if " + decision.residual);
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
    lines.push_back("error in " + RuleName(error.rule) + ", " + RulePlace(error.rule) + ": " + error.text);
  }
  for (const auto& [name, text] : decision.notes) lines.push_back("note " + name + ": " + text);
  for (const RuleOutcome& rule : decision.shadow) {
    lines.push_back("in shadow: " + std::string(VerbName(rule.verb)) + " by " + RuleName(rule) + ", " + RulePlace(rule));
  }
  for (std::string& line : lines) line = Printable(line);
  return lines;
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
    console.out << objects.front() << "\n";
    return;
  }
  console.out << "[";
  for (std::size_t i = 0; i < objects.size(); ++i) console.out << (i == 0 ? "\n" : ",\n") << objects[i];
  console.out << (objects.empty() ? "]\n" : "\n]\n");
}

}  // namespace writ::cli
