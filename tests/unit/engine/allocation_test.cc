// Reading a request allocates nothing once a context is warm, and neither does deciding one when
// nothing is denied. This program counts every `operator new`.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "engine/decide/context.h"
#include "engine/decide/policy_set.h"
#include "engine/request/read.h"
#include "tests/support/decide_harness.h"

namespace {

std::size_t allocations = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* room = std::malloc(size)) return room;
  throw std::bad_alloc();
}
// simdjson allocates with this one; without it, what one allocator gave another would free.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, std::size_t) noexcept { std::free(room); }

namespace writ {
namespace {

using test::DecideHarness;

constexpr std::string_view kPolicy = R"(
policy tools for tools on server "github" {
  allow * when principal.tenant == "acme" && "dev" in principal.groups && tool.annotations.readOnlyHint
  deny * when args.?path.orValue("").startsWith("/etc") || args.?limit.orValue(0) > 100
  deny old when context.time < timestamp("2020-01-01T00:00:00Z")
  deny * when principal.claims.?team.orValue("") == "guests"
}
policy whole for tools on server "other" { deny * when principal == {} && context == {} }
policy documents for access to document { allow read when subject.id == resource.properties.owner }
policy resources for resources on server "files" { allow "file:///srv/**" }
policy pods for admission of NetworkPolicy.networking.k8s.io { require object.spec.podSelector == {} && principal.verified }
table orders { tenant: string  total: double }
policy orders for rows of orders { allow when row.tenant == principal.tenant && row.total < 10.0 }
)";

class Reading : public ::testing::Test {
 protected:
  // How many allocations a hundred readings take, after three.
  template <typename Read>
  std::size_t AllocationsOf(const Read& read) {
    Context::Impl& state = harness_.context().impl();
    constexpr int kWarm = 3, kCounted = 100;
    for (int i = 0; i < kWarm + kCounted; ++i) {
      if (i == kWarm) allocations = 0;
      state.Clear();
      state.reading.Begin(harness_.engine().policies().impl().shapes, harness_.clock().Now());
      if (!read(state)) {
        ADD_FAILURE() << state.reading.error.message;
        return 0;
      }
    }
    return allocations;
  }
  std::size_t AllocationsOf(std::string_view json) {
    return AllocationsOf([json](Context::Impl& state) {
      const Result<JsonNode> document = state.document.Parse(json);
      return document.ok() && ReadJsonRequest(*document, state.document.wide_integers(), state.reading).ok();
    });
  }
  FieldRequest::Field Field(std::string_view path, Value value) { return {harness_.engine().FindField(path), value}; }

  DecideHarness harness_{kPolicy};
};

TEST_F(Reading, OfJsonAllocatesNothing) {
  constexpr std::string_view kRequests[] = {
      R"({"server": "github", "tool": "read", "args": {"path": "/srv/a", "limit": 3, "other": {"deep": [1, 2, {"x": 1}]}},
          "principal": {"id": "ann", "tenant": "acme", "groups": ["dev", "ops"], "scopes": ["repo:read"], "claims": {"team": "core"}},
          "context": {"time": "2026-01-01T00:00:00Z", "source_ip": "10.0.0.1", "session": "a-long-session-name-of-forty-characters"}})",
      R"({"server": {"name": "github"}, "tool": {"name": "read", "annotations": {"readOnlyHint": true}}})",
      R"({"server": "github", "list": [{"name": "a", "annotations": {"readOnlyHint": true}}, {"name": "b", "inputSchema": {}}, "c"]})",
      R"({"subject": {"type": "user", "id": "ann"}, "action": {"name": "read"},
          "resource": {"type": "document", "id": "1", "properties": {"owner": "ann"}}})",
      R"({"server": "files", "resource": "file:///srv/some/long/path/to/a/file.txt"})",
      R"({"table": "orders", "row": {"tenant": "acme", "total": 9}, "principal": {"tenant": "acme"}})",
      R"({"object": {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n", "namespace": "default"},
          "spec": {"podSelector": {}}}})",
      R"({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
          "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "NetworkPolicy"}, "operation": "CREATE",
          "userInfo": {"username": "system:serviceaccount:kube-system:deployer", "groups": ["system:masters"]},
          "object": {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {}}}}})",
  };
  for (const std::string_view request : kRequests) EXPECT_EQ(AllocationsOf(request), 0U) << request;
}

