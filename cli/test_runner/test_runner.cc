#include "cli/test_runner/test_runner.h"

#include <chrono>
#include <memory>
#include <utility>

#include "cli/report.h"
#include "cli/test_runner/expectation.h"
#include "cli/test_runner/scene.h"
#include "cli/text.h"
#include "cli/unnamed.h"
#include "dsl/lower/line_index.h"
#include "rules/base/clock.h"

namespace writ::cli {
namespace {

using StepKind = dsl::TestStep::Kind;

constexpr std::size_t kMaxCaseWidth = 120;
constexpr std::uint64_t kMaxRepeats = 100'000;                    // of `N times`: seconds, not hours
constexpr ReadOptions kSceneFacts{.facts = CallerFacts::kTaken};  // a scene says what is known

bool IsSceneLine(StepKind kind) {
  switch (kind) {
    case StepKind::kPrincipal:
    case StepKind::kContext:
    case StepKind::kAt:
    case StepKind::kAfter:
    case StepKind::kData:
    case StepKind::kImage:
    case StepKind::kNamespace:
    case StepKind::kUnknown: return true;
    case StepKind::kCall:
    case StepKind::kList:
    case StepKind::kRead:
    case StepKind::kPrompt:
    case StepKind::kAsk:
    case StepKind::kRow:
    case StepKind::kFilter:
    case StepKind::kAdmit:
    case StepKind::kSchema: return false;
  }
  return false;
}

std::string RuleText(const RuleOutcome& rule) {
  return RuleName(rule) + " " + std::string(VerbName(rule.verb)) + " (" + std::string(OutcomeName(rule.outcome)) + ") " + RulePlace(rule);
}

// One test: a scene, a clock, an engine with fresh quotas.
class TestRun {
 public:
  TestRun(const TestFile& file, const dsl::LineIndex& lines, const dsl::TestDecl& test, Context& context, TestReport& report)
      : file_(file),
        lines_(lines),
        test_(test),
        context_(context),
        report_(report),
        written_{*file.tree, *file.lets},
        scene_(written_, file.source->name),
        clock_(kDefaultTestTime) {
    ledger_ = std::make_shared<MemoryLedger>(file.policies, clock_.Now());
    engine_ = std::make_unique<Engine>(file.policies, clock_, ledger_);
  }

  void Run() {
    std::uint64_t cases = 0;
    for (const dsl::TestStep& step : test_.steps) {
      if (IsSceneLine(step.kind)) {
        const Status applied = ApplyScene(step);
        if (!applied) return Add(Start(step), CaseResult::Status::kFailed, applied.error().message);
        continue;
      }
      ++cases;
      RunCase(step);
    }
    if (cases == 0) {
      CaseResult result;
      Locate(test_.span, result);
      Add(std::move(result), CaseResult::Status::kFailed, "the test has no cases");
    }
  }

 private:
  Status ApplyScene(const dsl::TestStep& step) {
    WRIT_RETURN_IF_ERROR(scene_.Apply(step));
    clock_.Set(scene_.now());
    return step.kind == StepKind::kData ? ReloadData() : OkStatus();
  }

  // A policy set with the data of the scene; the engine keeps the quotas.
  Status ReloadData() {
    std::vector<PolicySet::Data> data;
    for (const PolicySet::Data& given : file_.data) {
      if (!scene_.data().contains(given.name)) data.push_back(given);
    }
    for (const auto& [name, json] : scene_.data()) data.push_back({name, json});
    Result<std::shared_ptr<const PolicySet>> policies = file_.policies->WithData(data);
    if (!policies) return policies.error();
    ledger_ = std::make_shared<MemoryLedger>(*policies, clock_.Now(), *ledger_);
    engine_ = std::make_unique<Engine>(*policies, clock_, ledger_);
    return OkStatus();
  }

