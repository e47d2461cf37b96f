// The results of tests for people, for programs (JSON) and for CI systems (JUnit XML).
#pragma once

#include <string>

#include "cli/console.h"
#include "cli/test_runner/test_runner.h"

namespace writ::cli {

// One line a case under the name of its test; failures with expectation, decision and determining rules. Ends with the totals.
void PrintReport(const TestReport& report, const Console& console);

// {"passed": …, "failed": …, "skipped": …, "cases": […]}.
std::string ReportJson(const TestReport& report);

// JUnit XML: a suite a file, a testcase a case.
std::string ReportJunit(const TestReport& report);

}  // namespace writ::cli
