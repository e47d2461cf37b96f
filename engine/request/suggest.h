// "did you mean": the nearest of a few known names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace writ {

// Returns the candidate nearest to `name` when it is near enough to be a typo (edit distance at most a third of its length,
// adjacent swaps count one, case does not count, and not every letter differs), else "". Ties go to the first. O(candidates * length²).
std::string_view NearestName(std::string_view name, std::span<const std::string_view> candidates);

// Returns `; did you mean "tool"?`, or "" when nothing is near.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace writ
