// Unified diffs of texts.
#pragma once

#include <string>
#include <string_view>

namespace writ::cli {

// Returns what changes from `before` to `after` as a unified diff with three lines of context; "" when they are equal.
// Lines are compared. The diff is the shortest one; where the product of the lines that differ on both sides passes four million,
// they are shown as one block.
std::string UnifiedDiff(std::string_view name, std::string_view before, std::string_view after);

}  // namespace writ::cli
