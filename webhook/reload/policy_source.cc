// Policies and data from disk.
#include "webhook/reload/policy_source.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include "dsl/compiler.h"
#include "rules/bundle/bundle.h"
#include "webhook/reload/read_file.h"

namespace writ {
namespace {

namespace fs = std::filesystem;
constexpr std::array<std::string_view, 3> kDataExtensions = {".json", ".yaml", ".yml"};
constexpr std::string_view kBundleExtension = ".writb";

// True for paths through a hidden folder below `root`: a ConfigMap volume holds the same files again in `..data` and in a folder
// that carries a time stamp.
bool IsHidden(const std::string& path, const std::string& root) {
  for (const fs::path& part : fs::path(path).lexically_relative(root)) {
    if (part.native().size() > 1 && part.native().front() == '.') return true;
  }
  return false;
}

Result<std::vector<std::string>> FindSources(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    Result<std::vector<std::string>> found = dsl::FindPolicyFiles(path);
    if (!found) return found.error();
    for (std::string& file : *found) {
      std::error_code ignored;  // an empty path on failure: then the file is read, and the reader says what is wrong
      const fs::path canonical = fs::weakly_canonical(file, ignored);
      const std::string key = canonical.empty() ? file : canonical.string();
      if ((file == path || !IsHidden(file, path)) && seen.insert(key).second) files.push_back(std::move(file));
    }
  }
  if (files.empty())
    return Error{ErrorCode::kInvalidArgument, "no policy files (*.writ) in " + (paths.empty() ? "no paths" : paths.front())};
  return files;
}

std::string Render(const dsl::Compilation& compilation) {
  std::string text;
  for (const dsl::Diagnostic& diagnostic : compilation.diagnostics) text += dsl::RenderDiagnostic(diagnostic, compilation.files, false);
  if (const std::size_t more = compilation.more(); more > 0) text += "and " + std::to_string(more) + " more\n";
  return text;
}

Result<std::string> Compile(const PolicySource& source, std::span<const PolicySet::Data> running, LoadedPolicies& loaded) {
  Result<std::vector<std::string>> files = FindSources(source.paths);
  if (!files) return files.error();
  if (source.compiled) {
    loaded.files = std::move(*files);
    return *source.compiled;
  }
  Result<std::vector<SourceFile>> texts = dsl::ReadPolicyFiles(*files, {}, source.regular_files_only ? ReadWholeFile : dsl::ReadPolicyFile);
  if (!texts) return texts.error();
  const auto is_running = [&](std::string_view name) {
    return std::any_of(running.begin(), running.end(), [&](const PolicySet::Data& data) { return data.name == name; });
  };
  const auto has_data = [&, find = DataFinder(source, *files)](std::string_view name) { return is_running(name) || find(name); };
  const dsl::Compilation compilation = dsl::CompilePolicies(std::move(*texts), {.strict = source.strict, .has_data = has_data});
  if (!compilation.program) {
    return Error{ErrorCode::kInvalidArgument,
                 Render(compilation) + std::to_string(compilation.error_count) + (compilation.error_count == 1 ? " error" : " errors")};
  }
  loaded.warnings = Render(compilation);
  loaded.files = std::move(*files);
  return WriteBundle(*compilation.program);
}

Result<std::string> ReadBundleBytes(const PolicySource& source, std::span<const PolicySet::Data> running, LoadedPolicies& loaded) {
  const bool any_bundle = std::any_of(source.paths.begin(), source.paths.end(), IsBundleFile);
  if (!any_bundle) return Compile(source, running, loaded);
  if (source.paths.size() > 1) return Error{ErrorCode::kInvalidArgument, "a bundle is given alone, without other policies"};
  loaded.files = source.paths;
  loaded.from_bundle = true;
  return ReadWholeFile(source.paths.front(), BundleLimits{}.max_bytes);
}

Result<std::string> ReadDataFile(const PolicySource& source, const std::string& file) {
  const std::string extension = fs::path(file).extension().string();
  if (extension == ".json") return ReadWholeFile(file, JsonLimits{}.max_bytes);
  if (std::find(kDataExtensions.begin(), kDataExtensions.end(), extension) == kDataExtensions.end()) {
    return Error{ErrorCode::kInvalidArgument, file + ": a data file ends in .json, .yaml or .yml"};
  }
  if (!source.read_yaml) return Error{ErrorCode::kInvalidArgument, file + ": YAML data cannot be read here; convert it to JSON"};
  const Result<std::string> text = ReadWholeFile(file, kMaxYamlBytes);
  return text ? source.read_yaml(file, *text) : text.error();
}

// The folders of the policy files, and those that were given: where data is looked for.
std::set<fs::path> DataFolders(const PolicySource& source, const std::vector<std::string>& policy_files) {
  std::set<fs::path> folders;
  for (const std::string& policy : policy_files) folders.insert(fs::path(policy).parent_path().lexically_normal());
  for (const std::string& path : source.paths) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) folders.insert((fs::path(path) / "x").parent_path().lexically_normal());
  }
  return folders;
}

