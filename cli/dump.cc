// `writ dump`: the decision program as text, from policies or from a bundle, whose envelope stands
// first.
#include "cli/commands.h"
#include "cli/policy_files.h"
#include "rules/base/printable.h"

namespace writ::cli {
namespace {

void PrintEnvelope(const Bundle& bundle, const Console& console) {
  const Envelope& envelope = bundle.envelope;
  if (!bundle.digest.empty()) console.out << "bundle " << bundle.digest << "\n";
  if (!envelope.revision.empty()) console.out << "revision " << Printable(envelope.revision) << "\n";
  if (!envelope.compiler.empty()) console.out << "compiler " << Printable(envelope.compiler) << "\n";
  for (const auto& [key, value] : envelope.metadata) console.out << "metadata " << Printable(key) << "=" << Printable(value) << "\n";
}

}  // namespace

ExitCode RunDump(const DumpOptions& options, const Console& console) {
  const std::optional<Bundle> bundle = LoadProgram(options.paths, console);
  if (!bundle) return ExitCode::kBadInput;
  PrintEnvelope(*bundle, console);
  console.out << DumpProgram(bundle->program);
  return ExitCode::kOk;
}

}  // namespace writ::cli
