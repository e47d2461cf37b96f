// Conjuncts of guards that the rule index can test by hash (Discriminator in rules/build/draft.h).
#pragma once

#include <vector>

#include "rules/build/draft.h"
#include "rules/opt/graph.h"

namespace writ::dsl {

// Returns what must hold for `guard` not to be certainly false; slots are the graph's. Looks
// through top-level `&&`.
//   in:  slot == "a", "a" == slot, slot in ["a", "b"], "a" in slot (a declared list), slot.exists(x, x == "a"), slot.exists(x, x in ["a"])
//   out: anything under `||` or `!`; "a" in slot of type dyn (a map would have keys)
// Sound because a false conjunct makes the whole conjunction false whatever the others are, faults included.
std::vector<draft::Discriminator> FindDiscriminators(const Graph& graph, const TypeTable& types, NodeId guard);

}  // namespace writ::dsl