// Finds the file of an import beside the policies; "" = there is none.
Result<std::string> FindDataBeside(const std::string& name, const std::set<fs::path>& folders) {
  std::set<std::string> found;
  for (const fs::path& folder : folders) {
    for (const std::string_view extension : kDataExtensions) {
      const fs::path candidate = (folder / (name + std::string(extension))).lexically_normal();
      std::error_code ignored;
      if (fs::is_regular_file(candidate, ignored)) found.insert(candidate.string());
    }
  }
  if (found.empty()) return std::string();
  if (found.size() > 1) {
    return Error{ErrorCode::kInvalidArgument, "data `" + name + "` is in both " + *found.begin() + " and " + *std::next(found.begin()) +
                                                  "; name one with --data " + name + "=FILE"};
  }
  return *found.begin();
}

// An import whose file was not found: an error when the set that decides has it.
Status CheckNotLost(const std::string& import, std::span<const PolicySet::Data> running) {
  for (const PolicySet::Data& data : running) {
    if (data.name != import) continue;
    return Error{ErrorCode::kNotFound, data.file + ": no such file, and the policies that decide have data `" + import +
                                           "` from it; put it back, or remove the import"};
  }
  return OkStatus();
}

// What may not be said of the names in `source.data` and `source.without_data`.
Status CheckNames(const PolicySource& source, const Program& program) {
  std::set<std::string_view> names;
  const auto is_imported = [&](const std::string& name) {
    return std::any_of(program.imports.begin(), program.imports.end(), [&](const Import& import) { return program[import.name] == name; });
  };
  for (const DataFile& data : source.data) {
    if (!names.insert(data.name).second) return Error{ErrorCode::kInvalidArgument, "data `" + data.name + "` is given twice"};
    if (!is_imported(data.name))
      return Error{ErrorCode::kInvalidArgument, data.file + ": data `" + data.name + "` is not imported by any policy"};
  }
  for (const std::string& name : source.without_data) {
    if (names.contains(name)) return Error{ErrorCode::kInvalidArgument, "data `" + name + "` is given, and said to be missing"};
    if (!is_imported(name))
      return Error{ErrorCode::kInvalidArgument, "data `" + name + "`, which is said to be missing, is not imported by any policy"};
  }
  return OkStatus();
}

bool IsSettled(const PolicySource& source, std::string_view name) {
  return std::any_of(source.data.begin(), source.data.end(), [&](const DataFile& data) { return data.name == name; }) ||
         std::find(source.without_data.begin(), source.without_data.end(), name) != source.without_data.end();
}

std::string_view RootOf(const Program& program, SlotId slot) {
  while (program.slots[slot.index].parent.valid()) slot = program.slots[slot.index].parent;
  return program[program[slot].key];
}

bool ReadsSlot(const Node& node) {
  return node.kind == NodeKind::kSlot || node.kind == NodeKind::kHasSlot || node.kind == NodeKind::kOptionalSlot;
}

// The first rule that reads a variable, by its place; "" = none. Arguments stand before users, so
// one pass tells who reads it.
std::string FindReader(const Program& program, std::string_view variable) {
  std::vector<bool> reads(program.nodes.size());
  for (std::size_t i = 0; i < reads.size(); ++i) {
    const Node& node = program.nodes[i];
    reads[i] = ReadsSlot(node) && RootOf(program, SlotId(node.index)) == variable;
    for (const NodeId arg : program.args(node)) reads[i] = reads[i] || (arg.valid() && reads[arg.index]);
  }
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    bool is_reader = false;
    ForEachExpression(program, RuleId(i), [&](NodeId node) { is_reader = is_reader || reads[node.index]; });
    if (!is_reader) continue;
    const SourceLocation place = program.location(program.rules[i]);
    return std::string(program[program[place.file].name]) + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  }
  return "";
}

// A rule that reads it would decide about a namespace that it never sees: `namespaceObject == null` would always hold.
Status CheckNamespaceObject(const PolicySource& source, const Program& program) {
  if (source.namespace_object_given) return OkStatus();
  const std::string place = FindReader(program, "namespaceObject");
  if (place.empty()) return OkStatus();
  return Error{ErrorCode::kInvalidArgument,
               place +
                   ": the rule reads `namespaceObject`, and nothing gives it here; --namespace-object-given says that "
                   "callers of POST /v1/decide bring it along"};
}

