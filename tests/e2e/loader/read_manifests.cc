// Reads manifests as `writ eval` does, for comparison with kubectl's loader (loader_test.py).
//
// Each line of standard input is the name of a file; for each, one line of JSON is written: {"objects": [raw, …]} or {"refused": "…"}.
#include <iostream>
#include <string>

#include "cli/requests.h"
#include "rules/model/value.h"

namespace {

std::string Answer(const std::string& file, const writ::cli::Console& console) {
  std::string objects;
  for (const writ::cli::Subject& subject : writ::cli::ReadSubjects({file}, console)) {
    if (subject.state != writ::cli::Subject::State::kRequest) {
      std::string refused = "{\"refused\":";
      writ::AppendJsonString(subject.reason, refused);
      return refused + "}";
    }
    if (subject.kind.empty()) return "{\"refused\":\"a request\"}";
    objects += (objects.empty() ? "" : ",") + subject.json;
  }
  return "{\"objects\":[" + objects + "]}";
}

}  // namespace

int main() {
  const writ::cli::Console console{std::cin, std::cout, std::cerr, false, false};
  for (std::string file; std::getline(std::cin, file);) {
    std::string answer = Answer(file, console);
    for (char& c : answer) c = c == '\n' ? ' ' : c;  // JSON text of several lines
    std::cout << answer << '\n';
  }
  return 0;
}
