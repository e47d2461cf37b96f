// Requests as fields: which paths there are, what may be prepared, and what is refused. That they
// mean what JSON means is tests/differential/fields_test.cc.
#include <gtest/gtest.h>

#include "engine/request/field_paths.h"
#include "tests/support/decide_harness.h"

namespace writ {
namespace {

using test::DecideHarness;
using test::DecisionText;

constexpr std::string_view kPolicy = R"(policy p for tools on server "s" {
  allow search when principal.tenant == "acme" && args.query == "x"
  deny other when args == {}
  allow list when args.?filter.?state.orValue("") == "open"
})";

class FieldRequests : public ::testing::Test {
 protected:
  FieldRequest::Field Field(std::string_view path, Value value) { return {harness_.engine().FindField(path), value}; }
  Decision Decide(const FieldRequest& request) { return harness_.engine().DecideFields(request, harness_.context()); }

  DecideHarness harness_{kPolicy};
};

TEST_F(FieldRequests, SetMembersBelowWhatAnotherRuleReadsAsAWhole) {
  const FieldRequest::Field fields[] = {Field("principal.tenant", Value::String("acme")), Field("args.query", Value::String("x")),
                                        Field("args.unread.deep[\"a.b\"]", Value::Int(1))};
  EXPECT_EQ(Decide({Target::kTools, "s", "search", fields}).effect, Effect::kAllow);
  const FieldRequest::Field unknown[] = {fields[0], Field("args.query", Value::Unknown())};
  EXPECT_EQ(Decide({Target::kTools, "s", "search", unknown}).effect, Effect::kConditional);
}

TEST_F(FieldRequests, ListTools) {
  const MapEntry entries[] = {{Value::String("name"), Value::String("other")}};
  Arena arena;
  const Value tools[] = {Value::String("search"), Value::Map(MakeMap(arena, entries, 1)), Value::String("none")};
  const FieldRequest::Field fields[] = {Field("principal.tenant", Value::String("acme"))};
  const Decision decision = Decide({.target = Target::kTools, .scope = "s", .fields = fields, .list = Value::List(tools, 3)});
  ASSERT_TRUE(decision.visible.has_value());
  EXPECT_EQ(*decision.visible, std::vector<std::string>{"search"});
}

TEST_F(FieldRequests, HavePathsThatSomethingReads) {
  const Engine& engine = harness_.engine();
  for (const char* path : {"principal.tenant", "args", "args.any", "args[\"a b\"].c", "args.filter.other", "tool.name"})
    EXPECT_TRUE(engine.FindField(path).valid()) << path;
  for (const char* path : {"principal.id", "principal.tennant", "context.region", "", "args.", "args[", "args[\"a", ".args"})
    EXPECT_FALSE(engine.FindField(path).valid()) << path;
  EXPECT_EQ(engine.FindField("args.any").index, engine.FindField("args.any").index);
  EXPECT_EQ(engine.FieldFault("principal.id"), "");
  EXPECT_EQ(engine.FieldFault("principal.tennant"), "no request has a member `principal.tennant`; did you mean \"principal.tenant\"?");
  EXPECT_NE(engine.FieldFault("args[0]").find("is not a path"), std::string::npos);
}

TEST_F(FieldRequests, OfOtherPoliciesAreRefused) {
  DecideHarness other(kPolicy);
  const FieldRequest::Field fields[] = {{other.engine().FindField("principal.tenant"), Value::String("acme")}};
  const Decision decision = Decide({Target::kTools, "s", "search", fields});
  EXPECT_EQ(decision.reason, Reason::kBadRequest);
  EXPECT_EQ(decision.messages.at(0), "a field of other policies: find it again");
}

TEST_F(FieldRequests, BeyondThePathsThatAreKeptAreRefused) {
  const Engine& engine = harness_.engine();
  for (std::size_t i = 0; i < FieldPaths::kMaxPaths; ++i) ASSERT_TRUE(engine.FindField("args.a" + std::to_string(i)).valid());
  const FieldRequest::Field fields[] = {Field("args.one_more", Value::Int(1))};
  ASSERT_TRUE(fields[0].slot.valid());
  EXPECT_EQ(Decide({Target::kTools, "s", "list", fields}).reason, Reason::kBadRequest);
  EXPECT_EQ(engine.FindField("args.a7").index, engine.FindField("args.a7").index) << "those that came before stay";
}

