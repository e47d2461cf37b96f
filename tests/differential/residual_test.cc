// Laws of unknowns, over random policies, requests and completions:
//
//   * what is decided while something is unknown holds for every completion;
//   * of a conditional decision the residual, compiled as a policy of its own and asked about the
//     completed request, says what the policies say of it, errors included;
//   * the residual mentions nothing that is known, but for masked columns;
//   * deciding with nothing unknown is deciding;
//   * a listing hides a tool exactly when its call with `args` unknown is denied.
//
// A completion takes the values at the unknown paths from another random request. WRIT_SEED and
// WRIT_LAWS repeat or lengthen a run; each failure prints its seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>

#include "dsl/compiler.h"
#include "engine/include/writ/engine.h"
#include "rules/bundle/bundle.h"
#include "tests/differential/generator.h"

namespace writ::differential {
namespace {

using nlohmann::json;

constexpr const char* kTables = "table orders {\n  id: int\n  tenant: string\n  region: string?\n  amount: double\n  card: string?\n}\n";

// What can be unknown of a request for each target, beside what all have.
const std::map<std::string, std::vector<std::string>> kPaths = {
    {"tools", {"args", "args.schema", "args.items", "args.path", "args.count", "args.path.first"}},
    {"rows", {"row", "row.region", "row.amount", "row.card", "row.tenant", "row.id"}},
    {"access", {"resource.properties", "resource.properties.owner", "resource.properties.level", "subject.properties.team"}},
    {"admission", {"object.spec", "object.spec.image", "object.spec.args", "object.spec.transport", "object.metadata.labels"}},
};
const std::vector<std::string> kContextPaths = {"context",      "context.region",      "context.count", "context.flag",
                                                "context.tags", "context.nested.deep", "context.chain"};
const std::vector<std::string> kPrincipalPaths = {
    "principal",        "principal.tenant", "principal.groups",      "principal.roles",       "principal.scopes",
    "principal.actors", "principal.claims", "principal.claims.team", "principal.claims.list", "principal.verified"};

// Sanitized code takes ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kLaws = 5'000;
#else
constexpr std::uint64_t kLaws = 100'000;
#endif

std::uint64_t EnvironmentNumber(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::shared_ptr<const PolicySet> Load(const std::string& text) {
  const dsl::Compilation compiled = dsl::CompilePolicies({SourceFile{"random.writ", text}}, {});
  std::string faults;
  for (const dsl::Diagnostic& fault : compiled.diagnostics) {
    if (fault.severity == dsl::Severity::kError) faults += dsl::RenderDiagnostic(fault, compiled.files, false);
  }
  EXPECT_TRUE(compiled.program.has_value()) << faults << text;
  if (!compiled.program) return nullptr;
  const auto loaded = PolicySet::Load(WriteBundle(*compiled.program), {});
  EXPECT_TRUE(loaded.ok()) << text;
  return loaded.ok() ? *loaded : nullptr;
}

json::json_pointer PointerOf(std::string path) {
  std::replace(path.begin(), path.end(), '.', '/');
  return json::json_pointer("/" + path);
}

// Whoever says that a member is unknown says that the object around it is there.
bool HasRoomFor(json& request, const std::string& path) {
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    const json::json_pointer at = PointerOf(path.substr(0, dot));
    if (!request.contains(at)) request[at] = json::object();
    if (!request[at].is_object()) return false;
  }
  return true;
}

void Remove(json& request, const std::string& path) {
  const json::json_pointer at = PointerOf(path);
  if (request.contains(at)) request[at.parent_pointer()].erase(at.back());
}

bool IsAtOrBelow(std::string_view path, std::string_view other) {
  return path.starts_with(other) && (path.size() == other.size() || path[other.size()] == '.');
}

// The call chain is told in several places; where one is unknown, the others are.
bool IsOfChain(std::string_view path) {
  const std::string_view places[] = {"principal.actors", "context.chain", "principal.claims.act"};
  return std::any_of(std::begin(places), std::end(places),
                     [&](std::string_view place) { return IsAtOrBelow(path, place) || IsAtOrBelow(place, path); });
}

// Is the path unknown, in part or as a whole?
bool IsOpen(const std::string& path, const std::vector<std::string>& unknown) {
  return std::any_of(unknown.begin(), unknown.end(), [&](const std::string& each) {
    return IsAtOrBelow(path, each) || IsAtOrBelow(each, path) || (IsOfChain(path) && IsOfChain(each));
  });
}

void CollectPaths(const json& tree, std::vector<std::string>& paths) {
  if (tree.contains("path")) {
    std::string path;
    for (const json& key : tree["path"]) path += (path.empty() ? "" : ".") + key.get<std::string>();
    paths.push_back(std::move(path));
  }
  if (!tree.contains("args")) return;
  for (const json& arg : tree["args"]) CollectPaths(arg, paths);
}

std::string PolicyOf(const std::string& target, const std::string& residual) {
  if (target == "tools") return "policy residual for tools {\n  allow ** when " + residual + "\n}\n";
  if (target == "rows") return kTables + std::string("policy residual for rows of orders {\n  allow when ") + residual + "\n}\n";
  if (target == "access") return "policy residual for access {\n  allow * when " + residual + "\n}\n";
  return "policy residual for admission of **, *.** on create, update, delete {\n  require " + residual + "\n}\n";
}

// One run of the laws: policies of one seed, and requests for them.
class Laws {
 public:
  explicit Laws(std::uint64_t seed) : generator_(seed), random_(seed * 7919 + 1), text_(generator_.PolicyFile()) {}

