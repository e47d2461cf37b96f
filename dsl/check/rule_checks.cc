// What a policy and its rules say: names, types of guards, keys and images, columns, messages, signers, and what can never matter.
#include <algorithm>

#include "dsl/check/policy_checker.h"
#include "rules/index/index.h"

namespace writ::dsl {
namespace {

// A warning is not worth more: beyond it, allows are no longer compared with denials.
constexpr std::size_t kMaxShadowComparisons = 1'000'000;

std::string_view AttributeValue(std::span<const Attribute> attributes, std::string_view name) {
  for (const Attribute& attribute : attributes) {
    if (attribute.name.text == name) return attribute.value;
  }
  return {};
}

bool CoversAll(std::span<const Pattern> outer, std::span<const Pattern> inner) {
  if (outer.empty()) return true;
  if (inner.empty())
    return std::any_of(outer.begin(), outer.end(), [](const Pattern& pattern) { return pattern.text == "**" || pattern.text == "*"; });
  return std::all_of(inner.begin(), inner.end(), [&](const Pattern& pattern) {
    return std::any_of(outer.begin(), outer.end(), [&](const Pattern& each) { return PatternCovers(each.text, pattern); });
  });
}

}  // namespace

std::string RuleIdOf(const PolicyDecl& policy, std::size_t position) {
  const std::string_view given = AttributeValue(policy.rules[position].attributes, "id");
  return given.empty() ? "r" + std::to_string(position + 1) : std::string(given);
}

bool PatternCovers(std::string_view outer, const Pattern& inner) {
  if (outer == inner.text || outer == "**" || outer == "*") return true;  // a bare `*` is everything
  if (inner.has_wildcard) return false;
  std::string literal;
  for (std::size_t i = 0; i < inner.text.size(); ++i) {
    if (inner.text[i] == '\\' && i + 1 < inner.text.size()) ++i;
    literal += inner.text[i];
  }
  return GlobMatches(outer, literal);
}

void PolicyChecker::CheckPolicy(TypedPolicy& policy) {
  const PolicyDecl& decl = *policy.decl;
  CheckRuleIds(decl);
  CheckPatterns(decl);
  TargetScope& scope = ScopeFor(policy);
  RuleContext context{policy, scope, NamesIn(scope, policy.file)};
  for (const RuleDecl& rule : decl.rules) CheckRule(context, rule);
}

void PolicyChecker::FindTables() {
  for (TypedPolicy& policy : set_.policies) {
    if (policy.decl->target == Target::kRows) FindTablesOf(policy);
  }
  FindMaskedColumns();
}

void PolicyChecker::FindTablesOf(TypedPolicy& policy) {
  const auto& tables = declarations_.names[policy.package].tables;
  std::vector<std::string_view> candidates;
  candidates.reserve(tables.size());
  for (const auto& [name, index] : tables) candidates.push_back(name);
  std::sort(candidates.begin(), candidates.end());
  for (const Pattern& pattern : policy.decl->scopes) {
    bool found = false;
    for (const std::string_view name : candidates) {
      if (!GlobMatches(pattern.text, name)) continue;
      found = true;
      policy.tables.push_back(tables.at(name));
    }
    if (!found && !IsBroken(pattern.text, policy.package))
      ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownTable, pattern.span, {pattern.text}), pattern.text, candidates);
  }
  std::sort(policy.tables.begin(), policy.tables.end());
  policy.tables.erase(std::unique(policy.tables.begin(), policy.tables.end()), policy.tables.end());
}

// The row of one table is its record; of several, the columns that all have with one type. Without any, an error was reported.
TypeId PolicyChecker::RowType(const TypedPolicy& policy) {
  if (policy.tables.empty()) return set_.types.Simple(TypeKind::kDyn);
  const std::string& package = set_.packages[policy.package];
  if (policy.tables.size() == 1) {
    const TypedTable& table = set_.tables[policy.tables[0]];
    return targets_.Row(table, package, RelatedTables(table));
  }
  TypedTable common = set_.tables[policy.tables[0]];
  for (const std::uint32_t index : policy.tables) {
    const std::vector<draft::Column>& columns = set_.tables[index].columns;
    std::erase_if(common.columns,
                  [&](const draft::Column& column) { return std::find(columns.begin(), columns.end(), column) == columns.end(); });
  }
  return targets_.Row(common, package, {});
}

