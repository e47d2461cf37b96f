// Finds what a request names and no policy does, and the nearest name that some policy has.
#include "cli/unnamed.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "dsl/diagnostics/diagnostic.h"
#include "rules/base/nearest_name.h"
#include "rules/index/index.h"

namespace writ::cli {
namespace {

using Json = nlohmann::json;

// What a request is about: a server (or type of resource) and a name on it.
struct Subject {
  Target target = Target::kTools;
  std::string_view scope_word, name_word;  // "server", "tool"
  std::string scope, name;
};

// A member's text, or that of `inner` inside it when it is an object.
std::string TextOf(const Json& request, const char* member, const char* inner) {
  const auto found = request.find(member);
  if (found == request.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_object() && found->contains(inner) && (*found)[inner].is_string() ? (*found)[inner].get<std::string>() : "";
}

std::optional<Subject> SubjectOf(const Json& request) {
  if (request.contains("apiVersion")) return std::nullopt;
  const std::string server = TextOf(request, "server", "name");
  if (request.contains("tool")) return Subject{Target::kTools, "server", "tool", server, TextOf(request, "tool", "name")};
  if (request.contains("prompt")) return Subject{Target::kPrompts, "server", "prompt", server, TextOf(request, "prompt", "name")};
  if (request.contains("subject"))
    return Subject{Target::kAccess, "resources of type", "action", TextOf(request, "resource", "type"), TextOf(request, "action", "name")};
  return std::nullopt;
}

bool IsLiteral(std::string_view pattern) { return pattern.find_first_of("*\\") == std::string_view::npos; }

std::string Hint(std::string_view about, std::string_view name, std::vector<std::string_view> candidates) {
  if (candidates.empty()) return {};  // of patterns alone nothing can be proposed
  std::sort(candidates.begin(), candidates.end());
  const std::string_view closest = NearestName(name, candidates);
  std::string hint = "no " + std::string(about) + " `" + std::string(name) + "`";
  if (!closest.empty()) hint += "; did you mean `" + std::string(closest) + "`?";
  return hint;
}

}  // namespace

std::string HintOfUnnamed(const Program& program, std::string_view request_json) {
  const Json request = Json::parse(request_json, nullptr, false);
  const std::optional<Subject> subject = request.is_object() ? SubjectOf(request) : std::nullopt;
  if (!subject || subject->name.empty()) return {};
  std::vector<std::string_view> scopes, names;
  bool is_scope_named = false;
  for (const Rule& rule : program.rules) {
    if (program.policy(rule).target != subject->target) continue;
    for (const Selector& selector : program[program.details(rule).selectors]) {
      const std::string_view scope = program[selector.scope], name = program[selector.name];
      if (IsLiteral(scope)) scopes.push_back(scope);
      if (!GlobMatches(scope, subject->scope)) continue;
      is_scope_named = true;
      if (GlobMatches(name, subject->name)) return {};
      if (IsLiteral(name)) names.push_back(name);
    }
  }
  if (!is_scope_named) return Hint("policy is about " + std::string(subject->scope_word), subject->scope, std::move(scopes));
  return Hint("rule is about " + std::string(subject->name_word), subject->name, std::move(names));
}

}  // namespace writ::cli
