// What to say about a request that nothing is about: most often a misspelt server or tool.
#pragma once

#include <string>
#include <string_view>

#include "rules/ir/program.h"

namespace writ::cli {

// Returns "no policy is about server `slcak`; did you mean `slack`?", or the same of a tool, prompt or action that no rule names; "" when
// some rule is about what `request_json` names, or when it cannot be read. O(rules).
std::string HintOfUnnamed(const Program& program, std::string_view request_json);

}  // namespace writ::cli
