// Runs the `test` blocks of policy files. A test is decided by the policies of its own package, or by all policies given when its
// package has none (docs/language.md, "A file"); every case goes through Engine::DecideJson, as requests do.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/test_runner/constant.h"
#include "dsl/syntax/tree.h"
#include "rules/base/result.h"
#include "rules/base/source.h"
#include "writ/engine.h"

namespace writ::cli {

// A rule that might have been meant, and why it did not hold.
struct UnheldRule {
  std::string rule;  // "slack_tools.r4 deny (false) fleet.writ:16"
  std::string key;   // RuleKeyText
  std::vector<UnmetCondition> unmet;
};

struct CaseResult {
  enum class Status { kPassed, kFailed, kSkipped };
  Status status = Status::kPassed;
  std::string test;  // the test's name
  std::string file;
  std::uint32_t line = 0, column = 0;
  std::string text;                // the case up to "->", on one line
  std::string expected;            // what stands after "->"
  std::string got;                 // the decision in the words of the test language; "" when there was none
  std::string why;                 // of a failure or a skip, one sentence
  std::vector<std::string> rules;  // the determining ones: "slack_tools.r4 deny (true) fleet.writ:16"
  std::vector<UnheldRule> unheld;  // of a failure: rules that might have been meant
  std::string problems;            // lines, when the policies could not be loaded
  std::string decision_json;       // "" when there was none
  double seconds = 0;              // of deciding, repetitions included
};

struct TestReport {
  std::uint64_t passed = 0, failed = 0, skipped = 0;
  std::vector<CaseResult> cases;
};

// A parsed file with the policies that decide its tests.
struct TestFile {
  const SourceFile* source = nullptr;
  const dsl::FileTree* tree = nullptr;
  const LetValues* lets = nullptr;  // of the file's package
  std::shared_ptr<const PolicySet> policies;
  std::span<const PolicySet::Data> data;  // what `policies` was loaded with; a test's own data replaces it by name
};

// Runs all tests of `file` whose name contains `filter` and adds their cases to `report`. Never fails: what goes wrong with a
// case is a failure of that case. A test without cases is a failure, too: it would pass for nothing.
void RunTests(const TestFile& file, const std::string& filter, TestReport& report);

}  // namespace writ::cli
