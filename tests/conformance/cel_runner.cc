// writ_cel_conformance: runs a folder of CEL conformance vectors (format: shared/vectors/cel/README.md).
//
//   writ_cel_conformance [--only core] [--skip-list FILE] DIR
//
// Prints each failing id with what was expected and what was found, each reason for skipping with its count, and closes with
// `N passed, N failed, N skipped`. FILE holds ids to skip, one a line, `#` comments. Exit codes: 0 all passed, 1 failures, 2 bad
// usage or nothing readable.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/cel_expression.h"
#include "dsl/diagnostics/diagnostic.h"
#include "dsl/lower/expression.h"
#include "rules/ir/text.h"
#include "tests/conformance/cel_values.h"

namespace writ::conformance {
namespace {

using Json = nlohmann::json;

// Extensions that the language has beyond the core.
const std::set<std::string> kSupportedFeatures = {"optional", "regex", "quoted_ident"};

struct Options {
  std::string only;
  std::string skip_list;
  std::string folder;
};

struct Totals {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  std::map<std::string, int> reasons;
};

// Why a test is not run; "" = it is.
std::string SkipReason(const Json& test, const Options& options, const std::set<std::string>& skip_list) {
  if (skip_list.contains(test.at("id").get<std::string>())) return "in the skip list";
  if (test.contains("disputed")) return "disputed: " + test["disputed"].get<std::string>();
  if (options.only == "core" && !test.value("core", false)) return "not core";
  const std::string protobuf = test.value("protobuf", "none");
  if (protobuf != "none") return "needs protobuf: " + protobuf;
  if (test.value("disable_macros", false)) return "needs parsing without macros";
  for (const Json& feature : test.value("features", Json::array())) {
    if (!kSupportedFeatures.contains(feature.get<std::string>())) return "extension: " + feature.get<std::string>();
  }
  return "";
}

std::string Fail(const std::string& expected, const std::string& found) { return "expected " + expected + ", found " + found; }

// Declares what the test declares; an empty string, or what the environment cannot hold.
std::string Declare(const Json& test, dsl::ExpressionEnvironment& environment) {
  environment.container = test.value("container", "");
  environment.check = !test.value("disable_check", false);
  std::set<std::string> declared;
  for (const Json& declaration : test.value("type_env", Json::array())) {
    const std::string name = declaration.at("name");
    if (declaration.at("kind") == "variable") {
      const auto type = ReadType(declaration.at("type"), environment.types);
      if (!type) return "a variable of type " + declaration.value("type_str", "?");
      environment.variables.push_back({name, *type});
      declared.insert(name);
      continue;
    }
    for (const Json& overload : declaration.at("overloads")) {
      dsl::ExpressionEnvironment::Overload added;
      added.function = name;
      added.is_method = overload.value("member", false);
      for (const Json& parameter : overload.at("params")) {
        const auto type = ReadType(parameter, environment.types);
        if (!type) return "a parameter of a message type";
        added.parameters.push_back(*type);
      }
      const auto result = ReadType(overload.at("result"), environment.types);
      if (!result) return "a result of a message type";
      added.result = *result;
      environment.functions.push_back(std::move(added));
    }
  }
  const Json bindings = test.value("bindings", Json::object());
  for (const auto& [name, value] : bindings.items()) {
    if (!declared.contains(name)) environment.variables.push_back({name, environment.types.Simple(TypeKind::kDyn)});
  }
  return "";
}

// The test's bindings; one that is a message is left out, and the name has no value.
std::vector<cli::CelVariable> Bindings(const Json& test, Arena& arena) {
  std::vector<cli::CelVariable> variables;
  const Json bindings = test.value("bindings", Json::object());
  for (const auto& [name, json] : bindings.items()) {
    if (const std::optional<Value> value = ReadValue(json, arena)) variables.push_back({name, *value});
  }
  return variables;
}

// The expression printed from its node, read again in the same environment, must be the same node.
// Where nothing is checked, types are left out and prove nothing; where names have a container, a
// root's own name may mean another.
std::string FaultOfText(const cli::CelExpression& expression, dsl::ExpressionEnvironment& environment) {
  if (!environment.check || !environment.container.empty()) return "";
  const std::optional<std::string> text = TryNodeText(expression.program(), expression.root());
  if (!text) return "the expression has no text";
  const SourceFile file{std::string(expression.program()[expression.program()[FileId(0)].name]), *text};
  const cli::CelExpression again(file, environment);
  if (!again.ok()) return "its text is refused: " + *text + ": " + again.fault().message;
  return again.program() == expression.program() ? "" : "its text is another expression: " + *text;
}

// Runs one test; "" when it passed, else what went wrong.
std::string RunTest(const Json& test) {
  dsl::ExpressionEnvironment environment;
  if (const std::string fault = Declare(test, environment); !fault.empty()) return "the environment needs " + fault;
  const SourceFile file{test.at("id"), test.at("expr")};
  cli::CelExpression expression(file, environment);
  const Json& expect = test.at("expect");
  const std::string kind = expect.at("kind");
  const std::string phase = expect.value("phase", "");
  if (!expression.ok()) {
    if (kind == "error" && phase != "eval") return "";
    const dsl::Diagnostic& fault = expression.fault();
    return Fail(expect.dump(), "at compile time: " + fault.message + " [" + std::string(DiagnosticKindName(fault.kind)) + "]");
  }
  if (kind == "error" && phase == "check") return Fail("an error of the checker", "none");
  if (expect.contains("type_str") && environment.types.Text(expression.type()) != expect["type_str"]) {
    return Fail("type " + expect["type_str"].get<std::string>(), environment.types.Text(expression.type()));
  }
  if (test.value("check_only", false) || kind == "type_only") return "";

  if (const std::string fault = FaultOfText(expression, environment); !fault.empty()) return fault;
  Arena arena;
  const Value found = expression.Evaluate(Bindings(test, arena));
  if (kind == "error") return found.is(Kind::kError) ? "" : Fail("an error", LiteralText(found));
  const std::optional<Value> expected = ReadValue(expect.at("value"), arena);
  if (!expected) return "the expected value cannot be read: " + expect.dump();
  if (found.is(Kind::kError)) return Fail(LiteralText(*expected), "the error " + ErrorText(found));
  if (found.is_fault()) return Fail(LiteralText(*expected), "unknown");
  return SameValue(*expected, found) ? "" : Fail(LiteralText(*expected), LiteralText(found));
}

bool RunFile(const std::filesystem::path& path, const Options& options, const std::set<std::string>& skip_list, Totals& totals) {
  std::ifstream stream(path);
  const Json suite = Json::parse(stream, nullptr, false);
  if (suite.is_discarded() || !suite.is_object()) {
    std::cerr << path.string() << ": not a suite of CEL tests\n";
    return false;
  }
  if (!suite.contains("tests")) return true;  // index.json, disputed.json
  for (const Json& test : suite["tests"]) {
    const std::string reason = SkipReason(test, options, skip_list);
    if (!reason.empty()) {
      ++totals.skipped;
      ++totals.reasons[reason];
      continue;
    }
    const std::string fault = RunTest(test);
    if (fault.empty()) {
      ++totals.passed;
    } else {
      ++totals.failed;
      std::cout << "FAIL " << test.at("id").get<std::string>() << "\n     " << test.at("expr").get<std::string>() << "\n     " << fault
                << "\n";
    }
  }
  return true;
}

bool ReadOptions(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if ((argument == "--only" || argument == "--skip-list") && i + 1 < argc) {
      (argument == "--only" ? options.only : options.skip_list) = argv[++i];
    } else if (argument.starts_with('-') || !options.folder.empty()) {
      return false;
    } else {
      options.folder = argument;
    }
  }
  return !options.folder.empty() && (options.only.empty() || options.only == "core");
}

int Run(int argc, char** argv) {
  Options options;
  if (!ReadOptions(argc, argv, options)) {
    std::cerr << "usage: writ_cel_conformance [--only core] [--skip-list FILE] DIR\n";
    return 2;
  }
  std::set<std::string> skip_list;
  if (!options.skip_list.empty()) {
    std::ifstream stream(options.skip_list);
    if (!stream) {
      std::cerr << options.skip_list << ": cannot be read\n";
      return 2;
    }
    for (std::string line; std::getline(stream, line);) {
      if (!line.empty() && line[0] != '#') skip_list.insert(line);
    }
  }
  std::error_code error;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(options.folder, error)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  if (error || paths.empty()) {
    std::cerr << options.folder << ": no folder of CEL tests (*.json)\n";
    return 2;
  }
  Totals totals;
  for (const auto& path : paths) {
    if (!RunFile(path, options, skip_list, totals)) return 2;
  }
  for (const auto& [reason, count] : totals.reasons) std::cout << "skipped " << count << ": " << reason << "\n";
  std::cout << totals.passed << " passed, " << totals.failed << " failed, " << totals.skipped << " skipped\n";
  if (totals.passed + totals.failed == 0) {
    std::cerr << options.folder << ": no test was run\n";
    return 2;
  }
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace writ::conformance

int main(int argc, char** argv) {
  try {
    return writ::conformance::Run(argc, argv);
  } catch (const std::exception& fault) {
    std::cerr << "writ_cel_conformance: " << fault.what() << "\n";
    return 2;
  }
}
