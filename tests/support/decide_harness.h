// From policy text to decisions in one step, for tests: compiles, writes and loads the bundle, decides.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/base/clock.h"
#include "writ/engine.h"

namespace writ::test {

// A policy set with its engine and a clock that stands at 2026-01-01T00:00:00Z.
class DecideHarness {
 public:
  // Aborts the test (ADD_FAILURE, empty set) with the diagnostics when `policy` does not compile.
  explicit DecideHarness(std::string_view policy, std::vector<PolicySet::Data> data = {}, const EvalLimits& limits = {})
      : DecideHarness(std::vector<std::string>{std::string(policy)}, std::move(data), limits) {}
  // The same for several files.
  explicit DecideHarness(const std::vector<std::string>& files, std::vector<PolicySet::Data> data = {}, const EvalLimits& limits = {});

  bool ok() const { return engine_ != nullptr; }
  Engine& engine() { return *engine_; }
  Context& context() { return context_; }
  FakeClock& clock() { return clock_; }
  MemoryLedger& ledger() { return *ledger_; }
  std::shared_ptr<const PolicySet> policies() const { return policies_; }
  Decision Decide(std::string_view request, const DecideOptions& options = {}) {
    return engine_->DecideJson(request, context_, options, {.facts = CallerFacts::kTaken});
  }

 private:
  FakeClock clock_;
  Context context_;
  std::shared_ptr<const PolicySet> policies_;
  std::shared_ptr<MemoryLedger> ledger_;
  std::unique_ptr<Engine> engine_;
};

// Returns a decision as one line a member; empty members and the bundle digest are left out.
std::string DecisionText(const Decision& decision);
// The same of a decision that is JSON already.
std::string DecisionText(std::string_view decision_json);

}  // namespace writ::test
