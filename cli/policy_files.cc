#include "cli/policy_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "cli/input.h"
#include "cli/manifest.h"
#include "cli/text.h"
#include "rules/bundle/bundle.h"

namespace writ::cli {
namespace {

// One sentence for files that are no policy text at all; the lexer's words would be about their first odd byte.
std::optional<std::string> RefuseOtherFormats(const SourceFile& file) {
  if (LooksLikeBundle(file.text)) return file.name + ": is a bundle, expected policy text";
  if (const std::size_t zero = file.text.find('\0'); zero != std::string::npos) {
    return file.name + ": is a binary file (a zero byte at offset " + std::to_string(zero) + "), expected policy text";
  }
  return std::nullopt;
}

std::vector<std::string> NamesOf(const std::vector<SourceFile>& files) {
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const SourceFile& file : files) names.push_back(file.name);
  return names;
}

// The same for every spelling of a path to one file.
std::string IdentityOf(const std::string& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

// Both end with a `/`.
bool IsBelow(const std::filesystem::path& path, const std::filesystem::path& folder) { return path.native().starts_with(folder.native()); }

}  // namespace

std::optional<std::vector<SourceFile>> ReadPolicies(std::span<const std::string> paths, const Console& console) {
  std::vector<SourceFile> files;
  std::set<std::string> seen;
  bool failed = false;
  const auto fail = [&](const std::string& message) {
    PrintError(console, message);
    failed = true;
  };
  for (const std::string& path : paths) {
    if (path == "-") {
      Result<Input> input = ReadInput(path, console, SourceLimits{}.max_file_bytes);
      if (!input) {
        fail(input.error().message);
      } else if (input->text.find_first_not_of(" \t\r\n") == std::string::npos) {
        fail(input->name + ": is empty");  // what a broken pipeline gives
      } else {
        files.push_back({std::move(input->name), std::move(input->text)});
      }
      continue;
    }
    Result<std::vector<std::string>> found = dsl::FindPolicyFiles(path);
    if (!found) {
      fail(found.error().message);
      continue;
    }
    std::erase_if(*found, [&](const std::string& name) { return !seen.insert(IdentityOf(name)).second; });
    Result<std::vector<SourceFile>> read = dsl::ReadPolicyFiles(*found);
    if (!read) {
      fail(read.error().message);
      continue;
    }
    std::move(read->begin(), read->end(), std::back_inserter(files));
  }
  for (const SourceFile& file : files) {
    if (const std::optional<std::string> refusal = RefuseOtherFormats(file)) fail(*refusal);
  }
  if (failed) return std::nullopt;
  return files;
}

std::optional<dsl::Compilation> CompileFiles(std::span<const std::string> paths, const Console& console) {
  std::optional<std::vector<SourceFile>> files = ReadPolicies(paths, console);
  if (!files) return std::nullopt;
  dsl::Compilation result = dsl::CompilePolicies(std::move(*files));
  PrintDiagnostics(result, console);
  if (!result.program) return std::nullopt;
  return result;
}

void NameForBundle(std::span<const std::string> paths, std::vector<SourceFile>& files) {
  namespace fs = std::filesystem;
  const auto folder_of = [](const std::string& path) {
    std::error_code ignored;
    const fs::path folder = fs::is_directory(path, ignored) ? fs::path(path) / "" : fs::path(path).parent_path();
    return fs::path(IdentityOf(folder.empty() ? "." : folder.string()));
  };
  std::optional<fs::path> common;
  for (const std::string& path : paths) {
    if (path == "-") continue;
    const fs::path folder = folder_of(path) / "";
    if (!common) common = folder;
    while (!IsBelow(folder, *common)) common = common->parent_path().parent_path() / "";
  }
  for (SourceFile& file : files) {
    if (common && file.name != kStdinName)
      file.stored_name = (folder_of(file.name) / fs::path(file.name).filename()).lexically_relative(*common).string();
  }
}

std::optional<Bundle> LoadProgram(std::span<const std::string> paths, const Console& console) {
  if (paths.size() == 1) {
    Result<Input> input = ReadFile(paths[0], BundleLimits{}.max_bytes);
    if (input && (LooksLikeBundle(input->text) || paths[0].ends_with(".writb"))) {
      Result<Bundle> bundle = LoadBundle(std::move(input->text));
      if (bundle) return *std::move(bundle);
      PrintError(console, paths[0] + ": " + bundle.error().message);
      return std::nullopt;
    }
  }
  std::optional<dsl::Compilation> result = CompileFiles(paths, console);
  if (!result) return std::nullopt;
  Result<VerifiedProgram> verified = VerifyProgram(*std::move(result->program));
  if (verified) return Bundle{*std::move(verified), {}, {}};
  PrintError(console, verified.error().message);
  return std::nullopt;
}

dsl::Compilation CompileWithData(std::vector<SourceFile> files, const PolicySource& source, dsl::CompileOptions options) {
  options.strict = source.strict;
  options.has_data = DataFinder(source, NamesOf(files));
  return dsl::CompilePolicies(std::move(files), options);
}

std::optional<std::vector<PolicySet::Data>> LoadData(const PolicySource& source, const dsl::Compilation& compiled, const Console& console) {
  const auto fail = [&](const Error& error) {
    PrintError(console, error.message);
    return std::nullopt;
  };
  const Result<std::vector<DataFile>> files = FindData(source, *compiled.program, NamesOf(compiled.files));
  if (!files) return fail(files.error());
  Result<std::vector<PolicySet::Data>> data = ReadData(source, *files);
  if (!data) return fail(data.error());
  if (data->empty()) return std::move(*data);
  const auto policies = PolicySet::Load(WriteBundle(*compiled.program), *data);  // says what is wrong with the data
  if (!policies) return fail(policies.error());
  return std::move(*data);
}

std::optional<PolicySource> MakePolicySource(std::span<const std::string> paths, const DataOptions& data, const Console& console) {
  PolicySource source;
  source.paths.assign(paths.begin(), paths.end());
  source.read_yaml = [](const std::string& path, std::string_view text) -> Result<std::string> {
    const Result<std::string> decoded = DecodeText(path, std::string(text));
    return decoded ? ReadWholeAsJson(path, *decoded) : decoded.error();
  };
  source.without_data = data.without;
  for (const std::string& option : data.files) {
    const std::size_t equals = option.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == option.size()) {
      PrintError(console, "--data: found `" + option + "`, expected NAME=FILE");
      return std::nullopt;
    }
    source.data.push_back({option.substr(0, equals), option.substr(equals + 1)});
  }
  return source;
}