  void RunCase(const dsl::TestStep& step) {
    CaseResult result = Start(step);
    const bool is_sql =
        step.kind == StepKind::kFilter && step.expect.effect == dsl::Expectation::Effect::kFilterText && step.dialect.text != "cel";
    if (is_sql) return Add(std::move(result), CaseResult::Status::kSkipped, "SQL filters come with a later version");
    if (step.times > kMaxRepeats) {
      return Add(std::move(result), CaseResult::Status::kFailed, "a case is repeated at most " + std::to_string(kMaxRepeats) + " times");
    }
    const Result<std::string> request = scene_.Request(step);
    if (!request) return Add(std::move(result), CaseResult::Status::kFailed, request.error().message);
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t i = 1; i < step.times; ++i) engine_->DecideJson(*request, context_, {}, kSceneFacts);
    const Decision decision = engine_->DecideJson(*request, context_, {.find_coverage = step.expect.covered.has_value()}, kSceneFacts);
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    result.got = Summary(decision);
    result.decision_json = DecisionJson(decision);
    for (const RuleOutcome& rule : decision.rules) { result.rules.push_back(RuleText(rule)); }
    for (const DecisionError& error : decision.errors) {
      result.rules.push_back(RuleName(error.rule) + " failed: " + error.text + " " + RulePlace(error.rule));
    }
    const Result<std::string> mismatch =
        step.kind == StepKind::kFilter ? FilterMismatch(step, decision) : Mismatch(written_, step, decision);
    if (!mismatch) return Add(std::move(result), CaseResult::Status::kFailed, mismatch.error().message);
    if (mismatch->empty()) return Add(std::move(result), CaseResult::Status::kPassed, {});
    result.unheld = Unheld(step, *request);
    const std::string hint = decision.reason == Reason::kDefault ? HintOfUnnamed(file_.policies->program(), *request) : "";
    Add(std::move(result), CaseResult::Status::kFailed, *mismatch + (hint.empty() ? "" : "; " + hint));
  }

  // Decides once more, to explain: what passes does not pay for it.
  std::vector<UnheldRule> Unheld(const dsl::TestStep& step, const std::string& request) {
    if (step.kind == StepKind::kFilter) return {};
    const Decision decision = engine_->DecideJson(request, context_, {.explain = true, .consume_limits = false}, kSceneFacts);
    std::vector<UnheldRule> unheld;
    for (const ExplainedRule* explained : UnheldRules(step.expect, decision))
      unheld.push_back({RuleText(explained->rule), RuleKeyText(explained->rule.key), explained->unmet});
    return unheld;
  }

  std::string_view TextOf(SourceSpan span) const { return std::string_view(file_.source->text).substr(span.begin, span.end - span.begin); }

  void Locate(SourceSpan span, CaseResult& result) const {
    const SourceLocation place = lines_.Locate(span.begin);
    result.test = std::string(test_.name.value);
    result.file = file_.source->name;
    result.line = place.line;
    result.column = place.column;
  }

  CaseResult Start(const dsl::TestStep& step) const {
    CaseResult result;
    Locate(step.span, result);
    SourceSpan head = step.span;
    const bool has_expectation = step.expect.span.begin > step.span.begin;
    if (has_expectation) head.end = step.expect.span.begin;
    std::string text = OneLine(TextOf(head), kMaxCaseWidth);
    if (text.ends_with("->")) text = OneLine(std::string_view(text).substr(0, text.size() - 2), kMaxCaseWidth);
    result.text = std::move(text);
    if (has_expectation) result.expected = OneLine(TextOf(step.expect.span), kMaxCaseWidth);
    return result;
  }

  void Add(CaseResult result, CaseResult::Status status, std::string why) {
    result.status = status;
    result.why = std::move(why);
    switch (status) {
      case CaseResult::Status::kPassed: ++report_.passed; break;
      case CaseResult::Status::kFailed: ++report_.failed; break;
      case CaseResult::Status::kSkipped: ++report_.skipped; break;
    }
    report_.cases.push_back(std::move(result));
  }

  const TestFile& file_;
  const dsl::LineIndex& lines_;
  const dsl::TestDecl& test_;
  Context& context_;
  TestReport& report_;
  TestData written_;
  Scene scene_;
  FakeClock clock_;
  std::shared_ptr<MemoryLedger> ledger_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

void RunTests(const TestFile& file, const std::string& filter, TestReport& report) {
  Context context;
  const dsl::LineIndex lines(file.tree->file, file.source->text);
  for (const dsl::TestDecl& test : file.tree->tests) {
    if (test.name.value.find(filter) == std::string_view::npos) continue;
    TestRun(file, lines, test, context, report).Run();
  }
}

}  // namespace writ::cli
