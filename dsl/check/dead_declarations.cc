// Declarations that can do nothing; see dead_declarations.h.
#include "dsl/check/dead_declarations.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "rules/index/index.h"

namespace writ::dsl {
namespace {

constexpr std::size_t kMaxComparisons = 1'000'000;  // a warning is not worth more

// Two patterns may have a name in common; certain only when one of them is a name.
bool MayMeet(const Pattern& a, const Pattern& b) {
  if (a.text == "*" || b.text == "*") return true;
  if (!a.has_wildcard) return GlobMatches(b.text, LiteralName(a));
  return b.has_wildcard || GlobMatches(a.text, LiteralName(b));
}

bool AnyMeets(std::span<const Pattern> some, std::span<const Pattern> others) {
  if (some.empty() || others.empty()) return true;
  return std::any_of(some.begin(), some.end(), [&](const Pattern& a) {
    return std::any_of(others.begin(), others.end(), [&](const Pattern& b) { return MayMeet(a, b); });
  });
}

// What OAuth takes as a scope: RFC 6749, section 3.3.
bool IsScope(std::string_view scope) {
  return !scope.empty() && std::all_of(scope.begin(), scope.end(), [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; });
}

// The variable that the patterns of a target's rules are about; "" = none.
std::string_view NamedBy(Target target) {
  switch (target) {
    case Target::kTools: return "tool.name";
    case Target::kPrompts: return "prompt.name";
    case Target::kResources: return "resource.uri";
    case Target::kAccess: return "action.name";
    case Target::kRows:
    case Target::kAdmission:
    case Target::kSchemas: return "";
  }
  return "";
}

// Whether some pattern matches a name, or some of a list of names. What is not a name is none of this.
bool MayBeNamed(const Value& value, std::span<const Pattern> patterns) {
  const auto matches = [&](std::string_view name) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const Pattern& pattern) { return pattern.text == "*" || GlobMatches(pattern.text, name); });
  };
  if (value.is(Kind::kString)) return matches(value.string());
  if (!value.is(Kind::kList)) return true;
  const std::span<const Value> items(value.items, value.size);
  return items.empty() ||
         std::any_of(items.begin(), items.end(), [&](const Value& item) { return !item.is(Kind::kString) || matches(item.string()); });
}

const draft::Column* TryColumn(const TypedTable& table, std::string_view name) {
  const auto found =
      std::find_if(table.columns.begin(), table.columns.end(), [&](const draft::Column& column) { return column.name == name; });
  return found == table.columns.end() ? nullptr : &*found;
}

bool IsNumber(TypeId type) {
  return type == SimpleType(TypeKind::kInt) || type == SimpleType(TypeKind::kUint) || type == SimpleType(TypeKind::kDouble);
}

bool MayBeEqual(TypeId a, TypeId b) {
  const TypeId dyn = SimpleType(TypeKind::kDyn);
  return a == b || a == dyn || b == dyn || (IsNumber(a) && IsNumber(b));
}

// A member whose name says that it is secret: `args.password`, `args.api_key`.
bool IsCredential(const Expr& e) {
  if (e.kind != ExprKind::kSelect && e.kind != ExprKind::kOptionalSelect) return false;
  std::string name;
  for (const char c : e.text) {
    if (c != '_' && c != '-') name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  constexpr std::string_view kEnds[] = {"password", "passwd", "secret", "token", "apikey", "privatekey", "credential", "credentials"};
  return std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view end) { return name.ends_with(end); });
}

class DeadDeclarations {
 public:
  DeadDeclarations(const TypedSet& set, ExpressionChecker& checker) : set_(set), checker_(checker) {}

  void Check() {
    FindAllows();
    for (const TypedPolicy& policy : set_.policies) {
      for (const RuleDecl& rule : policy.decl->rules) {
        CheckScopes(rule);
        CheckKeys(policy, rule);
        CheckAllowed(policy, rule);
        for (const ExprId condition : {rule.when, rule.unless}) CheckNames(policy, rule, condition);
        CheckMessage(policy, rule);
        CheckKeep(policy, rule);
      }
    }
    for (const TypedTable& table : set_.tables) CheckRelations(table);
    for (std::size_t i = 0; i < kTargetCount; ++i) CheckTarget(static_cast<Target>(i));
  }

