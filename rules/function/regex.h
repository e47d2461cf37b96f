// RE2 as the language uses it: unanchored search, errors not logged, bounded memory, charged for
// the worst case.
//
// RE2 is linear in the text, with a factor between 1 (its automaton has the states it needs) and
// the program's size (a text that makes a new state with every byte, or an automaton that outgrew
// its memory). Which of them a request picks is the caller's choice, so the charge is text ×
// program: 32 of that product a step, by which the 10 million steps of a decision are about a
// second at worst.
#pragma once

#include <re2/re2.h>

#include <algorithm>

#include "rules/function/context.h"
#include "rules/function/regex_limits.h"

namespace writ {

// For patterns that come with a request: compiling one takes some milliseconds at most.
inline constexpr std::int64_t kDynamicRegexMaxMemory = std::int64_t{1} * 1024 * 1024;
// What compiling such a pattern may cost in steps, whatever it says. Longer ones of the same text
// are refused by RE2 at that size.
inline constexpr std::uint64_t kDynamicRegexSteps = 60'000;
// Longest text that is searched: nothing can stop RE2 in the middle.
inline constexpr std::uint32_t kMaxMatchedBytes = 1024 * 1024;

inline RE2::Options RegexOptions(std::int64_t max_memory = kRegexMaxMemory) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_memory);
  return options;
}

// Instructions of the compiled form. Requires: ok().
inline std::uint32_t RegexProgramSize(const RE2& regex) { return static_cast<std::uint32_t>(std::max(0, regex.ProgramSize())); }

// Returns whether `regex` finds a match in `text`. Requires: ok(), kString. Errors: a text longer
// than kMaxMatchedBytes.
inline Value MatchRegex(const RE2& regex, std::uint32_t program_size, const Value& text, FunctionContext& context) {
  constexpr std::uint64_t kProductPerStep = 32;
  if (text.size > kMaxMatchedBytes) [[unlikely]]
    return Value::Error(ValueError::kInvalidArgument, "a text of more than 1 MiB is too long for `matches`");
  // Even an empty text makes RE2 walk over a program that is too large for its automaton.
  constexpr std::uint64_t kBytesOfBeginning = 4;
  const std::uint64_t product = (text.size + kBytesOfBeginning) * std::max<std::uint32_t>(program_size, 8);
  if (!Charge(context, 8 + product / kProductPerStep)) return OutOfBudget(context);
  return Value::Bool(regex.Match(re2::StringPiece(text.text, text.size), 0, text.size, RE2::UNANCHORED, nullptr, 0));
}

}  // namespace writ
