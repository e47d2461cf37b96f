// The engine against the reference evaluator: random policies and requests, equal decisions, messages included. Also the
// optimised program against the unoptimised one.
#include <gtest/gtest.h>

#include <pthread.h>
#include <re2/re2.h>
#include <algorithm>
#include <cstdlib>
#include <functional>

#include "dsl/check/checker.h"
#include "dsl/compiler.h"
#include "dsl/parse/parser.h"
#include "engine/include/writ/engine.h"
#include "rules/bundle/bundle.h"
#include "tests/differential/generator.h"
#include "tests/oracle/oracle.h"

namespace writ::differential {
namespace {

using nlohmann::json;

// The verdict as text, one line a member.
std::string ToText(const oracle::Verdict& v) {
  std::string out = "effect: " + v.effect + "\n";
  const auto add = [&](const char* name, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) out += std::string(name) + ": " + line + "\n";
  };
  add("rule", v.rules);
  add("message", v.messages);
  add("warning", v.warnings);
  add("error", v.errors);
  add("needs", v.needs);
  add("obligation", v.obligations);
  add("note", v.notes);
  add("shadow", v.shadow);
  add("visible", v.visible);
  return out;
}

// Error texts are the engine's own business where the language does not fix them.
std::string WithoutErrorText(std::string text) {
  RE2::GlobalReplace(&text, "<error: [^>]*>", "<error>");
  return text;
}

// Those of rules that held in their words, and how many failed.
std::vector<std::string> Normal(const std::vector<std::string>& texts, const std::vector<TextSource>& sources) {
  std::vector<std::string> normal;
  std::uint64_t failed = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (sources.at(i).failed())
      failed += sources[i].rules;
    else
      normal.push_back(WithoutErrorText(texts[i]));
  }
  if (failed > 0) normal.push_back(std::to_string(failed) + " could not be decided");
  return normal;
}

std::string Name(const RuleOutcome& rule) { return std::string(rule.policy) + "." + std::string(rule.rule_id); }

template <typename Rules>
std::vector<std::string> Lines(const Rules& rules) {
  std::vector<std::string> lines;
  for (const RuleOutcome& rule : rules)
    lines.push_back(Name(rule) + " " + std::string(VerbName(rule.verb)) + " " + std::string(OutcomeName(rule.outcome)));
  return lines;
}

oracle::Verdict FromEngine(const Decision& decision) {
  oracle::Verdict v;
  v.effect = EffectName(decision.effect);
  v.rules = Lines(decision.rules);
  v.messages = Normal(decision.messages, decision.message_sources);
  v.warnings = Normal(decision.warnings, decision.warning_sources);
  for (const DecisionError& error : decision.errors) v.errors.push_back(Name(error.rule));
  v.needs = decision.needs_scopes;
  v.shadow = Lines(decision.shadow);
  for (const auto& [name, text] : decision.notes) v.notes.push_back(name + "=" + WithoutErrorText(text));
  if (decision.visible) v.visible = *decision.visible;
  return v;
}

dsl::TypedSet Typed(const SourceFile& file) {
  dsl::DiagnosticSink sink;
  std::vector<dsl::FileTree> trees;
  trees.push_back(dsl::ParseFile(file, FileId(0), sink, {}));
  dsl::TypedSet set = dsl::CheckPolicies(std::move(trees), std::span(&file, 1), sink);
  EXPECT_FALSE(sink.has_errors());
  return set;
}

std::shared_ptr<const PolicySet> Load(const SourceFile& file, bool optimize) {
  dsl::CompileOptions options;
  options.optimize = optimize;
  dsl::Compilation compiled = dsl::CompilePolicies({file}, options);
  std::string text;
  for (const dsl::Diagnostic& d : compiled.diagnostics) text += dsl::RenderDiagnostic(d, compiled.files, false);
  EXPECT_TRUE(compiled.program.has_value()) << text << file.text;
  if (!compiled.program) return nullptr;
  auto loaded = PolicySet::Load(WriteBundle(*compiled.program), {});
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message) << file.text;
  return loaded.ok() ? *loaded : nullptr;
}