// The other table of each relation, nullptr where it is not declared.
std::vector<const TypedTable*> PolicyChecker::RelatedTables(const TypedTable& table) const {
  const auto& tables = declarations_.names[table.package].tables;
  std::vector<const TypedTable*> related;
  for (const RelationDecl& relation : table.decl->relations) {
    const auto found = tables.find(relation.table.text);
    related.push_back(found == tables.end() ? nullptr : &set_.tables[found->second]);
  }
  return related;
}

void PolicyChecker::CheckRuleIds(const PolicyDecl& policy) {
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const std::string id = RuleIdOf(policy, i);
    const auto [first, is_new] = seen.emplace(id, i);
    if (is_new) continue;
    const auto place = [&](std::size_t rule) {
      for (const Attribute& attribute : policy.rules[rule].attributes) {
        if (attribute.name.text == "id") return std::optional(attribute.value_span);
      }
      return std::optional<SourceSpan>();
    };
    const std::optional<SourceSpan> span = place(i) ? place(i) : place(first->second);  // one of the two was written down
    Diagnostic& diagnostic =
        checker_.Emit(DiagnosticKind::kDuplicateRuleId, span.value_or(policy.rules[i].verb_span), {policy.name.text, id});
    const std::size_t other = place(i) ? first->second : i;
    diagnostic.related = {{place(other).value_or(policy.rules[other].verb_span), "the other rule of this id"}};
  }
}

TypeId PolicyChecker::CheckRoot(RuleContext& context, ExprId root) {
  if (!root.valid()) return set_.types.Simple(TypeKind::kError);
  PrepareBodies(context.scope, context.policy.file, root);
  return checker_.Check(root, context.names);
}

void PolicyChecker::CheckCondition(RuleContext& context, ExprId condition) {
  if (!condition.valid()) return;
  PrepareBodies(context.scope, context.policy.file, condition);
  if (!checker_.CheckAs(condition, context.names, set_.types.Simple(TypeKind::kBool), "bool")) return;
  const Value* constant = checker_.TryConstant(context.policy.file, condition);
  if (constant == nullptr || !constant->is(Kind::kBool)) return;
  checker_.Emit(DiagnosticKind::kConstantCondition, set_.expr(context.policy.file, condition).span, {constant->boolean ? "true" : "false"});
}

void PolicyChecker::CheckRule(RuleContext& context, const RuleDecl& rule) {
  CheckCondition(context, rule.requirement);
  CheckCondition(context, rule.when);
  CheckCondition(context, rule.unless);
  CheckUriReads(context, rule);
  if (rule.image.valid()) CheckImage(context, rule);
  if (rule.limit) CheckKeys(context, *rule.limit);
  if (!rule.columns.empty()) CheckColumns(context.policy, rule);
  CheckMessage(context, rule);
  if (!rule.needs_scopes.empty() && !context.scope.variables.contains("principal")) {
    checker_.Emit(DiagnosticKind::kClauseNotAllowed, rule.needs_scopes[0].span, {"needs scope", context.scope.place}).note =
        context.scope.place + " have no `principal`";
  }
}

void PolicyChecker::CheckImage(RuleContext& context, const RuleDecl& rule) {
  const TypeId found = CheckRoot(context, rule.image);
  TypeTable& types = set_.types;
  const Type& type = types[types.WithoutNull(found)];
  const bool fits = type.kind == TypeKind::kError || type.kind == TypeKind::kDyn || type.kind == TypeKind::kString ||
                    (type.kind == TypeKind::kList &&
                     (type.parameters[0] == types.Simple(TypeKind::kString) || type.parameters[0] == types.Simple(TypeKind::kDyn)));
  if (!fits)
    checker_.Emit(DiagnosticKind::kTypeMismatch, set_.expr(context.policy.file, rule.image).span,
                  {types.Text(found), "an image reference: string or list(string)"});
  for (const DemandClause& demand : rule.demands) {
    if (demand.predicate_type.span.begin != demand.predicate_type.span.end) NeedPredicateType(demand.predicate_type);
    if (demand.signers) CheckSigners(*demand.signers, context.policy.package);
    if (demand.condition.valid()) CheckPredicateCondition(context, demand.condition);
  }
}

// A misspelt short name is a type that nothing is attested with.
void PolicyChecker::NeedPredicateType(const StringLiteral& type) {
  if (IsPredicateType(type.value)) return;
  Diagnostic& diagnostic = checker_.Emit(DiagnosticKind::kUnknownPredicateType, type.span, {type.value});
  ExpressionChecker::Suggest(diagnostic, type.value, PredicateTypeNames());
  if (!diagnostic.help.empty()) return;
  diagnostic.help = "write the URI of the type, or one of";
  for (const std::string_view name : PredicateTypeNames()) diagnostic.help.append(" ").append(name);
}

