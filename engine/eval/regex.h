// RE2 as the language uses it: unanchored search, errors not logged, bounded memory.
#pragma once

#include <re2/re2.h>

#include <algorithm>

#include "engine/eval/functions_internal.h"

namespace writ {

inline constexpr std::int64_t kRegexMaxMemory = std::int64_t{8} * 1024 * 1024;

inline RE2::Options RegexOptions() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMaxMemory);
  return options;
}

// Instructions of the compiled form. Requires: ok().
inline std::uint32_t RegexProgramSize(const RE2& regex) { return static_cast<std::uint32_t>(std::max(0, regex.ProgramSize())); }

// Returns whether `regex` finds a match in `text`. Requires: ok(), kString. Charged for the worst case: when RE2's automaton
// outgrows its memory, each byte costs a walk over part of the program.
inline Value MatchRegex(const RE2& regex, std::uint32_t program_size, const Value& text, FunctionContext& context) {
  if (!Charge(context, 8 + std::uint64_t{text.size} * (1 + program_size / 64) / 4)) return OutOfBudget(context);
  return Value::Bool(regex.Match(re2::StringPiece(text.text, text.size), 0, text.size, RE2::UNANCHORED, nullptr, 0));
}

}  // namespace writ