TEST_F(FieldRequests, RefuseWhatJsonCannotSay) {
  const auto message = [&](std::string_view path, Value value) {
    const FieldRequest::Field fields[] = {Field(path, value)};
    const Decision decision = Decide({Target::kTools, "s", "list", fields});
    EXPECT_EQ(decision.reason, Reason::kBadRequest) << path;
    return decision.messages.empty() ? "" : decision.messages[0];
  };
  const Value unknown[] = {Value::Unknown()};
  EXPECT_EQ(message("args.x", Value::Timestamp(0, 0)), "`args.x` is a value of kind timestamp, which a member without a type cannot be");
  EXPECT_EQ(message("args.x", Value::Error(ValueError::kOverflow)), "`args.x` cannot be a value of kind error");
  EXPECT_EQ(message("args.x", Value::List(unknown, 1)), "`args.x.*` holds an unknown item: declare the list unknown");
  EXPECT_EQ(message("principal.tenant", Value::Timestamp(0, 0)), "`principal.tenant` must be a string, found timestamp");
  EXPECT_EQ(message("tool.name", Value::String("another")), "`tool.name` differs from what the request is about");
}

constexpr std::string_view kFlatPolicy = R"(policy p for tools on server "s" {
  allow search when principal.tenant == "acme" && "dev" in principal.groups && args.query == "x"
  allow any when context.chain.depth == 0
})";

class PreparedRequests : public ::testing::TestWithParam<std::string_view> {
 protected:
  PreparedRequests() {
    tenant_ = Field("principal.tenant", Value::String(std::string_view(kTenant)));
    query_ = Field("args.query", Value::String("x"));
  }
  FieldRequest::Field Field(std::string_view path, Value value) { return {harness_.engine().FindField(path), value}; }
  Result<PreparedFields> Prepare(std::span<const FieldRequest::Field> fields) {
    return harness_.engine().PrepareFields({.target = Target::kTools, .scope = "s", .fields = fields}, harness_.context());
  }
  Decision Decide(PreparedFields prepared, std::span<const FieldRequest::Field> fields) {
    return harness_.engine().DecideFields({.target = Target::kTools, .name = "search", .fields = fields, .prepared = prepared},
                                          harness_.context());
  }

  static constexpr std::string_view kTenant = "acme";
  DecideHarness harness_{GetParam()};
  FieldRequest::Field tenant_, query_;
};

constexpr std::string_view kWholePolicy = R"(policy p for tools on server "s" {
  allow search when principal.tenant == "acme" && args.query == "x"
  deny none when principal == {"id": "x"}
})";

TEST_P(PreparedRequests, BeginWithWhatIsShared) {
  const Value groups[] = {Value::String("dev")};
  const FieldRequest::Field caller[] = {tenant_, Field("principal.groups", Value::List(groups, 1))};
  const Result<PreparedFields> prepared = Prepare(caller);
  ASSERT_TRUE(prepared.ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Decide(*prepared, {&query_, 1}).effect, Effect::kAllow);
    EXPECT_EQ(Decide(*prepared, {}).effect, Effect::kDeny) << "nothing stays of the request before";
    const FieldRequest::Field other[] = {query_, Field("principal.tenant", Value::String("other"))};
    EXPECT_EQ(Decide(*prepared, other).effect, Effect::kDeny) << "the request's own fields come later";
    EXPECT_EQ(harness_.Decide(R"({"server": "s", "tool": "search", "args": {"query": "x"}})").effect, Effect::kDeny)
        << "nothing of it gets into other requests";
  }
}

TEST_P(PreparedRequests, AreRefusedElsewhere) {
  const Result<PreparedFields> prepared = Prepare({&tenant_, 1});
  ASSERT_TRUE(prepared.ok());
  DecideHarness other(GetParam());
  const FieldRequest request{.target = Target::kTools, .name = "search", .prepared = *prepared};
  EXPECT_EQ(other.engine().DecideFields(request, harness_.context()).reason, Reason::kBadRequest) << "other policies";
  EXPECT_EQ(harness_.engine().DecideFields(request, other.context()).reason, Reason::kBadRequest) << "another context";
  FieldRequest prompts = request;
  prompts.target = Target::kPrompts;
  EXPECT_EQ(harness_.engine().DecideFields(prompts, harness_.context()).reason, Reason::kBadRequest) << "another target";
  ASSERT_TRUE(Prepare({}).ok());
  EXPECT_EQ(Decide(*prepared, {&query_, 1}).reason, Reason::kBadRequest) << "others were prepared there";
}

TEST_P(PreparedRequests, SayWhatIsWrongAtOnce) {
  const FieldRequest::Field wrong[] = {Field("principal.tenant", Value::Int(1))};
  const Result<PreparedFields> prepared = Prepare(wrong);
  ASSERT_FALSE(prepared.ok());
  EXPECT_EQ(prepared.error().message, "`principal.tenant` must be a string, found int");
  EXPECT_EQ(Decide(PreparedFields{1U << 30U}, {}).reason, Reason::kBadRequest);
}

INSTANTIATE_TEST_SUITE_P(, PreparedRequests, ::testing::Values(kFlatPolicy, kWholePolicy));

}  // namespace
}  // namespace writ
