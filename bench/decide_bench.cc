// decide/<workload>/<rules>: one decision of a tool call against N rules, from JSON and from fields, beside a program written by
// hand for the same work (hash tables, simdjson): the ratio of the two is the figure to look at.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "dsl/compiler.h"
#include "engine/include/writ/engine.h"
#include "rules/bundle/bundle.h"

namespace writ {
namespace {

enum class Workload { kByTool, kByPrefix, kByTenant };

// N allow rules that differ in their tool, in a name prefix, or only in the tenant that they ask for.
std::string PolicyText(Workload workload, std::int64_t rules) {
  std::string text = "package bench\n";
  for (std::int64_t i = 0; i < rules; ++i) {
    const std::string n = std::to_string(i);
    if (i % 100 == 0) text += (i == 0 ? "" : "}\n") + ("policy p" + n + " for tools on server \"warehouse\" {\n");
    switch (workload) {
      case Workload::kByTool: text += "  allow tool_" + n + " when principal.tenant == \"acme\" && \"reader\" in principal.roles\n"; break;
      case Workload::kByPrefix: text += "  allow group_" + n + "_* when principal.tenant == \"acme\"\n"; break;
      case Workload::kByTenant: text += "  allow query when principal.tenant == \"t" + n + "\" && \"reader\" in principal.roles\n"; break;
    }
  }
  return text + "}\n";
}

// A tool call of about 450 bytes that the middle rule allows.
std::string RequestText(Workload workload, std::int64_t rules) {
  const std::string n = std::to_string(rules / 2);
  const std::string tool = workload == Workload::kByTool ? "tool_" + n : workload == Workload::kByPrefix ? "group_" + n + "_read" : "query";
  const std::string tenant = workload == Workload::kByTenant ? "t" + n : "acme";
  return R"({"target": "tools", "server": "warehouse", "tool": ")" + tool +
         R"(", "principal": {"id": "agent-7", "type": "agent", "tenant": ")" + tenant +
         R"(", "groups": ["sre", "platform"], "roles": ["reader", "writer"], "scopes": ["slack:write"], "claims": {"email": "agent-7@acme.example", "azp": "gateway"}},)"
         R"( "args": {"sql": "select id, amount from orders where region = 'us' order by id limit 50", "schema": "sales", "limit": 50},)"
         R"( "context": {"source_ip": "10.1.2.3", "session": "s-123456"}})";
}

std::shared_ptr<const PolicySet> Compile(const std::string& text) {
  dsl::Compilation compiled = dsl::CompilePolicies({{"bench.writ", text}});
  WRIT_CHECK(compiled.program.has_value());
  auto policies = PolicySet::Load(WriteBundle(*compiled.program), {});
  WRIT_CHECK(policies.ok());
  return *policies;
}

template <Workload workload>
void FromJson(benchmark::State& state) {
  const Engine engine(Compile(PolicyText(workload, state.range(0))), SystemClock());
  const std::string request = RequestText(workload, state.range(0));
  Context context;
  for (auto _ : state) {
    Decision decision = engine.DecideJson(request, context);
    if (decision.effect != Effect::kAllow) state.SkipWithError("denied");
    benchmark::DoNotOptimize(decision);
  }
}

template <Workload workload>
void FromFields(benchmark::State& state) {
  const Engine engine(Compile(PolicyText(workload, state.range(0))), SystemClock());
  const std::string n = std::to_string(state.range(0) / 2);
  const std::string tool = workload == Workload::kByTool ? "tool_" + n : workload == Workload::kByPrefix ? "group_" + n + "_read" : "query";
  const std::string tenant = workload == Workload::kByTenant ? "t" + n : "acme";
  const Value roles[] = {Value::String("reader"), Value::String("writer")};
  const FieldRequest::Field fields[] = {{engine.FindField("principal.tenant"), Value::String(tenant)},
                                        {engine.FindField("principal.roles"), Value::List(roles, 2)}};
  const FieldRequest request{Target::kTools, "warehouse", tool, fields};
  Context context;
  for (auto _ : state) {
    Decision decision = engine.DecideFields(request, context);
    if (decision.effect != Effect::kAllow) state.SkipWithError("denied");
    benchmark::DoNotOptimize(decision);
  }
}

// The same decision written by hand: a hash table from tool to tenant, one simdjson parse.
void HandWritten(benchmark::State& state) {
  std::unordered_map<std::string, std::string> tenant_of_tool;
  for (std::int64_t i = 0; i < state.range(0); ++i) tenant_of_tool["tool_" + std::to_string(i)] = "acme";
  const simdjson::padded_string request(RequestText(Workload::kByTool, state.range(0)));
  simdjson::dom::parser parser;
  std::string tool;
  for (auto _ : state) {
    const simdjson::dom::element document = parser.parse(request);
    tool.assign(std::string_view(document["tool"]));
    const auto found = tenant_of_tool.find(tool);
    bool allowed = found != tenant_of_tool.end() && found->second == std::string_view(document["principal"]["tenant"]);
    if (allowed) {
      allowed = false;
      for (const simdjson::dom::element role : document["principal"]["roles"]) allowed |= std::string_view(role) == "reader";
    }
    if (!allowed) state.SkipWithError("denied");
    benchmark::DoNotOptimize(allowed);
  }
}

void Sizes(benchmark::internal::Benchmark* b) { b->Arg(10)->Arg(1000)->Arg(10000); }

BENCHMARK(HandWritten)->Name("decide/by_hand_json")->Apply(Sizes);
BENCHMARK(FromJson<Workload::kByTool>)->Name("decide/by_tool_json")->Apply(Sizes);
BENCHMARK(FromFields<Workload::kByTool>)->Name("decide/by_tool_fields")->Apply(Sizes);
BENCHMARK(FromJson<Workload::kByPrefix>)->Name("decide/by_prefix_json")->Apply(Sizes);
BENCHMARK(FromFields<Workload::kByPrefix>)->Name("decide/by_prefix_fields")->Apply(Sizes);
BENCHMARK(FromJson<Workload::kByTenant>)->Name("decide/by_tenant_json")->Apply(Sizes);
BENCHMARK(FromFields<Workload::kByTenant>)->Name("decide/by_tenant_fields")->Apply(Sizes);

// compile/<rules>: text to verified program; items/s are rules.
void CompileRules(benchmark::State& state) {
  const std::string text = PolicyText(Workload::kByTool, state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(dsl::CompilePolicies({{"bench.writ", text}}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(CompileRules)->Name("compile/rules")->Apply(Sizes)->Unit(benchmark::kMillisecond);

// load/<rules>: bundle bytes to a policy set that decides, verifier and index included.
void LoadRules(benchmark::State& state) {
  const std::string bundle = WriteBundle(*dsl::CompilePolicies({{"bench.writ", PolicyText(Workload::kByTool, state.range(0))}}).program);
  for (auto _ : state) benchmark::DoNotOptimize(PolicySet::Load(bundle, {}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(LoadRules)->Name("load/rules")->Apply(Sizes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace writ

BENCHMARK_MAIN();