 private:
  void CheckScopes(const RuleDecl& rule) {
    for (const StringLiteral& scope : rule.needs_scopes) {
      const bool is_message = scope.value.find('{') != std::string_view::npos;
      if (IsScope(scope.value) && !is_message) continue;
      Diagnostic& diagnostic = checker_.Emit(DiagnosticKind::kImpossibleScope, scope.span,
                                             {scope.value, is_message            ? "braces stand for themselves here"
                                                           : scope.value.empty() ? "a scope is not empty"
                                                                                 : "a scope has no blanks, quotes or backslashes"});
      if (scope.value.find(' ') != std::string_view::npos) diagnostic.help = "write each scope by itself: needs scope \"a\", \"b\"";
    }
  }

  void CheckKeys(const TypedPolicy& policy, const RuleDecl& rule) {
    if (!rule.limit) return;
    for (const ExprId key : rule.limit->keys) {
      if (checker_.TryConstant(policy.file, key) == nullptr) continue;
      checker_.Emit(DiagnosticKind::kConstantKey, set_.expr(policy.file, key).span, {}).help = "leave `by` out for one quota for all";
    }
  }

  static bool Allows(const TypedPolicy& policy, const RuleDecl& rule) {
    return rule.verb == Verb::kAllow && policy.decl->mode != PolicyMode::kShadow;
  }

  bool HasAllow(Target target) const { return has_allow_[static_cast<std::size_t>(target)]; }

  void FindAllows() {
    for (const TypedPolicy& policy : set_.policies) {
      const std::vector<RuleDecl>& rules = policy.decl->rules;
      if (std::any_of(rules.begin(), rules.end(), [&](const RuleDecl& rule) { return Allows(policy, rule); }))
        has_allow_[static_cast<std::size_t>(policy.decl->target)] = true;
    }
  }

  // A limit or redaction of a name that no rule allows. When nothing at all is allowed, CheckTarget says so.
  void CheckAllowed(const TypedPolicy& policy, const RuleDecl& rule) {
    if ((rule.verb != Verb::kLimit && rule.verb != Verb::kRedact) || !HasAllow(policy.decl->target)) return;
    if (rule.patterns.empty() && !IsAllowed(policy, {}))
      checker_.Emit(DiagnosticKind::kNothingAllowed, rule.verb_span, {"anything of what the policy is about"});
    for (const Pattern& pattern : rule.patterns) {
      if (!IsAllowed(policy, {&pattern, 1}))
        checker_.Emit(DiagnosticKind::kNothingAllowed, pattern.span, {"`" + std::string(pattern.text) + "`"});
    }
  }

  // True, too, when finding out would cost too much.
  bool IsAllowed(const TypedPolicy& policy, std::span<const Pattern> patterns) {
    for (const TypedPolicy& other : set_.policies) {
      comparisons_ += 1 + policy.decl->scopes.size() * other.decl->scopes.size();
      if (comparisons_ > kMaxComparisons) return true;
      if (other.decl->target != policy.decl->target || !AnyMeets(policy.decl->scopes, other.decl->scopes)) continue;
      for (const RuleDecl& rule : other.decl->rules) {
        comparisons_ += rule.patterns.size() + 1;
        if (Allows(other, rule) && AnyMeets(patterns, rule.patterns)) return true;
      }
    }
    return false;
  }

  // Denials for a target that nothing is allowed for anyway.
  void CheckTarget(Target target) {
    if (InfoOf(target).allow_by_default || HasAllow(target)) return;
    for (const TypedPolicy& policy : set_.policies) {
      if (policy.decl->target != target || policy.decl->mode == PolicyMode::kShadow || policy.decl->rules.empty()) continue;
      checker_.Emit(DiagnosticKind::kNothingAllowed, policy.decl->target_name.span, {"any of the " + std::string(InfoOf(target).name)})
          .help = "write `allow` for what may be used: what no rule allows is denied";
      return;
    }
  }

  // `tool.name == "x"` in a rule whose patterns do not match "x"; `server.name == "x"` in a policy on other servers.
  void CheckNames(const TypedPolicy& policy, const RuleDecl& rule, ExprId root) {
    // Such patterns match other spellings of a URI, too.
    const bool is_folded = policy.decl->target == Target::kResources && rule.verb != Verb::kAllow;
    const bool has_server = InfoOf(policy.decl->target).selector_word == "on";
    std::vector<ExprId> pending = {root};
    while (!pending.empty()) {
      const ExprId id = pending.back();
      pending.pop_back();
      if (!id.valid()) continue;
      const Expr& e = set_.expr(policy.file, id);
      pending.insert(pending.end(), e.args.begin(), e.args.end());
      if (!is_folded) CheckName(policy, e, NamedBy(policy.decl->target), rule.patterns);
      if (has_server) CheckName(policy, e, "server.name", policy.decl->scopes);
    }
  }

