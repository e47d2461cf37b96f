// A toy front end: allow lists of tools, in a syntax that has nothing of the native one.
//
//   # what github may do
//   server github: list_issues, get_* unless args.repo == "secret" and principal.verified != true
//   server slack: post if args.channel == "#ops"
//
// It shows what a front end needs (docs/adding_a_feature.md, "A front end"): rules/opt for
// conditions, rules/build for the program, and a row of its own: as in Cedar, what fails does not
// count. Nothing of dsl is linked.
#pragma once

#include <string_view>

#include "rules/base/result.h"
#include "rules/ir/program.h"

namespace writ::toy {

// Compiles the lines to a program with one policy, `name`. A line is an allow, and with `unless` a
// denial besides. Errors: kInvalidArgument, "list.txt:3: found …, expected …".
Result<Program> CompileAllowList(std::string_view name, std::string_view file, std::string_view text);

}  // namespace writ::toy