// The signers whose files lie beside the policies that name them, or beside the bundle.
Status LoadSigners(const PolicySource& source, LoadedPolicies& loaded) {
  image::SignerFiles files;
  if (IsBundleFile(source.paths.front())) files.folder = fs::path(source.paths.front()).parent_path().string();
  files.read = [&loaded](const std::string& path) {
    loaded.files.push_back(path);
    return ReadWholeFile(path, image::ImageLimits{}.max_trust_root_bytes);
  };
  Result<image::SignerSet> signers = image::SignerSet::Load(loaded.policies->program(), files);
  if (!signers) return signers.error();
  loaded.signers = std::make_shared<const image::SignerSet>(std::move(*signers));
  return OkStatus();
}

}  // namespace

std::function<bool(std::string_view)> DataFinder(const PolicySource& source, const std::vector<std::string>& policy_files) {
  return [&source, folders = DataFolders(source, policy_files)](std::string_view name) {
    if (IsSettled(source, name)) return true;
    const Result<std::string> found = FindDataBeside(std::string(name), folders);
    return !found || !found->empty();  // of two files FindData speaks
  };
}

Result<std::vector<DataFile>> FindData(const PolicySource& source, const Program& program, const std::vector<std::string>& policy_files,
                                       std::span<const PolicySet::Data> running) {
  WRIT_RETURN_IF_ERROR(CheckNames(source, program));
  std::vector<DataFile> files = source.data;
  const std::set<fs::path> folders = DataFolders(source, policy_files);
  for (const Import& each : program.imports) {
    const std::string import(program[each.name]);
    const auto is_it = [&](const ProgramData& data) { return data.name == each.name; };
    if (IsSettled(source, import) || std::any_of(program.data.begin(), program.data.end(), is_it)) continue;
    Result<std::string> file = FindDataBeside(import, folders);
    if (!file) return file.error();
    if (file->empty()) {
      WRIT_RETURN_IF_ERROR(CheckNotLost(import, running));
      return Error{ErrorCode::kNotFound, "there is no data `" + import + "`, which the policies import: give --data " + import +
                                             "=FILE; --without-data " + import + " says that it is meant to be missing"};
    }
    files.push_back({import, *file});
  }
  return files;
}

Result<std::vector<PolicySet::Data>> ReadData(const PolicySource& source, std::span<const DataFile> files) {
  std::vector<PolicySet::Data> data;
  for (const DataFile& file : files) {
    Result<std::string> json = ReadDataFile(source, file.file);
    if (!json) return json.error();
    data.push_back({.name = file.name, .json = std::move(*json), .file = file.file});
  }
  return data;
}

bool IsBundleFile(const std::string& path) {
  constexpr std::size_t kFirstBytes = 16;
  std::error_code error;
  if (fs::path(path).extension() == kBundleExtension) return true;
  // A pipe is read once only, and what /proc has is empty, but reading it may wait.
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) < kFirstBytes || error) return false;
  std::string first(kFirstBytes, ' ');
  std::ifstream(path, std::ios::binary).read(first.data(), kFirstBytes);
  return LooksLikeBundle(first);
}

Result<LoadedPolicies> LoadPolicies(const PolicySource& source, std::span<const PolicySet::Data> running) {
  LoadedPolicies loaded;
  if (source.paths.empty()) return Error{ErrorCode::kInvalidArgument, "no policies given"};
  Result<std::string> bytes = ReadBundleBytes(source, running, loaded);
  if (!bytes) return bytes.error();
  Result<Bundle> bundle = LoadBundle(*std::move(bytes));
  if (!bundle) return Error{bundle.error().code, source.paths.front() + ": " + bundle.error().message};
  const Program& program = bundle->program.program();
  WRIT_RETURN_IF_ERROR(CheckNamespaceObject(source, program));
  Result<std::vector<DataFile>> data_files = FindData(source, program, loaded.files, running);
  if (!data_files) return data_files.error();
  Result<std::vector<PolicySet::Data>> data = ReadData(source, *data_files);
  if (!data) return data.error();
  for (const DataFile& file : *data_files) loaded.files.push_back(file.file);
  loaded.policy_count = program.policies.size();
  Result<std::shared_ptr<const PolicySet>> policies = PolicySet::Load(*std::move(bundle), *data);
  if (!policies) return policies.error();
  loaded.policies = std::move(*policies);
  loaded.data = std::move(*data);
  if (source.load_signers) WRIT_RETURN_IF_ERROR(LoadSigners(source, loaded));
  return loaded;
}

}  // namespace writ