// In `where`, `predicate` is a variable beside those of the target.
void PolicyChecker::CheckPredicateCondition(RuleContext& context, ExprId condition) {
  VariableTypes variables = context.scope.variables;
  variables.insert_or_assign(std::string(kPredicateRoot), set_.types.Simple(TypeKind::kDyn));
  ExprScope names = context.names;
  names.variables = &variables;
  PrepareBodies(context.scope, context.policy.file, condition);
  checker_.CheckAs(condition, names, set_.types.Simple(TypeKind::kBool), "bool");
}

// Returns the names in it. One signature must not count as two: of several operands that are wanted each has signers of its own.
// Whether two names have one key, only the files tell: SignerSet::Load.
//
// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth
std::set<std::string_view> PolicyChecker::CheckSigners(const SignerExpr& signers, std::uint32_t package) {
  if (signers.kind == SignerExpr::Kind::kSigner) {
    NeedSigner(signers.signer, package);
    return {signers.signer.text};
  }
  std::set<std::string_view> names;
  for (const SignerExpr& operand : signers.operands) {
    for (const std::string_view name : CheckSigners(operand, package)) {
      if (!names.insert(name).second && signers.needed >= 2)
        checker_.Emit(DiagnosticKind::kBadConstant, operand.span, {"signer `" + std::string(name) + "` counts twice here"});
    }
  }
  if (signers.needed < 1 || signers.needed > signers.operands.size()) {
    checker_.Emit(
        DiagnosticKind::kBadConstant, signers.span,
        {std::to_string(signers.needed) + " of " + std::to_string(signers.operands.size()) + " signers can never be what is meant"});
  }
  return names;
}

void PolicyChecker::NeedSigner(const Name& signer, std::uint32_t package) {
  const auto& signers = declarations_.names[package].signers;
  if (signers.contains(signer.text) || IsBroken(signer.text, package)) return;
  std::vector<std::string_view> candidates;
  candidates.reserve(signers.size());
  for (const auto& [name, index] : signers) candidates.push_back(name);
  std::sort(candidates.begin(), candidates.end());
  ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownSigner, signer.span, {signer.text}), signer.text, candidates);
}

// A key names a bucket by its text: it must be one thing, not a collection.
void PolicyChecker::CheckKeys(RuleContext& context, const LimitClause& limit) {
  if (limit.period_nanos > 0 && limit.count > static_cast<std::uint64_t>(limit.period_nanos)) {
    checker_.Emit(DiagnosticKind::kBadConstant, limit.span, {"more than one call a nanosecond is no limit"});
  }
  for (const ExprId key : limit.keys) {
    const TypeId found = CheckRoot(context, key);
    const TypeKind kind = set_.types[found].kind;
    if (kind != TypeKind::kList && kind != TypeKind::kMap && kind != TypeKind::kRecord && kind != TypeKind::kOptional &&
        kind != TypeKind::kType)
      continue;
    checker_.Emit(DiagnosticKind::kTypeMismatch, set_.expr(context.policy.file, key).span,
                  {set_.types.Text(found), "a string, number, bool or time as key"});
  }
}

void PolicyChecker::CheckColumns(const TypedPolicy& policy, const RuleDecl& rule) {
  for (const Name& column : rule.columns) {
    for (const std::uint32_t table : policy.tables) NeedColumn(set_.tables[table], column.text, column.span);
  }
}

// By table, the columns that some policy masks. Policies in shadow mode mask nothing.
void PolicyChecker::FindMaskedColumns() {
  for (const TypedPolicy& policy : set_.policies) {
    if (policy.decl->target != Target::kRows || policy.decl->mode == PolicyMode::kShadow) continue;
    for (const RuleDecl& rule : policy.decl->rules) {
      for (const std::uint32_t table : policy.tables) {
        for (const Name& column : rule.columns) masked_[set_.tables[table].decl->name.text].insert(column.text);
      }
    }
  }
}

std::set<std::string_view> PolicyChecker::MaskedColumns(const TypedPolicy& policy) const {
  std::set<std::string_view> masked;
  for (const std::uint32_t table : policy.tables) {
    const auto found = masked_.find(set_.tables[table].decl->name.text);
    if (found != masked_.end()) masked.insert(found->second.begin(), found->second.end());
    // Rows that come along hold what is masked in their own table.
    if (masked_.empty()) continue;
    for (const RelationDecl& relation : set_.tables[table].decl->relations) masked.insert(relation.name.text);
  }
  return masked;
}

