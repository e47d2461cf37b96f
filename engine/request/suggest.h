// "did you mean": the nearest of a few known names.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace writ {

// Returns `; did you mean "tool"?`, or "" when nothing is near.
std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace writ
