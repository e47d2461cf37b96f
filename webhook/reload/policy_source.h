// Where policies and data come from: directories and files of policy text, or one bundle; and data files beside them.
//
//   Result<LoadedPolicies> loaded = LoadPolicies({.paths = {"policies/"}});
//   if (!loaded) std::cerr << loaded.error().message;   // diagnostics, rendered
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/facts/signer_set.h"
#include "writ/engine.h"

namespace writ {

// `--data NAME=FILE`.
struct DataFile {
  std::string name;
  std::string file;  // .json, .yaml or .yml
};

using ReadYaml = std::function<Result<std::string>(const std::string& path, std::string_view text)>;
inline constexpr std::size_t kMaxYamlBytes = std::size_t{64} * 1024 * 1024;  // of a file that ReadYaml is given

struct PolicySource {
  std::vector<std::string> paths;  // directories, *.writ files, or exactly one *.writb bundle
  std::vector<DataFile> data;
  std::vector<std::string> without_data;  // imports whose data is meant to be missing: not looked for, and no error
  bool strict = false;                    // warnings of the checker are errors
  // The signers that rules demand are loaded, too: for hosts that verify signatures. Without it their files are not looked at.
  bool load_signers = false;
  // For servers: policy files are regular ones, too, and nothing is waited for. Without it a policy may come through a pipe (`<(cmd)`).
  // Data, bundles and keys are always regular files.
  bool regular_files_only = false;
  // Says that `namespaceObject` comes with requests. Without it a set that reads it is refused: for a rule it would always be null.
  bool namespace_object_given = true;
  // Returns the text of a YAML file as JSON; `path` is for messages. Empty: YAML data files are refused.
  ReadYaml read_yaml;
  // The bundle of exactly these files, for a caller that has compiled them already.
  std::optional<std::string> compiled = {};
};

struct LoadedPolicies {
  std::shared_ptr<const PolicySet> policies;
  std::shared_ptr<const image::SignerSet> signers;  // of `policies`; nullptr unless load_signers
  std::size_t policy_count = 0;
  bool from_bundle = false;           // then the names of policy files in the program are those of where it was compiled
  std::string warnings;               // rendered diagnostics of warnings, "" = none
  std::vector<std::string> files;     // every file that was read: policies, data, and what signers name
  std::vector<PolicySet::Data> data;  // what `policies` was loaded with; each with its file
};

// Returns whether a path is that of a bundle: it is called *.writb, or is a regular file that
// begins as a bundle does. Reads its first bytes.
bool IsBundleFile(const std::string& path);

// Whether the data of an import is given, meant to be missing, or found beside the policies: for dsl::CompileOptions.
std::function<bool(std::string_view)> DataFinder(const PolicySource& source, const std::vector<std::string>& policy_files);

// Returns the file of each import, those of `source.data` first. What neither they nor the program has is looked for as NAME.json,
// NAME.yaml and NAME.yml in the folders of the policy files and the folders given. Errors: kNotFound when there is none, which
// would turn every rule that reads it into an error (`running`: the data of the set that decides, for a better text);
// kInvalidArgument for two, for data given twice, and for `without_data` that nobody imports.
Result<std::vector<DataFile>> FindData(const PolicySource& source, const Program& program, const std::vector<std::string>& policy_files,
                                       std::span<const PolicySet::Data> running = {});
// Reads them. Errors: those of reading; kInvalidArgument for names that are no data files.
Result<std::vector<PolicySet::Data>> ReadData(const PolicySource& source, std::span<const DataFile> files);

// Reads, compiles and verifies, with the data that FindData finds.
// Errors: kNotFound (a file of `running` is gone), kInvalidArgument (faults in policies: rendered diagnostics; no policies; a bundle among
// other paths; bad data; signers), and those of reading and of LoadBundle. Thread-safe. Cost: that of compiling.
Result<LoadedPolicies> LoadPolicies(const PolicySource& source, std::span<const PolicySet::Data> running = {});

}  // namespace writ
