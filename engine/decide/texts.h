// Messages, warnings and notes of the rules that speak, with their defaults.
#pragma once

#include <string>
#include <vector>

#include "engine/decide/deciding.h"

namespace writ {

// One of the two lists that rules speak into.
struct TextList {
  std::vector<std::string>& texts;
  std::vector<TextSource>& sources;
  std::uint64_t& left_out;
};
// Returns the warnings for a policy in warn mode, else the messages.
TextList ListFor(PolicyMode mode, Decision& decision);

// Adds a text of a rule, as far as the list goes.
void AddText(Deciding& deciding, const RuleResult& result, std::string text, const TextList& list);

// Adds what all rules say: those that held, in rule order, then why others failed.
void AddTexts(Deciding& deciding, Decision& decision);

// Adds what a rule that denies says.
void AddDenialTexts(Deciding& deciding, const RuleResult& result, const TextList& list);

// Returns what a rule says: its message, or a default that names it. One that failed says that it
// failed: what its message claims is not known. Runs expressions.
std::string RuleText(Deciding& deciding, const RuleResult& result);

// Returns an error's text, without what a row's cells may have put into it.
std::string PublicErrorText(Deciding& deciding, const Value& error);

}  // namespace writ
