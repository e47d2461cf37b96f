#include "cli/test_runner/test_report.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cli/report.h"
#include "cli/text.h"

namespace writ::cli {
namespace {

using Json = nlohmann::ordered_json;
using Status = CaseResult::Status;

std::string_view StatusName(Status status) {
  switch (status) {
    case Status::kPassed: return "passed";
    case Status::kFailed: return "failed";
    case Status::kSkipped: return "skipped";
  }
  return {};
}

std::string StatusLabel(Status status, bool colour) {
  switch (status) {
    case Status::kPassed: return Styled("ok  ", Style::kGreen, colour);
    case Status::kFailed: return Styled("FAIL", Style::kRed, colour);
    case Status::kSkipped: return Styled("skip", Style::kYellow, colour);
  }
  return {};
}

std::string PlaceText(const CaseResult& result) {
  return result.file + ":" + std::to_string(result.line) + ":" + std::to_string(result.column);
}

void PrintFailure(const CaseResult& result, const Console& console) {
  const auto line = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) console.out << "        " << Padded(name, 9) << Printable(text) << "\n";
  };
  line("why", result.why);
  line("expected", result.expected);
  line("got", result.got);
  for (const std::string& rule : result.rules) line("rule", rule);
  for (const UnheldRule& unheld : result.unheld) {
    line("unmet", unheld.rule);
    for (const std::string& part : UnmetLines(unheld.unmet)) line("", part);
  }
  line("at", PlaceText(result));
}