TEST_F(Reading, OfListedToolsAllocatesNothing) {
  constexpr std::string_view kListing =
      R"({"server": "github", "list": ["a", {"name": "b", "annotations": {"readOnlyHint": true, "title": "A title that is long"}},
          {"name": "c", "description": "what the tool does", "inputSchema": {"type": "object"}}]})";
  const auto read = [kListing](Context::Impl& state) {
    const Result<JsonNode> document = state.document.Parse(kListing);
    bool is_read = document.ok() && ReadJsonRequest(*document, state.document.wide_integers(), state.reading).ok();
    for (const JsonNode& tool : state.reading.request.list.items()) is_read = is_read && ReadListedTool(tool, state.reading).ok();
    return is_read;
  };
  EXPECT_EQ(AllocationsOf(read), 0U);
}

TEST_F(Reading, OfFieldsAllocatesNothing) {
  const FieldRequest::Field fields[] = {Field("subject.type", Value::String("user")), Field("subject.id", Value::String("ann")),
                                        Field("resource.id", Value::String("1")), Field("resource.properties.owner", Value::String("ann"))};
  const FieldRequest request{Target::kAccess, "document", "read", fields};
  EXPECT_EQ(AllocationsOf([&](Context::Impl& state) { return ReadFieldRequest(request, state.reading).ok(); }), 0U);
}

// Of these a rule reads records as a whole.
TEST_F(Reading, OfFieldsThatBecomeADocumentAllocatesNothing) {
  const Value groups[] = {Value::String("ops"), Value::String("dev")};
  const FieldRequest::Field fields[] = {Field("principal.tenant", Value::String("acme")), Field("principal.groups", Value::List(groups, 2)),
                                        Field("context.session", Value::String("a-long-session-name-of-forty-characters")),
                                        Field("args.path", Value::String("/srv"))};
  const FieldRequest request{Target::kTools, "github", "read", fields};
  EXPECT_EQ(AllocationsOf([&](Context::Impl& state) { return ReadFieldRequest(request, state.reading).ok(); }), 0U);
}

// The whole way: read, decide, settle.
TEST_F(Reading, AndDecidingWhatIsAllowedAllocatesNothing) {
  constexpr std::string_view kAllowed[] = {
      R"({"server": {"name": "github"}, "tool": {"name": "read", "annotations": {"readOnlyHint": true}},
          "args": {"path": "/srv/a", "limit": 3}, "principal": {"id": "ann", "tenant": "acme", "groups": ["dev", "ops"]}})",
      R"({"subject": {"type": "user", "id": "ann"}, "action": {"name": "read"},
          "resource": {"type": "document", "id": "1", "properties": {"owner": "ann"}}})",
      R"({"server": "files", "resource": "file:///srv/some/long/path/to/a/file.txt"})",
      R"({"object": {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n", "namespace": "default"},
          "spec": {"podSelector": {}}}, "principal": {"id": "ann", "verified": true}})",
  };
  for (const std::string_view request : kAllowed) {
    SCOPED_TRACE(request);
    std::size_t counted = 0;
    for (int i = 0; i < 103; ++i) {
      const std::size_t before = allocations;
      const Decision& decision = harness_.engine().DecideJson(request, harness_.context());
      if (i >= 3) counted += allocations - before;
      ASSERT_EQ(decision.effect, Effect::kAllow) << DecisionJson(decision);
    }
    EXPECT_EQ(counted, 0U);
  }
}

TEST_F(Reading, AndDecidingFieldsThatAreAllowedAllocatesNothing) {
  const FieldRequest::Field fields[] = {Field("subject.id", Value::String("ann")), Field("subject.type", Value::String("user")),
                                        Field("resource.id", Value::String("1")), Field("resource.properties.owner", Value::String("ann"))};
  const FieldRequest request{Target::kAccess, "document", "read", fields};
  for (int i = 0; i < 103; ++i) {
    if (i == 3) allocations = 0;
    const Decision& decision = harness_.engine().DecideFields(request, harness_.context());
    if (decision.effect != Effect::kAllow) FAIL() << DecisionJson(decision);
  }
  EXPECT_EQ(allocations, 0U);
}

TEST_F(Reading, KeepsTheRequestReadable) {
  harness_.Decide(R"({"server": "github", "tool": "read", "args": {"path": "/srv/a"}})");
  const Request& asked = harness_.context().impl().reading.request;
  EXPECT_EQ(asked.scope, "github");
  EXPECT_EQ(asked.name, "read");
  EXPECT_EQ(asked.target(), Target::kTools);
}

}  // namespace
}  // namespace writ
