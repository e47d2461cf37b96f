// `writ eval`: a table with one line a document, its reasons below.
#include <algorithm>

#include "cli/commands.h"
#include "cli/deciding.h"
#include "cli/report.h"
#include "cli/text.h"

namespace writ::cli {
namespace {

constexpr std::size_t kMaxColumn = 48;

struct Totals {
  std::uint64_t allowed = 0, denied = 0, conditional = 0, not_covered = 0, skipped = 0, unread = 0;
};

// The word of the verdict column; counts it.
std::string Verdict(const Decided& one, Totals& totals, bool colour) {
  if (one.subject.state == Subject::State::kSkipped) {
    ++totals.skipped;
    return Styled("skipped", Style::kDim, colour);
  }
  if (!one.decision) {
    ++totals.unread;
    return Styled("unread", Style::kRed, colour);
  }
  if (one.decision->effect == Effect::kAllow && !one.decision->covered) {
    ++totals.not_covered;
    return Styled("not covered", Style::kYellow, colour);
  }
  switch (one.decision->effect) {
    case Effect::kAllow: ++totals.allowed; break;
    case Effect::kDeny: ++totals.denied; break;
    case Effect::kConditional: ++totals.conditional; break;
  }
  return EffectText(one.decision->effect, colour);
}

void PrintTable(const std::vector<Decided>& all, const Console& console) {
  std::size_t place_width = 4;
  std::size_t label_width = 6;
  for (const Decided& one : all) {
    place_width = std::max(place_width, std::min(DisplayWidth(SubjectPlace(one.subject)), kMaxColumn));
    label_width = std::max(label_width, std::min(DisplayWidth(one.subject.label), kMaxColumn));
  }
  const std::string head = Padded("FILE", place_width) + "  " + Padded("OBJECT", label_width) + "  VERDICT";
  console.out << Styled(head, Style::kBold, console.colour_out) << "\n";
  Totals totals;
  for (const Decided& one : all) {
    const std::string verdict = Verdict(one, totals, console.colour_out);
    console.out << Padded(Printable(SubjectPlace(one.subject)), place_width) << "  "
                << Padded(Printable(OneLine(one.subject.label, kMaxColumn)), label_width) << "  " << verdict << "\n";
    if (!one.subject.reason.empty()) console.out << "    " << Printable(one.subject.reason) << "\n";
    if (!one.decision) continue;
    if (!one.decision->covered) console.out << "    " << NotCoveredText(*one.decision) << "\n";
    for (const std::string& line : DecisionLines(*one.decision)) console.out << "    " << line << "\n";
    if (const std::string hint = HintOf(one); !hint.empty()) console.out << "    " << hint << "\n";
  }
  console.out << "\n" << totals.allowed << " allowed, " << totals.denied << " denied";
  if (totals.conditional > 0) console.out << ", " << totals.conditional << " conditional";
  if (totals.not_covered > 0) console.out << ", " << totals.not_covered << " not covered";
  console.out << ", " << totals.skipped << " skipped";
  if (totals.unread > 0) console.out << ", " << totals.unread << " unread";
  console.out << "\n";
}

}  // namespace

ExitCode RunEval(const EvalOptions& options, const Console& console) {
  return DecideAll(options, {.find_coverage = true}, PrintTable, console);
}

}  // namespace writ::cli
