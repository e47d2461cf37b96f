// `writ test`: compiles, groups files by package, runs, reports.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/policy_files.h"
#include "cli/test_runner/test_report.h"
#include "cli/test_runner/test_runner.h"
#include "dsl/compiler.h"
#include "dsl/parse/parser.h"
#include "rules/bundle/bundle.h"

namespace writ::cli {
namespace {

// The files whose policies decide the tests of one package, loaded.
struct Unit {
  std::shared_ptr<const PolicySet> policies;
  std::vector<PolicySet::Data> data;
  LetValues lets;  // of the package itself
};

// Files as compiled, with their trees, and the data of all.
struct Parsed {
  std::string bundle;   // of all of them
  PolicySource source;  // `data` holds what was found, too
  std::vector<SourceFile> files;
  std::vector<dsl::FileTree> trees;
};

// Compiles everything as one set, so that all faults are reported at once, and parses for the tests.
std::optional<Parsed> ParseAll(const TestOptions& options, const Console& console) {
  std::optional<PolicySource> source = MakePolicySource(options.paths, options.data, console);
  std::optional<std::vector<SourceFile>> files = source ? ReadPolicies(options.paths, console) : std::nullopt;
  if (!files) return std::nullopt;
  dsl::Compilation all = CompileWithData(std::move(*files), *source);
  PrintDiagnostics(all, console);
  const std::optional<std::vector<PolicySet::Data>> data = all.program ? LoadData(*source, all, console) : std::nullopt;
  if (!data) return std::nullopt;
  Parsed parsed{WriteBundle(*all.program), std::move(*source), std::move(all.files), {}};
  parsed.source.data.clear();
  for (const PolicySet::Data& each : *data) parsed.source.data.push_back({each.name, each.file});
  for (std::size_t i = 0; i < parsed.files.size(); ++i) {
    dsl::DiagnosticSink sink;  // no faults: the same text was compiled just now
    parsed.trees.push_back(dsl::ParseFile(parsed.files[i], FileId(i), sink));
  }
  return parsed;
}

std::vector<std::size_t> FilesOfPackage(const Parsed& parsed, std::string_view package) {
  std::vector<std::size_t> members;
  bool has_policies = false;
  for (std::size_t i = 0; i < parsed.trees.size(); ++i) {
    if (parsed.trees[i].package.text != package) continue;
    members.push_back(i);
    has_policies = has_policies || !parsed.trees[i].policies.empty();
  }
  if (has_policies) return members;
  members.resize(parsed.trees.size());
  for (std::size_t i = 0; i < members.size(); ++i) members[i] = i;
  return members;
}

// Every member is a policy file that was read before, and so is the data.
std::optional<Unit> LoadUnit(const Parsed& parsed, std::string_view package, const Console& console) {
  PolicySource source = parsed.source;
  source.paths.clear();
  std::set<std::string, std::less<>> imports;
  const std::vector<std::size_t> members = FilesOfPackage(parsed, package);
  for (const std::size_t i : members) {
    source.paths.push_back(parsed.files[i].name);
    for (const dsl::ImportDecl& import : parsed.trees[i].imports) imports.emplace(import.name.text);
  }
  // Data of other packages is none of this one's business.
  std::erase_if(source.data, [&](const DataFile& file) { return !imports.contains(file.name); });
  std::erase_if(source.without_data, [&](const std::string& name) { return !imports.contains(name); });
  if (members.size() == parsed.files.size()) source.compiled = parsed.bundle;  // most sets are one package
  Result<LoadedPolicies> loaded = LoadPolicies(source);
  if (!loaded) {
    PrintError(console, loaded.error().message);
    return std::nullopt;
  }
  Unit unit{loaded->policies, std::move(loaded->data), {}};
  for (const dsl::FileTree& tree : parsed.trees) {
    if (tree.package.text != package) continue;
    for (const dsl::LetDecl& let : tree.lets) unit.lets.emplace(let.name.text, LetValue{&tree, let.value});
  }
  return unit;
}

// Runs the tests of all files, loading the policies of each package once. Empty after an error, which is printed.
std::optional<TestReport> RunAll(const Parsed& parsed, const TestOptions& options, const Console& console) {
  std::map<std::string, Unit, std::less<>> units;
  TestReport report;
  for (std::size_t i = 0; i < parsed.trees.size(); ++i) {
    const dsl::FileTree& tree = parsed.trees[i];
    if (tree.tests.empty()) continue;
    auto unit = units.find(tree.package.text);
    if (unit == units.end()) {
      std::optional<Unit> loaded = LoadUnit(parsed, tree.package.text, console);
      if (!loaded) return std::nullopt;
      unit = units.emplace(tree.package.text, std::move(*loaded)).first;
    }
    RunTests({&parsed.files[i], &tree, &unit->second.lets, unit->second.policies, unit->second.data}, options.filter, report);
  }
  return report;
}

// Compiles, loads and runs. Empty after an error, which is printed.
std::optional<TestReport> Run(const TestOptions& options, const Console& console) {
  const std::optional<Parsed> parsed = ParseAll(options, console);
  if (!parsed) return std::nullopt;
  return RunAll(*parsed, options, console);
}

// Writes what was asked for. kOk, or how it could not be written, which is printed.
ExitCode WriteReports(const TestReport& report, const TestOptions& options, const Console& console) {
  if (options.format == Format::kJson) {
    console.out << PrintableJson(ReportJson(report)) << "\n";
  } else {
    PrintReport(report, console);
  }
  if (options.junit_file.empty()) return ExitCode::kOk;
  const Status written = WriteFile(options.junit_file, ReportJunit(report));
  return written ? ExitCode::kOk : ReportUnwritten(written.error(), console);
}

// Nothing was decided: a run that tests nothing is not a success.
ExitCode RefuseEmpty(const TestReport& report, const TestOptions& options, const Console& console) {
  if (options.allow_empty) return ExitCode::kOk;
  std::string_view accepts = " (--allow-empty accepts that)";
  if (!report.cases.empty()) {
    PrintError(console, "all cases were skipped" + std::string(accepts));
  } else if (options.filter.empty()) {
    PrintError(console, "no tests found" + std::string(accepts));
  } else {
    PrintError(console, "no test's name contains `" + options.filter + "`");
  }
  return ExitCode::kBadInput;
}

}  // namespace

ExitCode RunTest(const TestOptions& options, const Console& console) {
  // Programs read the report, also when there is nothing but problems to report; people read what is printed.
  const bool is_for_programs = options.format == Format::kJson || !options.junit_file.empty();
  std::ostringstream problems;
  const Console recorded{console.in, console.out, problems, console.colour_out, false};
  const std::optional<TestReport> report = Run(options, is_for_programs ? recorded : console);
  console.err << problems.str();
  if (!report) {
    if (!is_for_programs) return ExitCode::kBadInput;
    const ExitCode written = WriteReports(ReportOfUnloadable(options.paths.front(), problems.str()), options, console);
    return written == ExitCode::kOk ? ExitCode::kBadInput : written;
  }
  const ExitCode written = WriteReports(*report, options, console);
  if (written != ExitCode::kOk) return written;
  if (report->failed > 0) return ExitCode::kDenied;
  return report->passed > 0 ? ExitCode::kOk : RefuseEmpty(*report, options, console);
}

}  // namespace writ::cli
