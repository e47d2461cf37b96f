// `writ fmt`: the canonical layout, in place, or what would change.
#include "cli/commands.h"
#include "cli/diff.h"
#include "cli/input.h"
#include "cli/policy_files.h"
#include "cli/text.h"
#include "dsl/compiler.h"

namespace writ::cli {
namespace {

// Shows one file that is not formatted, or writes it. Empty after a failure to write, which is printed.
std::optional<ExitCode> HandleChange(const SourceFile& file, const std::string& formatted, FmtOptions::Mode mode, const Console& console) {
  switch (mode) {
    case FmtOptions::Mode::kCheck: console.out << file.name << "\n"; return ExitCode::kDenied;
    case FmtOptions::Mode::kDiff: console.out << UnifiedDiff(file.name, file.text, formatted); return ExitCode::kDenied;
    case FmtOptions::Mode::kWrite: break;
  }
  const Status written = WriteFile(file.name, formatted);
  if (!written) {
    PrintError(console, written.error().message);
    return std::nullopt;
  }
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunFmt(const FmtOptions& options, const Console& console) {
  const std::optional<std::vector<SourceFile>> files = ReadPolicies(options.paths, console);
  if (!files) return ExitCode::kBadInput;
  ExitCode code = ExitCode::kOk;
  bool failed = false;
  for (const SourceFile& file : *files) {
    const dsl::Formatted result = dsl::FormatPolicy(file);
    if (!result.text) {
      PrintDiagnostics(result.diagnostics, std::span(&file, 1), console);
      failed = true;
      continue;
    }
    const bool is_filter = file.name == kStdinName && options.mode == FmtOptions::Mode::kWrite;
    if (is_filter) {
      console.out << *result.text;
      continue;
    }
    if (*result.text == file.text) continue;
    const std::optional<ExitCode> change = HandleChange(file, *result.text, options.mode, console);
    failed = failed || !change;
    if (change && *change == ExitCode::kDenied) code = ExitCode::kDenied;
  }
  return failed ? ExitCode::kBadInput : code;
}

}  // namespace writ::cli
