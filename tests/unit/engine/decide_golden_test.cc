// Replays tests/golden/decide/*.txt and the examples of docs/requests_and_decisions.md.
//
// A golden file is a sequence of sections, each begun by a line `--- KIND ARGUMENTS`:
//   --- policy              the policy text; everything after decides with it, quotas and clock fresh
//   --- data NAME           a JSON document, before the policy's first request
//   --- after 60            moves the clock by seconds
//   --- request [explain] [look]   a request, decided as it stands; `look` consumes no quotas
//   --- decision            what DecisionText gives; rewritten with WRIT_UPDATE_GOLDEN=1 (never when CI is set)
// Text before the first section says what the file is about.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "tests/support/decide_harness.h"

namespace writ {
namespace {

namespace fs = std::filesystem;

struct Section {
  std::string header;  // without "--- "
  std::string text;
  std::string kind() const { return header.substr(0, header.find(' ')); }
  std::string argument() const { return header.find(' ') == std::string::npos ? "" : header.substr(header.find(' ') + 1); }
};

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Section> ParseSections(const std::string& text) {
  std::vector<Section> sections = {{"", ""}};
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--- "))
      sections.push_back({line.substr(4), ""});
    else
      sections.back().text += line + "\n";
  }
  return sections;
}

// Runs one file's sections and sets the decisions to what they are.
class Replay {
 public:
  void Run(std::vector<Section>& sections) {
    for (Section& section : sections) RunSection(section);
    EXPECT_TRUE(pending_.empty()) << "the last request has no decision";
  }

 private:
  void RunSection(Section& section) {
    const std::string kind = section.kind();
    if (kind.empty()) return;
    if (kind == "data") {
      data_.push_back({section.argument(), section.text});
    } else if (kind == "policy") {
      policy_ = section.text;
      harness_.reset();
    } else if (kind == "after") {
      Harness().clock().Advance(std::stoll(section.argument()) * 1'000'000'000);
    } else if (kind == "request") {
      const std::string argument = section.argument();
      std::string text = section.text;
      while (!text.empty() && text.back() == '\n') text.pop_back();
      DecideOptions options;
      options.explain = argument.find("explain") != std::string::npos;
      options.consume_limits = argument.find("look") == std::string::npos;
      if (!Harness().ok()) return;
      pending_ = test::DecisionText(Harness().Decide(text, options));
    } else if (kind == "decision") {
      section.text = std::exchange(pending_, "");
    } else {
      ADD_FAILURE() << "unknown section `--- " << section.header << "`";
    }
  }

  test::DecideHarness& Harness() {
    if (!harness_) harness_.emplace(policy_, data_);
    return *harness_;
  }

  std::string policy_, pending_;
  std::vector<PolicySet::Data> data_;
  std::optional<test::DecideHarness> harness_;
};

std::string Join(const std::vector<Section>& sections) {
  std::string text;
  for (const Section& section : sections) text += (section.header.empty() ? "" : "--- " + section.header + "\n") + section.text;
  return text;
}

class DecideGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(DecideGolden, DecidesAsWritten) {
  const fs::path path = fs::path(WRIT_SOURCE_DIR) / "tests/golden/decide" / GetParam();
  const std::string text = ReadFile(path);
  std::vector<Section> sections = ParseSections(text);
  Replay().Run(sections);
  const std::string now = Join(sections);
  const bool update = std::getenv("WRIT_UPDATE_GOLDEN") != nullptr && std::getenv("CI") == nullptr;
  if (update && now != text && !HasFailure())
    std::ofstream(path, std::ios::binary) << now;
  else
    EXPECT_EQ(text, now);
}

std::vector<std::string> GoldenFiles() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(WRIT_SOURCE_DIR) / "tests/golden/decide"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, DecideGolden, ::testing::ValuesIn(GoldenFiles()), [](const auto& parameter) {
  std::string name = fs::path(parameter.param).stem().string();
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
});

// The fences of a Markdown file: their info string and text.
std::vector<Section> ParseFences(const std::string& text) {
  std::vector<Section> fences;
  std::istringstream lines(text);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      if (!inside) fences.push_back({line.substr(3), ""});
      inside = !inside;
    } else if (inside) {
      fences.back().text += line + "\n";
    }
  }
  return fences;
}

TEST(RequestsAndDecisions, ExamplesOfTheDocumentAreTrue) {
  const std::string text = ReadFile(fs::path(WRIT_SOURCE_DIR) / "docs/requests_and_decisions.md");
  ASSERT_FALSE(text.empty());
  std::string policy, decided;
  std::optional<test::DecideHarness> harness;
  int examples = 0;
  for (const Section& fence : ParseFences(text)) {
    SCOPED_TRACE(fence.header + "\n" + fence.text);
    if (fence.header == "writ") {
      policy = fence.text;
      harness.reset();
    } else if (fence.header == "json request" || fence.header == "json request explain") {
      if (!harness) harness.emplace(policy);
      ASSERT_TRUE(harness->ok());
      decided = test::DecisionText(harness->Decide(fence.text, {.explain = fence.header.ends_with("explain")}));
      ++examples;
    } else if (fence.header == "json decision") {
      EXPECT_EQ(test::DecisionText(fence.text), decided);
    }
  }
  EXPECT_GT(examples, 10);
}

}  // namespace
}  // namespace writ
