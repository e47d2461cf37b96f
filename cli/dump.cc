// `writ dump`: the decision program as text, from policies or from a bundle.
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/policy_files.h"
#include "rules/bundle/bundle.h"
#include "rules/ir/program.h"

namespace writ::cli {

ExitCode RunDump(const DumpOptions& options, const Console& console) {
  if (options.paths.size() == 1) {
    const Result<Input> input = ReadFile(options.paths[0], BundleLimits{}.max_bytes);
    const bool is_bundle = input && (LooksLikeBundle(input->text) || options.paths[0].ends_with(".writb"));
    if (is_bundle) {
      const Result<Bundle> bundle = LoadBundle(input->text);
      if (!bundle) {
        PrintError(console, options.paths[0] + ": " + bundle.error().message);
        return ExitCode::kBadInput;
      }
      console.out << DumpProgram(bundle->program.program());
      return ExitCode::kOk;
    }
  }
  const std::optional<dsl::Compilation> result = CompileFiles(options.paths, false, console);
  if (!result) return ExitCode::kBadInput;
  console.out << DumpProgram(*result->program);
  return ExitCode::kOk;
}

}  // namespace writ::cli
