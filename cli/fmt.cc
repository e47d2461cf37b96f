// `writ fmt`: the canonical layout, in place, or what would change.
#include <algorithm>

#include "cli/commands.h"
#include "cli/diff.h"
#include "cli/input.h"
#include "cli/policy_files.h"
#include "cli/text.h"
#include "dsl/compiler.h"

namespace writ::cli {
namespace {

// Shows one file that is not formatted, or writes it.
ExitCode HandleChange(const SourceFile& file, const std::string& formatted, FmtOptions::Mode mode, const Console& console) {
  switch (mode) {
    case FmtOptions::Mode::kCheck: console.out << file.name << "\n"; return ExitCode::kDenied;
    case FmtOptions::Mode::kDiff: console.out << UnifiedDiff(file.name, file.text, formatted); return ExitCode::kDenied;
    case FmtOptions::Mode::kWrite: break;
  }
  const Status written = WriteFile(file.name, formatted);
  return written ? ExitCode::kOk : ReportUnwritten(written.error(), console);
}

}  // namespace

ExitCode RunFmt(const FmtOptions& options, const Console& console) {
  const std::optional<std::vector<SourceFile>> files = ReadPolicies(options.paths, console);
  if (!files) return ExitCode::kBadInput;
  ExitCode code = ExitCode::kOk;  // the worst one
  for (const SourceFile& file : *files) {
    const dsl::Formatted result = dsl::FormatPolicy(file);
    if (!result.text) {
      PrintDiagnostics(result.diagnostics, std::span(&file, 1), console);
      code = std::max(code, ExitCode::kBadInput);
      continue;
    }
    const bool is_filter = file.name == kStdinName && options.mode == FmtOptions::Mode::kWrite;
    if (is_filter) {
      console.out << *result.text;
      continue;
    }
    if (*result.text == file.text) continue;
    code = std::max(code, HandleChange(file, *result.text, options.mode, console));
  }
  return code;
}

}  // namespace writ::cli
