// The compiler's way through its stages, and the files that it reads.
#include "dsl/compiler.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <unordered_map>

#include "dsl/check/checker.h"
#include "dsl/lower/lower.h"
#include "dsl/parse/parser.h"
#include "rules/base/nearest_name.h"
#include "rules/build/build.h"
#include "rules/ir/verify.h"

namespace writ::dsl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 100'000;

using SignerIds = std::unordered_map<std::string_view, SignerId>;

// The rules of programs that lowering does not already guarantee are ceilings (sizes of regexes, nesting of values); the verifier
// knows them all, and a program that it refuses must not be handed out.
void Verify(const Program& program, DiagnosticSink& sink) {
  const Result<VerifiedProgram> verified = VerifyProgram(program);
  if (verified) return;
  sink.Emit(DiagnosticKind::kProgramTooLarge, SourceSpan{FileId(0), 0, 0},
            {"the policies are too large to run: " + verified.error().message});
}

// "`inhouse`, `release`"; "none" when there are none.
std::string NamesText(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "`" : ", `").append(name).append("`");
  return text.empty() ? "none" : text;
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth
void CheckSignersDeclared(const SignerExpr& signers, const SignerIds& ids, DiagnosticSink& sink) {
  for (const SignerExpr& operand : signers.operands) CheckSignersDeclared(operand, ids, sink);
  const std::string_view name = signers.signer.text;
  if (signers.kind != SignerExpr::Kind::kSigner || ids.contains(name)) return;
  std::vector<std::string_view> candidates;
  candidates.reserve(ids.size());
  for (const auto& [known, id] : ids) candidates.push_back(known);
  std::sort(candidates.begin(), candidates.end());
  Diagnostic& diagnostic = sink.Emit(DiagnosticKind::kUnknownSigner, signers.signer.span, {name});
  if (const std::string_view closest = NearestName(name, candidates); !closest.empty())
    diagnostic.help = "did you mean `" + std::string(closest) + "`?";
  diagnostic.note = "the policies declare " + NamesText(candidates);
}

// Files that tests read must be there. Relative names begin at the folder of the policy file.
void CheckTestFiles(const std::vector<FileTree>& trees, const std::vector<SourceFile>& files, DiagnosticSink& sink) {
  const auto check = [&](const StringLiteral& literal) {
    if (literal.span.begin == literal.span.end) return;
    const fs::path path = fs::path(files[literal.span.file.index].name).parent_path() / fs::path(literal.value);
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::exists(status) && !fs::is_directory(status)) return;
    sink.Emit(DiagnosticKind::kMissingFile, literal.span, {literal.value, fs::exists(status) ? "is a directory" : "no such file"}).note =
        "looked for " + path.string();
  };
  for (const FileTree& tree : trees) {
    for (const TestDecl& test : tree.tests) {
      for (const TestStep& step : test.steps) {
        check(step.file);
        check(step.previous_file);
      }
    }
  }
}

// Once for each import: several packages may import the same.
void CheckData(const std::vector<FileTree>& trees, const std::function<bool(std::string_view)>& has_data, DiagnosticSink& sink) {
  if (!has_data) return;
  for (const FileTree& tree : trees) {
    for (const ImportDecl& import : tree.imports) {
      const std::string name(import.name.text);
      if (has_data(name)) continue;
      sink.Emit(DiagnosticKind::kMissingData, import.name.span, {name}).help =
          "put " + name + ".json or " + name + ".yaml beside the policies, or give --data " + name + "=FILE; --without-data " + name +
          " says that it is meant to be missing";
    }
  }
}

}  // namespace

Compilation CompilePolicies(std::vector<SourceFile> files, const CompileOptions& options) {
  Compilation compilation;
  compilation.files = std::move(files);
  DiagnosticSink sink(options.limits.max_diagnostics);
  std::vector<FileTree> trees;
  for (std::size_t i = 0; i < compilation.files.size(); ++i)
    trees.push_back(ParseFile(compilation.files[i], FileId(i), sink, options.limits));
  CheckData(trees, options.has_data, sink);
  // Without the end of a file, or its package, what it uses and what uses it cannot be judged.
  const bool checkable = std::all_of(trees.begin(), trees.end(), [](const FileTree& tree) { return tree.complete; });
  if (options.check_files) CheckTestFiles(trees, compilation.files, sink);
  if (checkable) {
    const TypedSet set = CheckPolicies(std::move(trees), compilation.files, sink);
    if (!sink.has_errors()) {
      Program program = BuildProgram(LowerPolicies(set, compilation.files, {options.limits, options.optimize}, sink));
      if (!sink.has_errors()) Verify(program, sink);
      compilation.program = std::move(program);
    }
  }
  sink.Finish(options.strict);
  compilation.diagnostics = sink.diagnostics();
  compilation.error_count = sink.error_count();
  compilation.warning_count = sink.warning_count();
  if (compilation.error_count > 0) compilation.program.reset();
  return compilation;
}