void PolicyChecker::CheckMessage(RuleContext& context, const RuleDecl& rule) {
  for (const MessagePiece& piece : rule.message.pieces) {
    if (!piece.expr.valid()) continue;
    CheckRoot(context, piece.expr);
    if (context.policy.decl->target == Target::kRows)
      CheckMaskedColumns(context, piece.expr, set_.expr(context.policy.file, piece.expr).span);
  }
}

namespace {

bool IsRow(const TypedSet& set, FileId file, ExprId id) {
  return id.valid() && set.expr(file, id).kind == ExprKind::kIdent && set.expr(file, id).text == "row";
}

// The column that `row.column` or `row["column"]` names, else "".
std::string_view ColumnNamed(const TypedSet& set, FileId file, const Expr& e) {
  const bool is_select = e.kind == ExprKind::kSelect || e.kind == ExprKind::kOptionalSelect || e.kind == ExprKind::kHas;
  if (is_select && IsRow(set, file, e.args[0])) return e.text;
  const bool is_index = e.kind == ExprKind::kBinary && (e.text == "_[_]" || e.text == "_[?_]") && e.args.size() == 2;
  if (!is_index || !IsRow(set, file, e.args[0]) || !e.args[1].valid()) return {};
  const Value& key = set.expr(file, e.args[1]).value;
  return key.is(Kind::kString) ? key.string() : std::string_view();
}

}  // namespace

// A message must not show what a mask hides: neither row.card, nor row as a whole, nor through a let or fn.
void PolicyChecker::CheckMaskedColumns(RuleContext& context, ExprId root, SourceSpan span) {
  const std::set<std::string_view> masked = MaskedColumns(context.policy);
  if (masked.empty()) return;
  for (const auto& [file, expression] : RootsOf(context.policy.package, context.policy.file, root)) {
    std::vector<ExprId> pending = {expression};
    while (!pending.empty()) {
      const ExprId id = pending.back();
      pending.pop_back();
      if (!id.valid()) continue;
      const Expr& e = set_.expr(file, id);
      const std::string_view column = ColumnNamed(set_, file, e);
      if (e.kind != ExprKind::kHas && masked.contains(column)) {
        checker_.Emit(DiagnosticKind::kMaskedColumnInMessage, span, {"row." + std::string(column)});
      }
      if (!column.empty()) continue;
      if (IsRow(set_, file, id)) {
        checker_.Emit(DiagnosticKind::kMaskedColumnInMessage, span, {"row"}).note =
            "`row." + std::string(*masked.begin()) + "` is part of it";
      }
      pending.insert(pending.end(), e.args.begin(), e.args.end());
    }
  }
}

namespace {

struct Denial {
  const TypedPolicy* policy;
  std::size_t rule;
};

std::vector<Denial> UnconditionalDenials(const TypedSet& set) {
  std::vector<Denial> denials;
  for (const TypedPolicy& policy : set.policies) {
    if (policy.decl->mode != PolicyMode::kEnforce) continue;
    for (std::size_t i = 0; i < policy.decl->rules.size(); ++i) {
      const RuleDecl& rule = policy.decl->rules[i];
      if (rule.verb == Verb::kDeny && !rule.when.valid() && !rule.unless.valid()) denials.push_back({&policy, i});
    }
  }
  return denials;
}

}  // namespace

void PolicyChecker::CheckTogether() {
  const std::vector<Denial> denials = UnconditionalDenials(set_);
  std::size_t comparisons = 0;
  for (const TypedPolicy& policy : set_.policies) {
    if (policy.decl->mode == PolicyMode::kShadow) continue;
    for (const RuleDecl& rule : policy.decl->rules) {
      if (rule.verb != Verb::kAllow) continue;
      comparisons += denials.size();
      if (comparisons > kMaxShadowComparisons) return;
      for (const Denial& denial : denials) {
        const PolicyDecl& other = *denial.policy->decl;
        if (other.target != policy.decl->target || !CoversAll(other.scopes, policy.decl->scopes)) continue;
        if (!CoversAll(other.rules[denial.rule].patterns, rule.patterns)) continue;
        checker_.Emit(DiagnosticKind::kShadowedAllow, rule.verb_span, {std::string(other.name.text) + "." + RuleIdOf(other, denial.rule)});
        break;
      }
    }
  }
}

}  // namespace writ::dsl