std::optional<LoadedPolicies> LoadForDeciding(const EvalOptions& options, const Console& console) {
  std::optional<PolicySource> source = MakePolicySource(options.policies, options.data, console);
  if (!source) return std::nullopt;
  source->strict = options.strict;
  Result<LoadedPolicies> loaded = LoadPolicies(*source);
  if (!loaded) {
    // Rendered diagnostics are lines of their own; everything else is one sentence.
    const std::string& message = loaded.error().message;
    if (message.find('\n') == std::string::npos) {
      PrintError(console, message);
    } else {
      console.err << message << (message.ends_with('\n') ? "" : "\n");
    }
    return std::nullopt;
  }
  console.err << loaded->warnings;
  return std::move(*loaded);
}

void PrintDiagnostics(std::span<const dsl::Diagnostic> diagnostics, std::span<const SourceFile> files, const Console& console) {
  for (const dsl::Diagnostic& diagnostic : diagnostics) console.err << dsl::RenderDiagnostic(diagnostic, files, console.colour_err);
}

void PrintDiagnostics(const dsl::Compilation& compilation, const Console& console) {
  PrintDiagnostics(compilation.diagnostics, compilation.files, console);
  if (const std::size_t more = compilation.more(); more > 0) console.err << "and " << Grouped(more) << " more\n";
}

}  // namespace writ::cli
