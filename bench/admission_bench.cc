// admission/<size>: one AdmissionReview through the handler of `writ serve`, without sockets, against the whole policy library
// of policies/toolhive; objects of about 1 KB and 10 KB. bytes/s is the review's size.
#include <benchmark/benchmark.h>

#include <string>

#include "dsl/compiler.h"
#include "engine/include/writ/engine.h"
#include "rules/bundle/bundle.h"
#include "webhook/admission/review.h"

namespace writ {
namespace {

// A create of an MCPServer with `variables` environment entries (about 70 bytes each).
std::string ReviewText(int variables) {
  std::string env;
  for (int i = 0; i < variables; ++i) {
    if (i > 0) env += ",";
    env.append(R"({"name": "SETTING_)").append(std::to_string(i)).append(R"(", "value": "a value of ordinary length"})");
  }
  return R"({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "705ab4f5-6393-11e8-b7cc-42010a800002",)"
         R"( "kind": {"group": "toolhive.stacklok.dev", "version": "v1beta1", "kind": "MCPServer"},)"
         R"( "resource": {"group": "toolhive.stacklok.dev", "version": "v1beta1", "resource": "mcpservers"}, "name": "fetch", "namespace": "default",)"
         R"( "operation": "CREATE", "userInfo": {"username": "dev", "groups": ["developers", "system:authenticated"]},)"
         R"( "object": {"apiVersion": "toolhive.stacklok.dev/v1beta1", "kind": "MCPServer", "metadata": {"name": "fetch", "namespace": "default"},)"
         R"( "spec": {"image": "ghcr.io/stackloklabs/gofetch/server@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",)"
         R"( "transport": "streamable-http", "oidcConfigRef": {"name": "idp", "audience": "fetch"}, "authzConfigRef": {"name": "rules"},)"
         R"( "audit": {"enabled": true}, "resources": {"limits": {"cpu": "100m", "memory": "128Mi"}}, "env": [)" +
         env + R"(]}}, "oldObject": null, "dryRun": false}})";
}

void Admission(benchmark::State& state) {
  auto paths = dsl::FindPolicyFiles(WRIT_SOURCE_DIR "/policies/toolhive");
  auto files = dsl::ReadPolicyFiles(*paths);
  dsl::Compilation compiled = dsl::CompilePolicies(std::move(*files));
  // What settings.yaml and exceptions.yaml beside the policies say.
  const PolicySet::Data data[] = {{"settings", R"({"growth": "warn", "expiry_warning_days": 14})"},
                                  {"exceptions", R"({"exceptions": []})"}};
  auto policies = PolicySet::Load(WriteBundle(compiled.program.value()), data);
  const Engine engine(*policies, SystemClock());
  const std::string review = ReviewText(static_cast<int>(state.range(0)));
  Context context;
  for (auto _ : state) {
    server::AdmissionReply reply = server::Review(review, engine, context);
    if (reply.outcome != server::ReviewOutcome::kAllowed) state.SkipWithError(reply.body.c_str());
    benchmark::DoNotOptimize(reply);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(review.size()));
}
BENCHMARK(Admission)->Name("admission/1KB")->Arg(0);
BENCHMARK(Admission)->Name("admission/10KB")->Arg(130);

}  // namespace
}  // namespace writ

BENCHMARK_MAIN();