  void CheckName(const TypedPolicy& policy, const Expr& e, std::string_view named, std::span<const Pattern> patterns) {
    const bool is_in = e.text == "@in";
    const bool compares = e.kind == ExprKind::kBinary && (is_in || e.text == "_==_" || e.text == "_!=_");
    if (named.empty() || patterns.empty() || !compares || !e.args[0].valid() || !e.args[1].valid()) return;
    for (std::size_t side = 0; side < (is_in ? 1U : 2U); ++side) {
      if (!IsNamed(policy.file, e.args[side], named)) continue;
      const Value* value = checker_.TryConstant(policy.file, e.args[1 - side]);
      if (value == nullptr || MayBeNamed(*value, patterns)) continue;
      checker_.Emit(DiagnosticKind::kContradictsPattern, e.span, {named, is_in ? "in the list" : "`" + std::string(value->string()) + "`"});
    }
  }

  // Whether an expression is `owner.member`, written so.
  bool IsNamed(FileId file, ExprId id, std::string_view named) const {
    const Expr& e = set_.expr(file, id);
    if (e.kind != ExprKind::kSelect || !e.args[0].valid() || set_.expr(file, e.args[0]).kind != ExprKind::kIdent) return false;
    const std::size_t dot = named.find('.');
    return set_.expr(file, e.args[0]).text == named.substr(0, dot) && e.text == named.substr(dot + 1);
  }

  void CheckMessage(const TypedPolicy& policy, const RuleDecl& rule) {
    for (const MessagePiece& piece : rule.message.pieces) {
      if (!piece.expr.valid()) continue;
      const std::string text = ExprText(set_.files[policy.file.index], piece.expr);
      const bool is_whole = text == "args" || text == "string(args)" || text == "principal.claims" || text == "principal";
      if (!is_whole && !IsCredential(set_.expr(policy.file, piece.expr))) continue;
      checker_.Emit(DiagnosticKind::kPrintsWhole, set_.expr(policy.file, piece.expr).span, {text}).note =
          "whoever is denied reads it, passwords and tokens included";
    }
  }

  void CheckKeep(const TypedPolicy& policy, const RuleDecl& rule) {
    if (!rule.mask || (rule.mask->kind != MaskKind::kKeepLast && rule.mask->kind != MaskKind::kKeepFirst)) return;
    for (const Name& name : rule.columns) {
      for (const std::uint32_t table : policy.tables) {
        const draft::Column* column = TryColumn(set_.tables[table], name.text);
        if (column == nullptr) continue;
        const TypeId type = set_.types.WithoutNull(column->type);
        if (type == SimpleType(TypeKind::kString) || type == SimpleType(TypeKind::kDyn)) continue;
        checker_.Emit(DiagnosticKind::kKeepsNoText, rule.mask->span, {name.text, set_.types.Text(type)}).help = "write `hash` or `null`";
      }
    }
  }

  void CheckRelations(const TypedTable& table) {
    for (const RelationDecl& relation : table.decl->relations) {
      const auto other = std::find_if(set_.tables.begin(), set_.tables.end(), [&](const TypedTable& each) {
        return each.package == table.package && each.decl->name.text == relation.table.text;
      });
      if (other == set_.tables.end()) continue;
      CheckPair(table, *other, relation.our_column, relation.their_column);
      for (const RelationTermDecl& term : relation.terms) CheckPair(table, *other, term.our_column, term.their_column);
    }
  }

  void CheckPair(const TypedTable& table, const TypedTable& other, const Name& our_column, const Name& their_column) {
    const draft::Column* ours = TryColumn(table, our_column.text);
    const draft::Column* theirs = TryColumn(other, their_column.text);
    if (ours == nullptr || theirs == nullptr) return;
    const TypeId our_type = set_.types.WithoutNull(ours->type), their_type = set_.types.WithoutNull(theirs->type);
    if (MayBeEqual(our_type, their_type)) return;
    const std::string their_name = std::string(other.decl->name.text) + "." + theirs->name;
    checker_.Emit(DiagnosticKind::kRelationNeverHolds, their_column.span,
                  {their_name, set_.types.Text(their_type), ours->name, set_.types.Text(our_type)});
  }

  const TypedSet& set_;
  ExpressionChecker& checker_;
  std::array<bool, kTargetCount> has_allow_ = {};  // some rule allows something
  std::size_t comparisons_ = 0;
};

}  // namespace

void CheckDeadDeclarations(const TypedSet& set, ExpressionChecker& checker) { DeadDeclarations(set, checker).Check(); }

}  // namespace writ::dsl
