// The front header of dsl: policy text in, decision program out. The only header of dsl that webhook may include.
//
//   dsl::Compilation result = dsl::CompilePolicies({{"fleet.writ", text}});
//   for (const auto& d : result.diagnostics) std::cerr << dsl::RenderDiagnostic(d, result.files, false);
//   if (result.program) …
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/diagnostics/diagnostic.h"
#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/ir/program.h"

namespace writ::dsl {

struct CompileOptions {
  SourceLimits limits = {};
  bool strict = false;       // warnings are errors
  bool check_files = false;  // files that tests name must be there; for `writ check`
  // Says whether the data that an import names is there. Empty: nobody asks.
  std::function<bool(std::string_view name)> has_data = {};
  bool optimize = true;  // false: no folding, shared nodes or discriminators, for differential tests
};

// What became of a set of files.
struct Compilation {
  std::vector<SourceFile> files;
  std::vector<Diagnostic> diagnostics;  // sorted by place
  std::uint32_t error_count = 0;
  std::uint32_t warning_count = 0;
  std::optional<Program> program;  // given exactly when error_count == 0

  // How many diagnostics were counted and not kept.
  std::size_t more() const { return std::size_t{error_count} + warning_count - diagnostics.size(); }
};

// Parses, checks and lowers the files as one policy set. Never throws; hostile text gives diagnostics. Thread-safe.
// Cost: linear in the text; about 10 µs a rule.
Compilation CompilePolicies(std::vector<SourceFile> files, const CompileOptions& options = {});

// Which signers of a program a text such as "release or 2 of (a, b, c)" demands: what stands after `signed by`, in postfix order.
struct CompiledSigners {
  std::vector<SignerTerm> terms;  // empty exactly when there are diagnostics
  std::vector<Diagnostic> diagnostics;
};

// `file` is the text, and what diagnostics call it; a signer that the program does not have is one. Never throws. Thread-safe.
CompiledSigners CompileSigners(const SourceFile& file, const Program& program, const SourceLimits& limits = {});

// Returns `file`'s text in the canonical layout, comments kept; formatting twice changes nothing. When the file does not
// parse, `text` is empty and `diagnostics` says why.
struct Formatted {
  std::optional<std::string> text;
  std::vector<Diagnostic> diagnostics;
};
Formatted FormatPolicy(const SourceFile& file, const SourceLimits& limits = {});

// Returns the names of the policy files (`*.writ`) below a directory, or `path` itself for a file; sorted.
// Errors: kNotFound, kUnreadable (names the path; also for a pipe or device in a directory), kInvalidArgument for a directory
// without policies.
Result<std::vector<std::string>> FindPolicyFiles(const std::string& path);
// Reads one file whole: a pipe, too, which waits for its writer.
Result<std::string> ReadPolicyFile(const std::string& path, std::size_t max_bytes);
using FileReader = std::function<Result<std::string>(const std::string& path, std::size_t max_bytes)>;
// Reads files as they are, through `read`: a server gives one that never waits. Errors: kNotFound, kUnreadable (also for a directory),
// kTooLarge, kInvalidArgument for an empty file.
Result<std::vector<SourceFile>> ReadPolicyFiles(std::span<const std::string> paths, const SourceLimits& limits = {},
                                                const FileReader& read = ReadPolicyFile);

}  // namespace writ::dsl
