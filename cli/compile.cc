// `writ compile`: policies to a bundle file.
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/policy_files.h"
#include "cli/text.h"
#include "rules/bundle/bundle.h"
#include "rules/model/value.h"

namespace writ::cli {

ExitCode RunCompile(const CompileOptions& options, const Console& console) {
  const std::optional<dsl::Compilation> result = CompileFiles(options.paths, options.strict, console);
  if (!result) return ExitCode::kBadInput;
  const std::string bytes = WriteBundle(*result->program);
  const Result<Bundle> bundle = LoadBundle(bytes);  // what was written is what a loader takes
  if (!bundle) {
    PrintError(console, "internal error: the bundle cannot be loaded: " + bundle.error().message);
    return ExitCode::kInternal;
  }
  const Status written = WriteFile(options.output, bytes);
  if (!written) return ReportUnwritten(written.error(), console);
  // To stdout itself (`-o /dev/stdout`) nothing but the bundle may go.
  if (options.output == "/dev/stdout") return ExitCode::kOk;
  const std::size_t rules = result->program->rules.size();
  if (options.format == Format::kJson) {
    std::string json = "{\"file\":";
    AppendJsonString(options.output, json);
    console.out << PrintableJson(json) << ",\"digest\":\"" << bundle->digest << "\",\"bytes\":" << bytes.size() << ",\"rules\":" << rules
                << "}\n";
  } else {
    console.out << Printable(options.output) << ": " << Counted(rules, "rule") << ", " << Counted(bytes.size(), "byte") << ", "
                << bundle->digest << "\n";
  }
  return ExitCode::kOk;
}

}  // namespace writ::cli