  // Returns how many completions were tried.
  std::uint64_t Try(int requests) {
    const auto policies = Load(text_);
    if (policies == nullptr) return 0;
    const Engine engine(policies, SystemClock());
    std::uint64_t tried = 0;
    for (int i = 0; i < requests && !::testing::Test::HasFailure(); ++i) {
      json request = PointRequest("");
      tried += TryRequest(engine, request);
    }
    TryListing(engine);
    return tried;
  }

 private:
  std::size_t Below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

  // A request that asks about one thing, and knows everything.
  json PointRequest(const std::string& target) {
    for (;;) {
      json request = generator_.Request();
      request.erase("unknown");
      if (request.contains("list") || (!target.empty() && request["target"] != target)) continue;
      request["context"]["time"] = "2026-11-20T10:00:00Z";
      return request;
    }
  }

  std::vector<std::string> UnknownPaths(const json& request) {
    std::vector<std::string> all = kPaths.at(request["target"]);
    all.insert(all.end(), kContextPaths.begin(), kContextPaths.end());
    if (request.contains("principal")) all.insert(all.end(), kPrincipalPaths.begin(), kPrincipalPaths.end());
    std::vector<std::string> chosen;
    for (std::size_t count = 1 + Below(3); chosen.size() < count;) chosen.push_back(all[Below(all.size())]);
    return chosen;
  }

  Effect Decide(const Engine& engine, const json& request) { return engine.DecideJson(request.dump(), context_).effect; }

  std::uint64_t TryRequest(const Engine& engine, json& request) {
    const std::vector<std::string> unknown = UnknownPaths(request);
    for (const std::string& path : unknown) {
      if (!HasRoomFor(request, path)) return 0;
    }
    json open = request;
    open["unknown"] = json::array();
    EXPECT_EQ(Decide(engine, open), Decide(engine, request)) << request.dump(2) << text_;
    for (const std::string& path : unknown) {
      if (Below(2) == 0) Remove(open, path);
      open["unknown"].push_back(path);
    }
    const Decision decision = engine.DecideJson(open.dump(), context_);
    if (decision.reason == Reason::kBadRequest || decision.reason == Reason::kNotCanonical) return 0;
    const std::string shown = open.dump(2) + "\n" + text_;
    EXPECT_EQ(decision.residual.has_value(), decision.effect == Effect::kConditional) << shown;
    std::unique_ptr<Engine> residual;
    if (decision.residual) {
      residual = CheckedResidual(open["target"], *decision.residual, unknown, shown);
      if (residual == nullptr) return 0;
    }
    std::uint64_t tried = 0;
    for (int i = 0; i < 8; ++i) tried += TryCompletion(engine, residual.get(), decision, Completed(request, unknown), shown) ? 1 : 0;
    return tried;
  }

