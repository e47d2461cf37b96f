// Adding a target is adding rows: this walks the rows of rules/model/target.cc, and neither checker
// nor reader has a list of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "dsl/compiler.h"
#include "rules/model/target_types.h"
#include "tests/support/decide_harness.h"

namespace writ {
namespace {

using nlohmann::json;

// The least that a request of each target says.
constexpr std::string_view kRequests[kTargetCount] = {
    R"({"target": "tools", "tool": {"name": "t"}})",
    R"({"target": "resources", "resource": {"uri": "file:///a"}})",
    R"({"target": "prompts", "prompt": {"name": "p"}})",
    R"({"target": "access", "subject": {"type": "u", "id": "a"}, "action": {"name": "x"}, "resource": {"type": "r", "id": "b"}})",
    R"({"target": "rows", "table": "t", "row": {}})",
    R"({"target": "admission", "request": {"operation": "CREATE", "kind": {"group": "", "version": "v1", "kind": "Pod"}}, "object": {}})",
    R"({"target": "schemas", "tool": {"name": "t"}, "schema": {}})",
};

std::string PolicyFor(const TargetInfo& info, std::string_view condition) {
  const bool is_rows = info.target == Target::kRows;
  return std::string(is_rows ? "table t { a: int }\n" : "") + "policy p for " + std::string(info.name) + (is_rows ? " of t" : "") +
         " { deny when " + std::string(condition) + " }\n";
}

// A literal that is of no row's type: only dyn takes it.
std::string CompileAsBytes(const TargetInfo& info, const Member& member) {
  const dsl::Compilation compiled = dsl::CompilePolicies({{"t.writ", PolicyFor(info, std::string(member.path) + " == b\"x\"")}});
  for (const dsl::Diagnostic& diagnostic : compiled.diagnostics) {
    if (diagnostic.severity == dsl::Severity::kError) return diagnostic.message;
  }
  return "ok";
}

TEST(TargetRows, TheCheckerKnowsEachRowByItsType) {
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    const TargetInfo& info = InfoOf(static_cast<Target>(i));
    for (const Member& member : info.members) {
      if (member.path == "row" || member.path == "data") continue;  // the table's, and the imports'
      SCOPED_TRACE(std::string(info.name) + " " + std::string(member.path));
      TypeTable types;
      const TypeId type = TypeOfMember(types, info, member, {});
      const std::string message = CompileAsBytes(info, member);
      if (type == SimpleType(TypeKind::kDyn)) {
        EXPECT_EQ("ok", message);
      } else {
        EXPECT_NE(std::string::npos, message.find("(" + types.Text(type))) << message;
      }
    }
  }
}

// Members that the reader works out itself, or takes as callers send them.
bool IsWorkedOut(const TargetInfo& info, std::string_view path) {
  constexpr std::string_view kPaths[] = {"context.time", "resource.folded", "data"};
  const bool is_admission = info.target == Target::kAdmission;  // principal is request.userInfo
  return std::find(std::begin(kPaths), std::end(kPaths), path) != std::end(kPaths) || (is_admission && path.starts_with("principal"));
}

TEST(TargetRows, TheReaderDemandsEachRowsType) {
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    const TargetInfo& info = InfoOf(static_cast<Target>(i));
    test::DecideHarness harness(PolicyFor(info, "false"));
    ASSERT_TRUE(harness.ok());
    const std::string given = DecisionJson(harness.Decide(kRequests[i]));
    ASSERT_EQ(std::string::npos, given.find("bad_request")) << given;
    for (const Member& member : info.members) {
      SCOPED_TRACE(std::string(info.name) + " " + std::string(member.path));
      TypeTable types;
      const TypeId type = TypeOfMember(types, info, member, {});
      if (type == SimpleType(TypeKind::kDyn) || IsWorkedOut(info, member.path)) continue;
      json request = json::parse(kRequests[i]);
      std::string pointer = "/" + std::string(member.path);
      std::replace(pointer.begin(), pointer.end(), '.', '/');
      request[json::json_pointer(pointer)] = 1.5;  // of no row's type
      const std::string text = DecisionJson(harness.Decide(request.dump()));
      EXPECT_EQ("bad_request", json::parse(text).value("reason", "")) << text;
      EXPECT_NE(std::string::npos, text.find("`" + std::string(member.path) + "`")) << text;
    }
  }
}

}  // namespace
}  // namespace writ