// Text inside an XML attribute or element, on one line. Control characters that XML 1.0 cannot hold are shown escaped by Printable
// first.
std::string Xml(std::string_view text) {
  std::string out;
  for (const char c : Printable(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// The same for a text of several lines.
std::string XmlLines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += Xml(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// XML Schema's decimal, which JUnit's readers want: no exponent.
std::string SecondsText(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6f", seconds);
  return text;
}

std::string JunitCase(const CaseResult& result) {
  const std::string name = result.test + ": " + (result.text.empty() ? "test" : result.text);
  std::string xml = "    <testcase classname=\"" + Xml(result.file) + "\" name=\"" + Xml(name) + "\" file=\"" + Xml(result.file) +
                    "\" line=\"" + std::to_string(result.line) + "\" time=\"" + SecondsText(result.seconds) + "\"";
  if (result.status == Status::kPassed) return xml + "/>\n";
  xml += ">\n";
  if (result.status == Status::kSkipped) return xml + "      <skipped message=\"" + Xml(result.why) + "\"/>\n    </testcase>\n";
  std::string body;
  if (!result.expected.empty()) body += "expected: " + Xml(result.expected) + "\n";
  if (!result.got.empty()) body += "got: " + Xml(result.got) + "\n";
  body += XmlLines(result.problems);
  for (const std::string& rule : result.rules) body += "rule: " + Xml(rule) + "\n";
  for (const UnheldRule& unheld : result.unheld) {
    body += "unmet: " + Xml(unheld.rule) + "\n";
    for (const std::string& part : UnmetLines(unheld.unmet)) body += "  " + Xml(part) + "\n";
  }
  return xml + "      <failure message=\"" + Xml(result.why) + "\">" + body + "at: " + Xml(PlaceText(result)) +
         "</failure>\n    </testcase>\n";
}

void AddPlace(const ExpressionPlace& place, Json& json) {
  if (place.line == 0) return;
  json["file"] = place.file;
  json["line"] = place.line;
  json["column"] = place.column;
}

Json UnheldJson(const std::vector<UnheldRule>& rules) {
  Json json = Json::array();
  for (const UnheldRule& rule : rules) {
    Json unmet = Json::array();
    for (const UnmetCondition& part : rule.unmet) {
      Json one = {{"condition", part.condition}};
      if (!part.let.empty()) one["let"] = part.let;
      one["outcome"] = OutcomeName(part.outcome);
      AddPlace(part.place, one);
      if (!part.failed.empty()) {
        one["failed"] = {{"expression", part.failed}};
        AddPlace(part.failed_place, one["failed"]);
      }
      Json reads = Json::array();
      for (const auto& [path, value] : part.reads) reads.push_back({{"path", path}, {"value", value}});
      one["reads"] = std::move(reads);
      unmet.push_back(std::move(one));
    }
    json.push_back({{"rule", rule.rule}, {"key", rule.key}, {"unmet", std::move(unmet)}});
  }
  return json;
}

struct Counts {
  std::uint64_t all = 0, failed = 0, skipped = 0;
  double seconds = 0;
};

Counts Count(const std::vector<const CaseResult*>& results) {
  Counts counts;
  for (const CaseResult* result : results) {
    ++counts.all;
    counts.seconds += result->seconds;
    if (result->status == Status::kFailed) ++counts.failed;
    if (result->status == Status::kSkipped) ++counts.skipped;
  }
  return counts;
}

std::string CountAttributes(const Counts& counts) {
  return " tests=\"" + std::to_string(counts.all) + "\" failures=\"" + std::to_string(counts.failed) + "\" errors=\"0\" skipped=\"" +
         std::to_string(counts.skipped) + "\" time=\"" + SecondsText(counts.seconds) + "\"";
}

}  // namespace

void PrintReport(const TestReport& report, const Console& console) {
  std::pair<std::string, std::string> heading;
  for (const CaseResult& result : report.cases) {
    std::pair<std::string, std::string> next(result.file, result.test);
    if (next != heading) {
      console.out << Printable(next.first) << ": " << Styled(Printable(next.second), Style::kBold, console.colour_out) << "\n";
      heading = std::move(next);
    }
    console.out << "  " << StatusLabel(result.status, console.colour_out) << "  " << Padded(std::to_string(result.line), 4) << " "
                << Printable(result.text);
    if (result.status != Status::kFailed && !result.expected.empty()) console.out << " -> " << Printable(result.expected);
    if (result.status == Status::kSkipped) console.out << "  (" << Printable(result.why) << ")";
    console.out << "\n";
    if (result.status == Status::kFailed) PrintFailure(result, console);
  }
  if (!report.cases.empty()) console.out << "\n";
  console.out << report.passed << " passed, " << report.failed << " failed, " << report.skipped << " skipped\n";
}

std::string ReportJson(const TestReport& report) {
  Json cases = Json::array();
  for (const CaseResult& result : report.cases) {
    Json one = {{"status", StatusName(result.status)},
                {"test", result.test},
                {"file", result.file},
                {"line", result.line},
                {"column", result.column},
                {"case", result.text},
                {"expected", result.expected}};
    if (!result.got.empty()) one["got"] = result.got;
    if (!result.why.empty()) one["why"] = result.why;
    if (!result.unheld.empty()) one["unheld"] = UnheldJson(result.unheld);
    if (!result.problems.empty()) one["problems"] = result.problems;
    if (!result.decision_json.empty()) one["decision"] = Json::parse(result.decision_json, nullptr, false);
    cases.push_back(std::move(one));
  }
  const Json json = {{"passed", report.passed}, {"failed", report.failed}, {"skipped", report.skipped}, {"cases", std::move(cases)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

TestReport ReportOfUnloadable(std::string path, std::string problems) {
  CaseResult result;
  result.status = Status::kFailed;
  result.test = "policies";
  result.file = std::move(path);
  result.line = result.column = 1;
  result.text = "load";
  result.why = "the policies cannot be loaded, so that no test ran";
  result.problems = std::move(problems);
  TestReport report;
  report.failed = 1;
  report.cases.push_back(std::move(result));
  return report;
}

std::string ReportJunit(const TestReport& report) {
  std::map<std::string, std::vector<const CaseResult*>> suites;
  std::vector<const CaseResult*> all;
  for (const CaseResult& result : report.cases) {
    suites[result.file].push_back(&result);
    all.push_back(&result);
  }
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"writ\"" + CountAttributes(Count(all)) + ">\n";
  for (const auto& [file, results] : suites) {
    xml += "  <testsuite name=\"" + Xml(file) + "\"" + CountAttributes(Count(results)) + ">\n";
    for (const CaseResult* result : results) xml += JunitCase(*result);
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

}  // namespace writ::cli
