// What patterns say: parts of other dialects, names that do not exist in that spelling, meanings that a release has widened; and
// denials that compare a URI as it was given.
#include <algorithm>
#include <optional>

#include "dsl/check/foreign_pattern.h"
#include "dsl/check/policy_checker.h"
#include "rules/index/glob.h"
#include "rules/model/canonical_name.h"
#include "rules/model/resource_uri.h"

namespace writ::dsl {
namespace {

// The pattern with each `**/` standing for no folder, or "" when it has none.
std::string WithoutFolders(std::string_view pattern) {
  std::string text;
  bool has_folders = false;
  GlobReader reader(pattern);
  std::string_view rest = pattern;
  for (GlobToken token; reader.Next(token); rest = reader.rest()) {
    const bool is_folders = token.kind == GlobToken::Kind::kFolders;
    has_folders = has_folders || is_folders;
    if (!is_folders) text += rest.substr(0, rest.size() - reader.rest().size());
  }
  return has_folders ? text : "";
}

// What keeps a name that is written out from being anybody's, or "".
std::string SpellingFault(const Pattern& pattern, Target target) {
  const std::string name = LiteralName(pattern);
  return target == Target::kResources ? std::string(UriFault(name)) : CanonicalNameFault(name);
}

bool ReadsMember(const TypedSet& set, FileId file, const Expr& e, std::string_view root, std::string_view member) {
  const auto is_root = [&](ExprId id) {
    return id.valid() && set.expr(file, id).kind == ExprKind::kIdent && set.expr(file, id).text == root;
  };
  const bool is_select = e.kind == ExprKind::kSelect || e.kind == ExprKind::kOptionalSelect;
  if (is_select) return e.text == member && is_root(e.args[0]);
  const bool is_index = e.kind == ExprKind::kBinary && (e.text == "_[_]" || e.text == "_[?_]") && e.args.size() == 2;
  if (!is_index || !is_root(e.args[0]) || !e.args[1].valid()) return false;
  const Value& key = set.expr(file, e.args[1]).value;
  return key.is(Kind::kString) && key.string() == member;
}

}  // namespace

void PolicyChecker::CheckPatterns(const PolicyDecl& policy) {
  const Target target = policy.target;
  if (target == Target::kRows || target == Target::kAdmission) return;  // names of tables and kinds have checks of their own
  const bool allows = std::any_of(policy.rules.begin(), policy.rules.end(), [](const RuleDecl& rule) { return rule.verb == Verb::kAllow; });
  for (const Pattern& scope : policy.scopes) CheckPattern(scope, Target::kTools, allows);
  for (const RuleDecl& rule : policy.rules) {
    for (const Pattern& pattern : rule.patterns) CheckPattern(pattern, target, rule.verb == Verb::kAllow);
    for (const StringLiteral& pointer : rule.pointers) {
      if (const auto part = FindForeignPointerPart(pointer.value))
        checker_.Emit(DiagnosticKind::kForeignPattern, pointer.span, {part->what, "a JSON pointer"}).help = part->help;
    }
  }
}

void PolicyChecker::CheckPattern(const Pattern& pattern, Target target, bool allows) {
  if (const auto part = FindForeignPart(pattern.text, target)) {
    Diagnostic& diagnostic = checker_.Emit(DiagnosticKind::kForeignPattern, pattern.span, {part->what, "a pattern"});
    diagnostic.help = part->help;
    diagnostic.note = "what is meant as it stands is escaped in a raw string: r\"a\\?b\"";
    return;
  }
  if (!pattern.has_wildcard) {
    const std::string fault = SpellingFault(pattern, target);
    if (!fault.empty()) {
      const std::string normal = target == Target::kResources ? NormalUri(LiteralName(pattern)) : "";
      Diagnostic& diagnostic = checker_.Emit(DiagnosticKind::kRefusedSpelling, pattern.span, {pattern.text, fault});
      if (!normal.empty()) diagnostic.help = "write \"" + normal + "\"";
    }
    return;
  }
  const std::string narrow = WithoutFolders(pattern.text);
  if (allows && !narrow.empty()) checker_.Emit(DiagnosticKind::kWidenedPattern, pattern.span, {pattern.text, narrow});
}

// Expressions of the bodies that `root` uses, directly or not, itself first.
std::vector<std::pair<FileId, ExprId>> PolicyChecker::RootsOf(std::uint32_t package, FileId file, ExprId root) const {
  std::vector<std::pair<FileId, ExprId>> roots = {{file, root}};
  std::vector<BodyRef> bodies = UsedBodies(set_, declarations_.names[package], file, root, nullptr);
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const BodyRef body = bodies[i];
    roots.emplace_back(body.is_fn ? set_.fns[body.index].file : set_.lets[body.index].file,
                       body.is_fn ? set_.fns[body.index].decl->body : set_.lets[body.index].decl->value);
    for (const BodyRef& used : UsesOf(body)) {
      if (std::find(bodies.begin(), bodies.end(), used) == bodies.end()) bodies.push_back(used);
    }
  }
  return roots;
}

bool PolicyChecker::Reads(const std::vector<std::pair<FileId, ExprId>>& roots, std::string_view root, std::string_view member) const {
  for (const auto& [file, expression] : roots) {
    std::vector<ExprId> pending = {expression};
    while (!pending.empty()) {
      const ExprId id = pending.back();
      pending.pop_back();
      if (!id.valid()) continue;
      const Expr& e = set_.expr(file, id);
      if (ReadsMember(set_, file, e, root, member)) return true;
      pending.insert(pending.end(), e.args.begin(), e.args.end());
    }
  }
  return false;
}

// A denial that looks at `resource.uri` alone is evaded by a spelling that servers resolve alike.
void PolicyChecker::CheckUriReads(RuleContext& context, const RuleDecl& rule) {
  if (context.policy.decl->target != Target::kResources || rule.verb != Verb::kDeny) return;
  std::vector<std::pair<FileId, ExprId>> roots;
  for (const ExprId condition : {rule.when, rule.unless}) {
    if (!condition.valid()) continue;
    const auto more = RootsOf(context.policy.package, context.policy.file, condition);
    roots.insert(roots.end(), more.begin(), more.end());
  }
  if (!Reads(roots, "resource", "uri") || Reads(roots, "resource", "folded")) return;
  const ExprId where = rule.when.valid() ? rule.when : rule.unless;
  checker_.Emit(DiagnosticKind::kUnfoldedUri, set_.expr(context.policy.file, where).span, {}).help =
      "read `resource.folded`, which is one text for all of them";
}

}  // namespace writ::dsl
