// `writ explain`: every applying rule with its outcome and the values that its condition read.
#include "cli/commands.h"
#include "cli/deciding.h"
#include "cli/report.h"
#include "cli/text.h"

namespace writ::cli {
namespace {

Style OutcomeStyle(Outcome outcome) {
  switch (outcome) {
    case Outcome::kTrue: return Style::kGreen;
    case Outcome::kFalse: return Style::kDim;
    case Outcome::kError: return Style::kRed;
    case Outcome::kUnknown: return Style::kYellow;
  }
  return Style::kPlain;
}

void PrintRule(const ExplainedRule& explained, const Console& console) {
  const RuleOutcome& rule = explained.rule;
  console.out << "  " << Padded(std::string(VerbName(rule.verb)), 8)
              << Styled(Padded(std::string(OutcomeName(rule.outcome)), 8), OutcomeStyle(rule.outcome), console.colour_out)
              << Printable(RuleName(rule)) << "  " << Printable(RulePlace(rule)) << "\n";
  const auto detail = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) console.out << "      " << Padded(name, 10) << Printable(text) << "\n";
  };
  // The only part of a condition is the condition, which is shown with what it read.
  const bool is_whole = explained.unmet.size() == 1 && explained.unmet[0].condition == explained.condition;
  const bool says_more = !is_whole || !explained.unmet[0].failed.empty();
  const std::string place = says_more ? "" : ExpressionPlaceText(explained.unmet[0].place);
  if (!explained.match.empty()) detail("where", explained.match + ": " + std::string(OutcomeName(explained.matched)));
  detail("condition", (explained.condition.empty() ? "always" : explained.condition) + (place.empty() ? "" : "  " + place));
  for (const auto& [path, value] : explained.reads) detail("read", path + " = " + value);
  if (says_more) {
    for (const std::string& line : UnmetLines(explained.unmet)) console.out << "      " << Printable(line) << "\n";
  }
  detail("error", explained.error);
  detail("message", explained.message);
}

void PrintExplanations(const std::vector<Decided>& all, const Console& console) {
  bool first = true;
  for (const Decided& one : all) {
    if (!first) console.out << "\n";
    first = false;
    console.out << Printable(SubjectPlace(one.subject)) << (one.subject.label.empty() ? "" : " ") << Printable(one.subject.label) << ": ";
    if (!one.decision) {
      console.out << (one.subject.state == Subject::State::kSkipped ? "skipped" : "unread") << "\n    " << Printable(one.subject.reason)
                  << "\n";
      continue;
    }
    console.out << EffectText(one.decision->effect, console.colour_out) << "\n";
    if (!one.decision->covered) console.out << "    " << NotCoveredText(*one.decision) << "\n";
    for (const std::string& line : DecisionLines(*one.decision)) console.out << "    " << line << "\n";
    if (const std::string hint = HintOf(one); !hint.empty()) console.out << "    " << hint << "\n";
    const std::vector<ExplainedRule>& rules = one.decision->explained;
    console.out << Counted(rules.size(), "rule") << (rules.size() == 1 ? " applies" : " apply") << (rules.empty() ? "\n" : ":\n");
    for (const ExplainedRule& rule : rules) PrintRule(rule, console);
  }
}

}  // namespace

ExitCode RunExplain(const EvalOptions& options, const Console& console) {
  return DecideAll(options, {.explain = true, .find_coverage = true}, PrintExplanations, console);
}

}  // namespace writ::cli
