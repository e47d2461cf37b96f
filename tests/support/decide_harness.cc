#include "tests/support/decide_harness.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dsl/compiler.h"
#include "rules/bundle/bundle.h"

namespace writ::test {
namespace {

constexpr UnixNanos kNewYear2026 = 1'767'225'600'000'000'000;

}  // namespace

DecideHarness::DecideHarness(const std::vector<std::string>& files, std::vector<PolicySet::Data> data, const EvalLimits& limits)
    : clock_(kNewYear2026), context_(limits) {
  std::vector<SourceFile> sources;
  for (const std::string& text : files) {
    const std::string number = sources.empty() ? "" : std::to_string(sources.size() + 1);
    sources.push_back({"test" + number + ".writ", text});
  }
  const dsl::Compilation compilation = dsl::CompilePolicies(std::move(sources));
  for (const dsl::Diagnostic& diagnostic : compilation.diagnostics) {
    if (!compilation.program) ADD_FAILURE() << dsl::RenderDiagnostic(diagnostic, compilation.files, false);
  }
  if (!compilation.program) return;
  auto policies = PolicySet::Load(WriteBundle(*compilation.program), data);
  if (!policies) {
    ADD_FAILURE() << policies.error().message;
    return;
  }
  policies_ = *policies;
  ledger_ = std::make_shared<MemoryLedger>(policies_, clock_.Now());
  engine_ = std::make_unique<Engine>(policies_, clock_, ledger_);
}

std::string DecisionText(const Decision& decision) { return DecisionText(DecisionJson(decision)); }

std::string DecisionText(std::string_view decision_json) {
  const nlohmann::ordered_json json = nlohmann::ordered_json::parse(decision_json);
  std::string out;
  for (const auto& [key, value] : json.items()) {
    const bool is_empty = value.empty() || (key == "needs" && value["scopes"].empty() && !value.contains("facts"));
    if (key == "bundle" || (is_empty && key != "visible")) continue;
    if (key == "residual") {  // its tree says the same
      out += "residual: " + value["cel"].dump() + "\n";
    } else if (value.is_array() && value.size() > 0 && value[0].is_object()) {
      for (const auto& item : value) out += key + ": " + item.dump() + "\n";
    } else {
      out += key + ": " + value.dump() + "\n";
    }
  }
  return out;
}

}  // namespace writ::test
