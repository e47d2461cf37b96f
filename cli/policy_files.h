// Policy files for commands: reading, compiling, loading, and showing what is wrong with them. Each function prints its own
// errors to the console and returns nothing then; the command ends with ExitCode::kBadInput.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "dsl/compiler.h"
#include "dsl/diagnostics/diagnostic.h"
#include "rules/base/source.h"
#include "rules/bundle/bundle.h"
#include "webhook/reload/policy_source.h"

namespace writ::cli {

// Returns the policy files below `paths` (files and directories; "-" is stdin), each once, in the order given.
std::optional<std::vector<SourceFile>> ReadPolicies(std::span<const std::string> paths, const Console& console);

// Reads and compiles `paths` as one policy set and prints the diagnostics. Returns a compilation with a program. Nobody asks for data.
std::optional<dsl::Compilation> CompileFiles(std::span<const std::string> paths, const Console& console);

// Compiles files; data that they import and `source` does not have is a diagnostic.
dsl::Compilation CompileWithData(std::vector<SourceFile> files, const PolicySource& source, dsl::CompileOptions options = {});

// Finds and reads the data of a compilation that has a program.
std::optional<std::vector<PolicySet::Data>> LoadData(const PolicySource& source, const dsl::Compilation& compiled, const Console& console);

// Gives each file the name that it has in a bundle: its path below the nearest folder that all
// `paths` are in, however they were spelt, so that a bundle's digest does not hang on that.
void NameForBundle(std::span<const std::string> paths, std::vector<SourceFile>& files);

// Returns the program of `paths`: policy files and directories, or one bundle. Policies have no
// digest and no envelope. Prints the diagnostics.
std::optional<Bundle> LoadProgram(std::span<const std::string> paths, const Console& console);

// Loads policies (files, directories, or one bundle) with their data, ready to decide. Prints diagnostics, warnings included.
std::optional<LoadedPolicies> LoadForDeciding(const EvalOptions& options, const Console& console);

// Returns what webhook's loader needs; empty after a malformed `--data`, which is printed.
std::optional<PolicySource> MakePolicySource(std::span<const std::string> paths, const DataOptions& data, const Console& console);

// Prints diagnostics to `console.err`, and "and 9,900 more" for those that were counted only.
void PrintDiagnostics(std::span<const dsl::Diagnostic> diagnostics, std::span<const SourceFile> files, const Console& console);
void PrintDiagnostics(const dsl::Compilation& compilation, const Console& console);

}  // namespace writ::cli
