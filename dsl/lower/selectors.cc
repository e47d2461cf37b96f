// Selectors of rules; see selectors.h.
#include "dsl/lower/selectors.h"

namespace writ::dsl {
namespace {

std::string Upper(std::string_view text) {
  std::string upper;
  for (const char c : text) upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

// "MCPServer.*" also means the core group's "MCPServer", and "Pod.*/exec" its "Pod/exec". '*' crosses no '/', so it stays clear of
// subresources.
void AddKind(std::string_view pattern, std::vector<std::string>& scopes) {
  scopes.emplace_back(pattern);
  const std::size_t slash = pattern.find('/');
  const std::string_view kind = pattern.substr(0, slash);
  if (!kind.ends_with(".*")) return;
  std::string core(kind.substr(0, kind.size() - 2));
  if (slash != std::string_view::npos) core += pattern.substr(slash);
  scopes.push_back(std::move(core));
}

// A bare `*` is everything, also names with '/': `deny *` must not leave "fs/read" out.
std::string_view Everything(std::string_view pattern) { return pattern == "*" ? "**" : pattern; }

std::vector<std::string> ScopesOf(const PolicyDecl& policy) {
  std::vector<std::string> scopes;
  for (const Pattern& pattern : policy.scopes) {
    if (policy.target == Target::kAdmission) {
      AddKind(pattern.text, scopes);
    } else {
      scopes.emplace_back(Everything(pattern.text));
    }
  }
  if (scopes.empty()) scopes.emplace_back(policy.target == Target::kAdmission ? "*" : "**");
  return scopes;
}

std::vector<std::string> NamesOf(const PolicyDecl& policy, const RuleDecl& rule) {
  std::vector<std::string> names;
  if (policy.target == Target::kAdmission) {
    for (const Name& operation : policy.operations) names.push_back(Upper(operation.text));
    if (names.empty()) names = {"CREATE", "UPDATE"};
    return names;
  }
  for (const Pattern& pattern : rule.patterns) names.emplace_back(Everything(pattern.text));
  if (names.empty()) names.emplace_back("**");
  return names;
}

}  // namespace

std::vector<draft::Selector> SelectorsOf(const PolicyDecl& policy, const RuleDecl& rule) {
  std::vector<draft::Selector> selectors;
  const std::vector<std::string> names = NamesOf(policy, rule);
  const bool is_any_kind = policy.target == Target::kAdmission && policy.scopes.empty();
  for (const std::string& scope : ScopesOf(policy)) {
    // One connects only to subresources, so `on connect` without kinds means those of every kind.
    for (const std::string& name : names) selectors.push_back({is_any_kind && name == "CONNECT" ? "**" : scope, name});
  }
  return selectors;
}

}  // namespace writ::dsl
