// `writ dump`: the decision program as text, from policies or from a bundle.
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "rules/ir/verify.h"

namespace writ::cli {

ExitCode RunDump(const DumpOptions& options, const Console& console) {
  std::optional<Program> program = LoadProgram(options.paths, console);
  if (!program) return ExitCode::kBadInput;
  const Result<VerifiedProgram> verified = VerifyProgram(*std::move(program));
  if (!verified) {
    PrintError(console, verified.error().message);
    return ExitCode::kBadInput;
  }
  console.out << DumpProgram(*verified);
  return ExitCode::kOk;
}

}  // namespace writ::cli
