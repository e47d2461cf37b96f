// Masks on columns and redactions of results: which one counts, and what a masked value looks like.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/ir/program.h"
#include "rules/model/value.h"
#include "writ/engine.h"

namespace writ {

// Adds the obligations of one applying `mask` or `redact` rule. Where one stands already for the same target, the stricter stays:
// null, then `with`, then hash, then keep with fewer characters.
void AddObligations(const Program& program, Verb verb, const MaskSpec& mask, std::vector<Obligation>& obligations);

// Returns what takes the place of `value`. Text: strings themselves, everything else as messages show it. Null stays null, except
// under `with`. keep: `count` characters (code points) stay, the others become '*', all of them when there are no more than `count`.
// hash: "sha256:" and 16 hex digits.
struct MaskedValue {
  bool is_null = false;
  std::string text;
};
MaskedValue ApplyMask(const Obligation& mask, const Value& value);

// Returns `row` (a map) as JSON with the masks applied to its members.
std::string MaskedRowJson(const Value& row, const std::vector<Obligation>& masks);

}  // namespace writ
