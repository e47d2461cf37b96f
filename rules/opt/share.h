// Common sub-expressions: which nodes of the graph become shared cells of the program, evaluated at most once per decision.
//
// A node is shared when it is closed (no macro variable from outside), stands in two places or more of the graph that the rules
// reach (across policies, since equal expressions are one node), and costs more than looking a cell up.
//   in:  principal.groups.exists(g, g in ["sre"]) in two guards;  args.sql.matches("…") twice
//   out: principal.tenant == "acme" (one fused instruction);  x > 1 inside a macro over x
// Sound because evaluation is pure and faults are values: a cell that is not needed is not evaluated, and the order in which
// shared values are computed cannot be seen. O(nodes).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rules/opt/graph.h"

namespace writ {

// Returns, by node, whether it should become a cell, looking at what `roots` reach.
std::vector<bool> FindShared(const Graph& graph, std::span<const NodeId> roots);

}  // namespace writ
