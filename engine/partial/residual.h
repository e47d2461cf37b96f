// A residual as answers carry it: CEL text for people and evaluators, a tree for programs.
#pragma once

#include <optional>
#include <string>

#include "engine/partial/residual_graph.h"
#include "writ/engine.h"

namespace writ {

// Returns the node as text and tree (docs/requests_and_decisions.md, "Residuals"); nothing when
// they are longer than `max_bytes` together: a residual is whole, or not there. Requires: a closed
// node of a graph that is not too large. O(nodes + max_bytes).
std::optional<Residual> WriteResidual(const ResidualGraph& graph, NodeId root, std::size_t max_bytes);

// The text alone.
std::optional<std::string> WriteResidualText(const ResidualGraph& graph, NodeId root, std::size_t max_bytes);

}  // namespace writ
