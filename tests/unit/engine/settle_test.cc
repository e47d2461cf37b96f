// Reading, deciding and settling apart: what a host sees between them, and that nobody can act on a
// decision whose charges are not settled.
#include <concepts>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/decide_harness.h"

namespace writ {
namespace {

using test::DecideHarness;

// Forgetting to settle does not compile: a pending decision has no effect, is no decision, and
// cannot be printed.
template <typename T>
concept HasEffect = requires(T decision) {
  decision.effect;
};
template <typename T>
concept IsPrinted = requires(T decision) {
  DecisionJson(decision);
};
template <typename T>
concept IsTold = requires(T decision) {
  decision.messages;
};
template <typename T>
concept IsSettledTwice = requires(T& decision) {
  decision.Settle();
};  // an lvalue: somebody keeps it
static_assert(HasEffect<Decision> && IsPrinted<Decision> && IsTold<Decision>);
static_assert(!HasEffect<PendingDecision> && !IsPrinted<PendingDecision> && !IsTold<PendingDecision>);
static_assert(!std::convertible_to<PendingDecision, Decision> && !std::convertible_to<PendingDecision, const Decision&>);
static_assert(!std::convertible_to<PendingDecision, Effect> && !std::convertible_to<PendingDecision, bool>);
static_assert(!IsSettledTwice<PendingDecision>);
static_assert(requires(PendingDecision decision) {
  { std::move(decision).Settle() } -> std::same_as<const Decision&>;
});

constexpr std::string_view kLimited = R"(package acme
policy calls for tools {
  allow send, read
  @id("sends") limit send to 2 per 1h by principal.id because "{principal.id} has sent enough"
})";
constexpr std::string_view kSend = R"({"tool": "send", "principal": {"id": "ann"}})";

// Counts nothing; answers what the test says.
class ScriptedLedger final : public Ledger {
 public:
  explicit ScriptedLedger(Settlement answer) : answer_(answer) {}
  Settlement Settle(std::span<LimitCharge> charges, UnixNanos /*now*/, ChargeMode mode) override {
    ++calls;
    last_mode = mode;
    last.assign(charges.begin(), charges.end());
    for (LimitCharge& charge : charges) charge.wait_nanos = answer_ == Settlement::kNoRoom ? 1'500'000'000 : 0;
    return answer_;
  }
  int calls = 0;
  ChargeMode last_mode = ChargeMode::kConsume;
  std::vector<LimitCharge> last;

