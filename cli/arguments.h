// The command line of `writ`: which commands and flags there are, their help, and shell completion made from the same table.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace writ::cli {

// Runs `writ ARGUMENTS…` (without the program's name). Never throws: what nobody expected is printed and gives kInternal.
ExitCode RunWrit(const std::vector<std::string>& arguments, const Console& console);

}  // namespace writ::cli
