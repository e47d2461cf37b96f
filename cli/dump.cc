// `writ dump`: the decision program as text, from policies or from a bundle.
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "rules/ir/program.h"

namespace writ::cli {

ExitCode RunDump(const DumpOptions& options, const Console& console) {
  const std::optional<Program> program = LoadProgram(options.paths, console);
  if (!program) return ExitCode::kBadInput;
  console.out << DumpProgram(*program);
  return ExitCode::kOk;
}

}  // namespace writ::cli