 private:
  Settlement answer_;
};

TEST(Settle, WithoutALedgerLimitsDeny) {
  DecideHarness harness(kLimited);
  ASSERT_TRUE(harness.ok());
  const Engine engine(harness.policies(), harness.clock());
  const Decision& decision = engine.DecideJson(kSend, harness.context());
  EXPECT_EQ(decision.effect, Effect::kDeny);
  EXPECT_EQ(decision.reason, Reason::kLimit);
  ASSERT_EQ(decision.messages.size(), 1U);
  EXPECT_EQ(decision.messages[0], "limit calls.sends cannot be counted: there is no ledger, or it gives no answer");
  EXPECT_EQ(engine.DecideJson(R"({"tool": "read", "principal": {"id": "ann"}})", harness.context()).effect, Effect::kAllow);
}

TEST(Settle, ALedgerIsAskedOnceForAllCharges) {
  DecideHarness harness(std::string(kLimited) + "policy all for tools { limit * to 5 per 1m  limit * to 9 per 1m by args.k }");
  ASSERT_TRUE(harness.ok());
  ScriptedLedger ledger(Settlement::kTaken);
  ReadRequest& request = harness.engine().Read(R"({"tool": "send", "principal": {"id": "ann"}, "args": {"k": 1}})", harness.context());
  EXPECT_EQ(harness.engine().Decide(request).Settle(ledger).effect, Effect::kAllow);
  EXPECT_EQ(ledger.calls, 1);
  EXPECT_EQ(ledger.last_mode, ChargeMode::kConsume);
  ASSERT_EQ(ledger.last.size(), 3U);
  EXPECT_EQ(ledger.last[0].limit, "acme\ncalls\n@sends");
  EXPECT_EQ(ledger.last[0].count, 2U);
  EXPECT_EQ(ledger.last[0].period_nanos, 3'600'000'000'000);
  EXPECT_EQ(request.name(), "send") << "what was asked stays readable";
}

// Its deadline cut it off.
TEST(Settle, ALateDecisionHasNoCharges) {
  DecideHarness harness(kLimited);
  ASSERT_TRUE(harness.ok());
  ScriptedLedger ledger(Settlement::kTaken);
  const DecideOptions late{.deadline = {.at = std::chrono::steady_clock::time_point::min()}};
  const Decision& decision = harness.engine().Decide(harness.engine().Read(kSend, harness.context()), late).Settle(ledger);
  EXPECT_EQ(decision.reason, Reason::kBudget);
  EXPECT_EQ(ledger.calls, 0);
}

TEST(Settle, ADenialHasNoCharges) {
  DecideHarness harness(std::string(kLimited) + "policy no for tools { deny send }");
  ASSERT_TRUE(harness.ok());
  ScriptedLedger ledger(Settlement::kTaken);
  EXPECT_EQ(harness.engine().Decide(harness.engine().Read(kSend, harness.context())).Settle(ledger).effect, Effect::kDeny);
  EXPECT_EQ(ledger.calls, 0);
}

TEST(Settle, WhatALedgerAnswersDecides) {
  DecideHarness harness(kLimited);
  ASSERT_TRUE(harness.ok());
  for (const Settlement answer : {Settlement::kNoRoom, Settlement::kUnavailable}) {
    ScriptedLedger ledger(answer);
    const Decision& decision = harness.engine().Decide(harness.engine().Read(kSend, harness.context())).Settle(ledger);
    EXPECT_EQ(decision.effect, Effect::kDeny);
    EXPECT_EQ(decision.reason, Reason::kLimit);
    ASSERT_EQ(decision.rules.size(), 1U);
    EXPECT_EQ(decision.rules[0].rule_id, "sends");
    EXPECT_EQ(decision.retry_after_seconds.value_or(0), answer == Settlement::kNoRoom ? 2U : 0U);
    EXPECT_EQ(decision.messages.at(0), answer == Settlement::kNoRoom
                                           ? "ann has sent enough"
                                           : "limit calls.sends cannot be counted: there is no ledger, or it gives no answer");
  }
}

// A host that asks its counter over a network settles with what that answered.
TEST(Settle, StepByStep) {
  DecideHarness harness(kLimited);
  ASSERT_TRUE(harness.ok());
  PendingDecision pending = harness.engine().Decide(harness.engine().Read(kSend, harness.context()));
  ASSERT_EQ(pending.charges().size(), 1U);
  pending.charges()[0].wait_nanos = 7'000'000'000;
  const Decision& decision = std::move(pending).Settle(Settlement::kNoRoom);
  EXPECT_EQ(decision.reason, Reason::kLimit);
  EXPECT_EQ(decision.retry_after_seconds.value_or(0), 7U);
}

TEST(Settle, WhatIsNeverSettledUsesUpNothing) {
  DecideHarness harness(kLimited);
  ASSERT_TRUE(harness.ok());
  for (int i = 0; i < 5; ++i) {
    [[maybe_unused]] const PendingDecision dropped = harness.engine().Decide(harness.engine().Read(kSend, harness.context()));
  }
  EXPECT_EQ(harness.Decide(kSend).effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(kSend).effect, Effect::kAllow);
  EXPECT_EQ(harness.Decide(kSend).reason, Reason::kLimit);
}

TEST(Settle, AllOrNothingAndAdvisoryChargesStandAside) {
  DecideHarness harness(R"(package acme
policy calls for tools { allow send, other  limit send to 1 per 1h by principal.id  limit send to 5 per 1h }
policy trial for tools in warn mode { limit * to 1 per 1h  limit send to 9 per 1h })");
  ASSERT_TRUE(harness.ok());
  EXPECT_TRUE(harness.Decide(kSend).warnings.empty());
  const Decision second = harness.Decide(kSend);
  EXPECT_EQ(second.reason, Reason::kLimit);
  EXPECT_EQ(second.messages.size(), 1U) << "the second limit has room, and took nothing";
  for (int i = 0; i < 4; ++i) {
    const std::string other = R"({"tool": "send", "principal": {"id": "u)" + std::to_string(i) + R"("}})";
    const Decision decision = harness.Decide(other);
    EXPECT_EQ(decision.effect, Effect::kAllow);
    EXPECT_EQ(decision.warnings.size(), 1U) << "in warn mode a limit that is reached only warns";
  }
  EXPECT_EQ(harness.Decide(R"({"tool": "send", "principal": {"id": "last"}})").reason, Reason::kLimit);
}

TEST(Settle, ALimitThatIsReachedTakesBackWhatAnAllowWouldSay) {
  DecideHarness harness(R"(package acme
policy calls for tools { allow send  redact "/card" null  limit send to 1 per 1h })");
  ASSERT_TRUE(harness.ok());
  EXPECT_EQ(harness.Decide(kSend).obligations.size(), 1U);
  const Decision denied = harness.Decide(kSend);
  EXPECT_EQ(denied.reason, Reason::kLimit);
  EXPECT_TRUE(denied.obligations.empty());
}

TEST(Read, ARequestOfOtherPoliciesIsDenied) {
  DecideHarness one("package a\npolicy p for tools { allow * }"), other("package a\npolicy p for tools { allow * }");
  ASSERT_TRUE(one.ok() && other.ok());
  ReadRequest& request = one.engine().Read(R"({"tool": "x"})", one.context());
  EXPECT_TRUE(other.engine().FindNeeds(request).empty());
  const Decision& decision = other.engine().Decide(request).Settle();
  EXPECT_EQ(decision.effect, Effect::kDeny);
  EXPECT_EQ(decision.reason, Reason::kBadRequest);
}

TEST(Read, WhatWasClearedIsDenied) {
  DecideHarness harness("package a\npolicy p for tools { allow * }");
  ASSERT_TRUE(harness.ok());
  ReadRequest& request = harness.engine().Read(R"({"tool": "x"})", harness.context());
  EXPECT_TRUE(request.is_read());
  harness.context().Clear();
  EXPECT_FALSE(request.is_read());
  EXPECT_EQ(harness.engine().Decide(request).Settle().effect, Effect::kDeny);
}

TEST(Read, FactsOfACallerAreRefusedUnlessTheyAreTaken) {
  DecideHarness harness("signer release key \"k.pub\"\npolicy p for admission of Pod { require image object.image signed by release }");
  ASSERT_TRUE(harness.ok());
  const std::string pod = R"({"target": "admission", "request": {"operation": "CREATE", "kind": {"kind": "Pod", "version": "v1"}},
      "object": {"image": "a"}, "facts": {"images": [{"image": "a", "signedBy": ["release"]}]}})";
  const Decision refused = harness.engine().DecideJson(pod, harness.context());
  EXPECT_EQ(refused.reason, Reason::kBadRequest);
  EXPECT_EQ(refused.messages.at(0), "`facts` cannot be brought along here: what policies want to know is found out");
  EXPECT_EQ(harness.engine().DecideJson(pod, harness.context(), {}, {.facts = CallerFacts::kTaken}).effect, Effect::kAllow);
}

TEST(Read, AFactThatIsNoneDenies) {
  DecideHarness harness("signer release key \"k.pub\"\npolicy p for admission of Pod { require image object.image signed by release }");
  ASSERT_TRUE(harness.ok());
  const std::string pod =
      R"({"target": "admission", "request": {"operation": "CREATE", "kind": {"kind": "Pod", "version": "v1"}}, "object": {"image": "a"}})";
  for (const std::string_view json :
       {"", "[]", R"({"signedBy": "release"})", R"({"signedBy": ["release"], "refuted": ["release"]})", R"({"signedby": ["release"]})"}) {
    SCOPED_TRACE(json);
    ReadRequest& request = harness.engine().Read(pod, harness.context());
    EXPECT_FALSE(request.Provide({.kind = kImageFacts, .key = "a", .json = json}));
    const Decision& decision = harness.engine().Decide(request).Settle();
    EXPECT_EQ(decision.effect, Effect::kDeny);
    EXPECT_EQ(decision.reason, Reason::kBadRequest);
  }
}

}  // namespace
}  // namespace writ