  std::unique_ptr<Engine> CheckedResidual(const std::string& target, const Residual& residual, const std::vector<std::string>& unknown,
                                          const std::string& shown) {
    std::vector<std::string> paths;
    CollectPaths(json::parse(residual.tree_json), paths);
    for (const std::string& path : paths) {
      const bool may_be_masked = target == "rows" && (path == "row.card" || path == "row");
      EXPECT_TRUE(may_be_masked || IsOpen(path, unknown)) << path << " is known\n" << residual.cel << shown;
    }
    const auto policies = Load(PolicyOf(target, residual.cel));
    EXPECT_NE(policies, nullptr) << residual.cel << "\n" << shown;
    return policies == nullptr ? nullptr : std::make_unique<Engine>(policies, SystemClock());
  }

  json Completed(json request, const std::vector<std::string>& unknown) {
    const json other = PointRequest(request["target"]);
    for (const std::string& path : unknown) {
      Remove(request, path);
      const json::json_pointer at = PointerOf(path);
      if (HasRoomFor(request, path) && other.contains(at)) request[at] = other[at];
    }
    request["context"]["time"] = "2026-11-20T10:00:00Z";
    return request;
  }

  bool TryCompletion(const Engine& engine, const Engine* residual, const Decision& open, const json& completed, const std::string& shown) {
    const Decision closed = engine.DecideJson(completed.dump(), context_);
    const Effect effect = closed.effect;
    if (closed.reason == Reason::kBadRequest || closed.reason == Reason::kNotCanonical) return false;
    const Effect expected = residual == nullptr ? open.effect : Decide(*residual, completed);
    EXPECT_EQ(EffectName(expected), EffectName(effect)) << (residual == nullptr ? "" : open.residual->cel) << "\n"
                                                        << completed.dump(2) << "\n"
                                                        << shown;
    return true;
  }

  void TryListing(const Engine& engine) {
    json listing = PointRequest("tools");
    listing.erase("tool");
    listing.erase("args");
    json call = listing;
    listing["list"] = {"search", "post_message", "delete_channel", "delete_user", "fs/read", "fs/write/all"};
    const Decision decision = engine.DecideJson(listing.dump(), context_);
    if (!decision.visible) return;
    call["unknown"] = {"args"};
    std::vector<std::string> expected;
    for (const json& tool : listing["list"]) {
      call["tool"] = tool;
      if (Decide(engine, call) != Effect::kDeny) expected.push_back(tool);
    }
    EXPECT_EQ(*decision.visible, expected) << listing.dump(2) << "\n" << text_;
  }

  Generator generator_;
  std::mt19937_64 random_;
  const std::string text_;
  Context context_;
};

TEST(Residual, LawsOfUnknowns) {
  const std::uint64_t first = EnvironmentNumber("WRIT_SEED", 1), wanted = EnvironmentNumber("WRIT_LAWS", kLaws);
  std::uint64_t tried = 0, seed = first;
  for (; tried < wanted && !HasFailure(); ++seed) {
    SCOPED_TRACE("WRIT_SEED=" + std::to_string(seed));
    tried += Laws(seed).Try(40);
  }
  RecordProperty("completions", std::to_string(tried));
  std::printf("%llu completions, seeds %llu to %llu\n", static_cast<unsigned long long>(tried), static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(seed - 1));
}

}  // namespace
}  // namespace writ::differential
