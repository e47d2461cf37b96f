// What several commands print: decisions for people, and small pieces of JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "writ/engine.h"

namespace writ::cli {

// Returns "fleet.writ:16".
std::string RulePlace(const RuleOutcome& rule);

// Returns "fleet.writ:16:9"; "" when the place is not known.
std::string ExpressionPlaceText(const ExpressionPlace& place);

// Returns "deny" and the like in its colour.
std::string EffectText(Effect effect, bool colour);

// Returns the lines below a decision's head: messages with their rules, warnings, errors, notes, what is masked, missing
// scopes, the residual, what shadow policies say. Each without indentation and newline.
std::vector<std::string> DecisionLines(const Decision& decision);

// Returns a line a part: "false     principal.tenant == "acme"  fleet.writ:16:9  (principal.tenant =
// "other")"; parts of a `let` stand further to the right. Long texts are cut.
std::vector<std::string> UnmetLines(const std::vector<UnmetCondition>& unmet);

// Returns "no policy is about it: …" for a decision that is not covered.
std::string NotCoveredText(const Decision& decision);

// Returns `object` (the text of a JSON object) with one more member at its end.
std::string WithMember(std::string object, std::string_view name, std::string_view json_value);

// Prints `objects` as one JSON document: the only one by itself, else a list with one item a line.
void PrintJsonList(const std::vector<std::string>& objects, const Console& console);

}  // namespace writ::cli