CompiledSigners CompileSigners(const SourceFile& file, const Program& program, const SourceLimits& limits) {
  CompiledSigners compiled;
  DiagnosticSink sink(limits.max_diagnostics);
  const std::optional<SignerExpr> signers = ParseSignersOnly(file, FileId(0), sink, limits);
  if (signers) {
    SignerIds ids;
    for (std::size_t i = 0; i < program.signers.size(); ++i) ids.emplace(program[program.signers[i].name], SignerId(i));
    CheckSignersDeclared(*signers, ids, sink);
    if (!sink.has_errors()) WriteSigners(*signers, ids, compiled.terms);
  }
  sink.Finish(false);
  compiled.diagnostics = sink.diagnostics();
  return compiled;
}

Result<std::vector<std::string>> FindPolicyFiles(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    const bool missing = !error || error == std::errc::no_such_file_or_directory;
    return Error{missing ? ErrorCode::kNotFound : ErrorCode::kUnreadable,
                 path + ": " + (missing ? "no such file or directory" : error.message())};
  }
  if (!fs::is_directory(status)) return std::vector<std::string>{path};
  std::vector<std::string> found;
  fs::recursive_directory_iterator it(path, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    // Kubernetes mounts ConfigMaps as links into hidden directories (`..data`): links are followed, hidden directories are not
    // walked, so that no file is read twice.
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.')) {
      if (it->is_directory(ignored)) it.disable_recursion_pending();
      continue;
    }
    if (!it->path().native().ends_with(".writ") || it->is_directory(ignored)) continue;
    // A pipe or a device among the policies would block whoever loads them; named on the command line (`<(…)`), one is meant.
    const fs::file_type type = it->status(ignored).type();
    if (type != fs::file_type::regular && type != fs::file_type::not_found) {
      return Error{ErrorCode::kUnreadable, it->path().string() + ": is not a regular file"};
    }
    found.push_back(it->path().string());
    if (found.size() > kMaxFiles) return Error{ErrorCode::kTooLarge, path + ": more than " + std::to_string(kMaxFiles) + " policy files"};
  }
  if (error) return Error{ErrorCode::kUnreadable, path + ": cannot be read: " + error.message()};
  if (found.empty()) return Error{ErrorCode::kInvalidArgument, path + ": the directory has no policies (*.writ)"};
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::string> ReadPolicyFile(const std::string& path, std::size_t max_bytes) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return Error{ErrorCode::kNotFound, path + ": no such file"};
  if (fs::is_directory(status)) return Error{ErrorCode::kUnreadable, path + ": is a directory"};
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return Error{ErrorCode::kUnreadable, path + ": cannot be read"};
  std::string text;
  // Read one byte more than allowed: sizes of pipes and of files in /proc are not known before.
  text.resize(max_bytes + 1);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return Error{ErrorCode::kUnreadable, path + ": cannot be read"};
  const auto size = static_cast<std::size_t>(stream.gcount());
  if (size > max_bytes) return Error{ErrorCode::kTooLarge, path + ": larger than " + std::to_string(max_bytes) + " bytes"};
  text.resize(size);
  text.shrink_to_fit();
  return text;
}

Result<std::vector<SourceFile>> ReadPolicyFiles(std::span<const std::string> paths, const SourceLimits& limits, const FileReader& read) {
  std::vector<SourceFile> files;
  for (const std::string& path : paths) {
    Result<std::string> text = read(path, limits.max_file_bytes);
    if (!text) return text.error();
    // Nothing is what a file holds while somebody writes it; taken for a policy, it would drop every denial.
    if (text->find_first_not_of(" \t\r\n") == std::string::npos) return Error{ErrorCode::kInvalidArgument, path + ": is empty"};
    files.push_back({path, std::move(*text)});
  }
  return files;
}

}  // namespace writ::dsl