void Agree(const SourceFile& file, const dsl::TypedSet& set, const Engine& engine, const json& request, Context& context) {
  oracle::Verdict expected = oracle::Decide(set, request);
  for (std::vector<std::string>* texts : {&expected.messages, &expected.warnings, &expected.notes}) {
    for (std::string& text : *texts) text = WithoutErrorText(text);
  }
  const std::size_t obligations = expected.obligations.size();
  expected.obligations.clear();
  const Decision decision = engine.DecideJson(request.dump(), context);
  oracle::Verdict found = FromEngine(decision);
  for (oracle::Verdict* verdict : {&expected, &found}) {  // a listing reports a rule once, whatever tool it failed for
    if (!request.contains("list")) continue;
    std::sort(verdict->errors.begin(), verdict->errors.end());
    verdict->errors.erase(std::unique(verdict->errors.begin(), verdict->errors.end()), verdict->errors.end());
  }
  EXPECT_EQ(ToText(expected), ToText(found)) << file.text << "\n" << request.dump(2);
  EXPECT_EQ(obligations > 0, !decision.obligations.empty()) << file.text << "\n" << request.dump(2);
}

std::uint64_t EnvironmentNumber(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// WRIT_SEED and WRIT_ROUNDS repeat or lengthen a run.
TEST(Differential, EngineAgreesWithTheReferenceEvaluator) {
  const std::uint64_t first = EnvironmentNumber("WRIT_SEED", 1), rounds = EnvironmentNumber("WRIT_ROUNDS", 250);
  Context context;
  for (std::uint64_t seed = first; seed < first + rounds && !HasFailure(); ++seed) {
    SCOPED_TRACE("WRIT_SEED=" + std::to_string(seed));
    Generator generator(seed);
    const SourceFile file{"random.writ", generator.PolicyFile()};
    const dsl::TypedSet set = Typed(file);
    for (const bool optimize : {true, false}) {
      const auto policies = Load(file, optimize);
      ASSERT_NE(policies, nullptr);
      const Engine engine(policies, SystemClock());
      Generator requests(seed * 1000003);
      for (int i = 0; i < 40 && !HasFailure(); ++i) Agree(file, set, engine, requests.Request(), context);
    }
  }
}

std::string Repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

// Runs `work` on a stack of 256 MiB: the reference evaluator calls itself for each operator, in frames of several KiB under a sanitizer.
void OnDeepStack(std::function<void()> work) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, std::size_t{256} << 20), 0);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &work), 0);
  pthread_attr_destroy(&attributes);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
}

// Chains longer than any nesting mean what they say, from the left to the right, faults included. (The reference evaluator knows no
// `-`, `*` and computed index.)
TEST(Differential, LongChainsMeanTheSame) {
  const SourceFile file{"chains.writ", "policy chains for tools {\n  allow a when args.n" + Repeat(" + args.n", 999) +
                                           " == 1000\n  deny when (" + Repeat("args.n == args.m ? 1 : ", 500) +
                                           "args.n) == 3\n  allow b when args" + Repeat(".n", 1000) + " == 1\n}\n"};
  const SourceFile others{"others.writ", "policy others for tools {\n  allow a when args.n * 1000" + Repeat(" - args.n", 999) +
                                             " == 1\n  allow b when args.l" + Repeat("[args.z]", 80) + " == 1\n}\n"};
  const dsl::TypedSet set = Typed(file);
  json list = 1;
  for (int i = 0; i < 80; ++i) list = json::array({list});
  Context context;
  for (const bool optimize : {true, false}) {
    const auto policies = Load(file, optimize), other_policies = Load(others, optimize);
    ASSERT_TRUE(policies != nullptr && other_policies != nullptr);
    const Engine engine(policies, SystemClock()), other_engine(other_policies, SystemClock());
    for (const char* tool : {"a", "b"}) {
      json request = {{"target", "tools"}, {"principal", {{"id", "p"}}}, {"server", "s"}, {"tool", tool}, {"context", json::object()}};
      for (const json& n : {json(1), json(2), json(3), json("x"), json(nullptr)}) {
        request["args"] = {{"n", n}, {"m", 2}};
        OnDeepStack([&] { Agree(file, set, engine, request, context); });
      }
      request["args"] = {{"n", 1}, {"z", 0}, {"l", list}};
      EXPECT_EQ(EffectName(other_engine.DecideJson(request.dump(), context).effect), "allow") << tool;
    }
  }
}

}  // namespace
}  // namespace writ::differential
