// The JSON reader, the request reader and a decision over arbitrary bytes. Invariants: never a crash; what the reader refuses
// is a deny; what it accepts the slow scanner accepts too; explaining does not change the decision.
// Input is capped at 64 KiB: larger texts only repeat what smaller ones reach.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "dsl/compiler.h"
#include "engine/json/json_document.h"
#include "engine/json/json_locate.h"
#include "rules/base/check.h"
#include "rules/bundle/bundle.h"
#include "writ/engine.h"

namespace writ {
namespace {

constexpr std::string_view kPolicy = R"(
table orders { id: int  tenant: string  card: string?  total: double  at: timestamp? }
signer release key "release.pub"
policy t for tools on server "s" {
  allow a*, b when principal.id == args.owner || "x" in principal.groups
  deny * when context.chain.depth > 2 because "{context} {principal.claims}"
  allow c needs scope "w"
  limit a* to 5 per 1m by principal.id
  redact a* "/x" hash
}
policy x for access to doc { allow read when resource.properties.owner == subject.id }
policy r for rows of orders { allow when row.tenant == principal.tenant  mask card keep last 4  deny when row.total > 5.0 || row.at > context.time }
policy k for admission of Pod, Pod/exec, MCPServer.* on create, update, delete, connect {
  require image object.spec.containers.map(c, c.image) signed by release
  deny when object.metadata.labels.a == oldObject.metadata.labels.a
  note "{request.userInfo}"
}
policy s for schemas { deny when schema.properties.exists(p, p.matches("a+b")) || previous == null }
policy f for resources { allow "file:///**" }
policy p for prompts { allow * when args.size() > 1 }
)";

std::unique_ptr<Engine> MakeEngine() {
  const dsl::Compilation compilation = dsl::CompilePolicies({{"fuzz.writ", std::string(kPolicy)}});
  WRIT_CHECK(compilation.program.has_value());
  auto policies = PolicySet::Load(WriteBundle(*compilation.program), {});
  WRIT_CHECK(policies.ok());
  static const FakeClock clock;
  return std::make_unique<Engine>(*policies, clock);
}

}  // namespace
}  // namespace writ

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;
  if (size > kMaxBytes) return 0;
  static const std::unique_ptr<writ::Engine> engine = writ::MakeEngine();
  static writ::Context context(writ::EvalLimits{.max_steps = 100'000});
  static writ::JsonDocument document;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const bool is_json = document.Parse(text).ok();
  WRIT_CHECK(is_json == !writ::LocateJsonFault(text, {}).has_value());
  const writ::Decision decision = engine->DecideJson(text, context, {.consume_limits = false});
  if (!is_json) WRIT_CHECK(decision.reason == writ::Reason::kBadRequest);
  if (decision.reason == writ::Reason::kBadRequest || decision.reason == writ::Reason::kBudget)
    WRIT_CHECK(decision.effect == writ::Effect::kDeny);
  writ::Decision explained = engine->DecideJson(text, context, {.explain = true, .consume_limits = false});
  explained.explained.clear();
  const std::string json = writ::DecisionJson(decision);
  WRIT_CHECK(json == writ::DecisionJson(explained));
  const writ::Result<writ::JsonNode> reread = document.Parse(json);
  WRIT_CHECK(reread.ok());
  return 0;
}
