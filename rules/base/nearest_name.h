// The name that somebody probably meant.
#pragma once

#include <span>
#include <string_view>

namespace writ {

// Returns the candidate closest to `name`, or "" when none is close: at most a third of its letters
// differ, at least one may. A swap of neighbours is one difference, case is none: `I` is close to
// `i`. One letter is close to nothing else, and a name of more than 64 bytes is no slip.
// O(candidates * name * candidate). Source: optimal string alignment distance.
std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace writ
