// Runs the examples of docs/deciding.md, and compares what their host was told.
#include "tests/unit/engine/deciding_examples.h"

#include <gtest/gtest.h>

#include "tests/support/decide_harness.h"

namespace writ {

static std::vector<std::string> told;  // by the example that runs

void Forward() { told.emplace_back("forward"); }
void Refuse(const std::vector<std::string>& messages) { told.push_back("refuse " + (messages.empty() ? "" : messages.front())); }
void Log(const std::string& text) { told.push_back(text); }
void Answer(std::string_view uid, bool is_allowed) { told.push_back(std::string(uid) + (is_allowed ? " allowed" : " denied")); }
std::string_view FindOut(const Need& need) {
  told.push_back(need.kind + " " + need.key + " " + need.asks.at(0).subject);
  return R"({"signedBy": ["release"]})";
}
Settlement CountElsewhere(std::span<LimitCharge> charges, ChargeMode /*mode*/) {
  for (LimitCharge& charge : charges) charge.wait_nanos = 90'000'000'000;
  return Settlement::kNoRoom;
}

namespace {

constexpr std::string_view kPolicy = R"(package acme
signer release key "release.pub"
policy issues for tools on server "github" {
  allow list_*
  allow get_file when args.path.startsWith("docs/")
  allow search
  limit search to 30 per 1m by principal.id
}
policy images for admission of Pod {
  require image object.spec.containers.map(c, c.image) signed by release
}
)";

TEST(DecidingExamples, SayWhatThePageSays) {
  const test::DecideHarness harness(kPolicy);
  ASSERT_TRUE(harness.ok());
  const std::vector<std::string> expected[] = {
      {"forward"},       {"github/delete_repo: deny"},
      {"forward"},       {"list_issues: allow", "delete_repo: deny"},
      {"7f3c denied"},   {"images r.example/app@sha256:0 release", "forward"},
      {"again in 90 s"}, {R"(args.path.startsWith("docs/"))"},
  };
  ASSERT_EQ(kExamples.size(), std::size(expected));
  for (std::size_t i = 0; i < kExamples.size(); ++i) {
    SCOPED_TRACE("docs/deciding.md:" + std::to_string(kExamples[i].line));
    told.clear();
    kExamples[i].run(harness.policies());
    EXPECT_EQ(told, expected[i]);
  }
}

}  // namespace
}  // namespace writ
