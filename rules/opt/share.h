// Common sub-expressions: which nodes are worth keeping once they are evaluated in a decision
// (Node::shared).
//
// A node is shared when it is closed (no macro variable from outside), its code would stand in two
// places or more of what the rules reach (across policies, since equal expressions are one node),
// and costs more than looking a kept value up.
//   in:  principal.groups.exists(g, g in ["sre"]) in two guards;  args.sql.matches("…") twice
//   out: principal.tenant == "acme" (two instructions);  x > 1 inside a macro over x
// Sound because evaluation is pure and faults are values: what is not needed is not evaluated, and
// the order in which shared values are computed cannot be seen. O(nodes).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rules/opt/graph.h"

namespace writ {

// Returns, by node, whether it is to be shared, looking at what `roots` reach.
std::vector<bool> FindShared(const Graph& graph, std::span<const NodeId> roots);

}  // namespace writ
