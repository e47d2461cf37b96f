// The reference evaluator: a naive tree walk written from docs/language.md ("Meaning"), sharing
// nothing with the engine. It knows no program, node, index or slot; values are JSON. The
// differential test demands that the engine agrees with it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "dsl/check/typed_tree.h"

namespace writ::oracle {

// What a decision comes to, as sorted-by-rule readable strings: "policy.r3 deny true".
struct Verdict {
  std::string effect;
  std::vector<std::string> rules, messages, warnings, errors, needs, obligations, notes, shadow, visible;
  bool operator==(const Verdict&) const = default;
};

// Decides `request` (the shapes of docs/requests_and_decisions.md, without mistakes; limits are not modelled).
// Recursion follows the depth of the expressions, which the parser has limited.
Verdict Decide(const dsl::TypedSet& set, const nlohmann::json& request);

}  // namespace writ::oracle
