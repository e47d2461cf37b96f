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

// JUnit XML: a suite a file, a testcase a case, times in seconds.
std::string ReportJunit(const TestReport& report);

// What is reported when no test could run: one failed case, named after `path`, that carries `problems` (diagnostics as `writ check`
// prints them, or one sentence). Without it a CI system would see no report, and some take that for success.
TestReport ReportOfUnloadable(std::string path, std::string problems);

}  // namespace writ::cli
