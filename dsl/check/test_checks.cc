// Test blocks: what they name must exist, their data must be constant, and some policy should be about what they ask.
#include <algorithm>

#include "dsl/check/policy_checker.h"
#include "rules/index/index.h"

namespace writ::dsl {
namespace {

Target TargetOf(TestStep::Kind kind) {
  switch (kind) {
    case TestStep::Kind::kRead: return Target::kResources;
    case TestStep::Kind::kPrompt: return Target::kPrompts;
    case TestStep::Kind::kAsk: return Target::kAccess;
    case TestStep::Kind::kRow:
    case TestStep::Kind::kFilter: return Target::kRows;
    case TestStep::Kind::kAdmit: return Target::kAdmission;
    case TestStep::Kind::kSchema: return Target::kSchemas;
    case TestStep::Kind::kCall:
    case TestStep::Kind::kList:
    case TestStep::Kind::kPrincipal:
    case TestStep::Kind::kContext:
    case TestStep::Kind::kAt:
    case TestStep::Kind::kAfter:
    case TestStep::Kind::kData:
    case TestStep::Kind::kImage: return Target::kTools;
  }
  return Target::kTools;
}

bool IsCase(TestStep::Kind kind) { return kind >= TestStep::Kind::kCall; }

}  // namespace

void PolicyChecker::CheckTest(const FileTree& tree, const TestDecl& test, bool complete) {
  const auto package =
      static_cast<std::uint32_t>(std::find(set_.packages.begin(), set_.packages.end(), tree.package.text) - set_.packages.begin());
  for (const TestStep& step : test.steps) {
    CheckStep(step, package);
    if (!IsCase(step.kind)) continue;
    CheckExpectation(step, package);
    if (complete) CheckCovered(step, package);
  }
}

void PolicyChecker::CheckStep(const TestStep& step, std::uint32_t package) {
  const FileId file = step.span.file;
  if (step.value.valid()) CheckData(file, step.value, step.kind == TestStep::Kind::kData ? "" : "map(string, dyn)");
  if (step.previous.valid()) CheckData(file, step.previous, "map(string, dyn)");
  switch (step.kind) {
    case TestStep::Kind::kPrincipal: CheckMembers(file, step.value, Target::kTools, "principal"); break;
    case TestStep::Kind::kContext: CheckMembers(file, step.value, Target::kTools, "context"); break;
    case TestStep::Kind::kAsk:
      CheckMembers(file, step.value, Target::kAccess, "subject");
      CheckMembers(file, step.previous, Target::kAccess, "resource");
      break;
    case TestStep::Kind::kData: {
      const auto& imports = set_.imports[package];
      if (std::find(imports.begin(), imports.end(), step.word.text) == imports.end() && !IsBroken(step.word.text, package)) {
        checker_.Emit(DiagnosticKind::kNotImported, step.word.span, {step.word.text}).help = "import data " + std::string(step.word.text);
      }
      break;
    }
    case TestStep::Kind::kImage:
      for (const Name& signer : step.signers) NeedSigner(signer, package);
      break;
    case TestStep::Kind::kRow:
      if (const TypedTable* table = NeedTable(step.word, package)) CheckRowData(file, step.value, *table);
      break;
    case TestStep::Kind::kFilter: NeedTable(step.word, package); break;
    case TestStep::Kind::kAdmit:
    case TestStep::Kind::kAt:
    case TestStep::Kind::kAfter:
    case TestStep::Kind::kCall:
    case TestStep::Kind::kList:
    case TestStep::Kind::kRead:
    case TestStep::Kind::kPrompt:
    case TestStep::Kind::kSchema: break;
  }
}

// Refuses the first thing below `id` that is not JSON-like constant data; reports it where it stands.
// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth
bool PolicyChecker::RefuseVariable(FileId file, ExprId id) {
  if (!id.valid()) return false;
  const Expr& e = set_.expr(file, id);
  const bool negative =
      e.kind == ExprKind::kUnary && e.text == "-_" && e.args[0].valid() && set_.expr(file, e.args[0]).kind == ExprKind::kLiteral;
  if (e.kind == ExprKind::kLiteral || negative) return false;
  if ((e.kind != ExprKind::kList && e.kind != ExprKind::kMap) || !e.optional.empty()) {
    checker_.Emit(DiagnosticKind::kNotConstant, e.span, {});
    return true;
  }
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    if (RefuseVariable(file, e.args[i])) return true;
    if (e.kind != ExprKind::kMap || i % 2 != 0 || !e.args[i].valid()) continue;
    const Expr& key = set_.expr(file, e.args[i]);
    if (key.value.is(Kind::kString)) continue;
    checker_.Emit(DiagnosticKind::kTypeMismatch, key.span, {TypeName(key.value.kind), "string: the name of a member"});
    return true;
  }
  return false;
}

void PolicyChecker::CheckData(FileId file, ExprId id, std::string_view wanted) {
  if (RefuseVariable(file, id)) return;
  ExprScope scope;
  scope.file = file;
  scope.variables = &no_variables_;
  const TypeId type = checker_.Check(id, scope);
  if (wanted.empty() || set_.types[type].kind == TypeKind::kMap || set_.types[type].kind == TypeKind::kError) return;
  const Expr& e = set_.expr(file, id);
  if (e.kind == ExprKind::kLiteral && e.value.is(Kind::kNull)) return;  // `admit delete null`
  checker_.Emit(DiagnosticKind::kTypeMismatch, e.span, {set_.types.Text(type), wanted});
}

// Requests refuse members that the target does not have; so do their stand-ins in tests.
void PolicyChecker::CheckMembers(FileId file, ExprId id, Target target, std::string_view root) {
  const TargetInfo& info = InfoOf(target);
  const Member* record = TryFindMember(info, root);
  if (!id.valid() || record == nullptr || record->open || set_.expr(file, id).kind != ExprKind::kMap) return;
  const Expr& e = set_.expr(file, id);
  const std::string prefix = std::string(root) + '.';
  std::vector<std::string_view> candidates;
  for (const Member& member : info.members) {
    if (member.path.starts_with(prefix) && member.path.find('.', prefix.size()) == std::string_view::npos)
      candidates.push_back(member.path.substr(prefix.size()));
  }
  for (std::size_t i = 0; i < e.args.size(); i += 2) {
    const Expr& key = set_.expr(file, e.args[i]);
    if (!key.value.is(Kind::kString) || std::find(candidates.begin(), candidates.end(), key.value.string()) != candidates.end()) continue;
    ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownMember, key.span, {root, key.value.string()}), key.value.string(),
                               candidates);
  }
}

const TypedTable* PolicyChecker::NeedTable(const Name& name, std::uint32_t package) {
  const auto& tables = declarations_.names[package].tables;
  const auto found = tables.find(name.text);
  if (found != tables.end()) return &set_.tables[found->second];
  if (IsBroken(name.text, package)) return nullptr;
  std::vector<std::string_view> candidates;
  candidates.reserve(tables.size());
  for (const auto& [table, index] : tables) candidates.push_back(table);
  std::sort(candidates.begin(), candidates.end());
  ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownTable, name.span, {name.text}), name.text, candidates);
  return nullptr;
}

void PolicyChecker::NeedColumn(const TypedTable& table, std::string_view column, SourceSpan span) {
  std::vector<std::string_view> candidates;
  for (const Column& each : table.columns) {
    if (each.name == column) return;
    candidates.push_back(each.name);
  }
  ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownColumn, span, {table.decl->name.text, column}), column, candidates);
}

void PolicyChecker::CheckRowData(FileId file, ExprId id, const TypedTable& table) {
  if (!id.valid() || set_.expr(file, id).kind != ExprKind::kMap) return;
  const Expr& e = set_.expr(file, id);
  for (std::size_t i = 0; i < e.args.size(); i += 2) {
    const Expr& key = set_.expr(file, e.args[i]);
    const auto is_relation = [&](const RelationDecl& relation) {
      return key.value.is(Kind::kString) && relation.name.text == key.value.string();
    };
    const std::vector<RelationDecl>& relations = table.decl->relations;
    if (std::any_of(relations.begin(), relations.end(), is_relation)) continue;
    if (key.value.is(Kind::kString)) NeedColumn(table, key.value.string(), key.span);
  }
}

void PolicyChecker::CheckExpectation(const TestStep& step, std::uint32_t package) {
  const Expectation& expect = step.expect;
  if (!expect.by.text.empty()) {
    std::vector<std::string_view> candidates;
    for (const TypedPolicy& policy : set_.policies) {
      if (policy.package == package) candidates.push_back(policy.decl->name.text);
    }
    if (candidates.empty()) {  // a package of tests only: they run against everything
      for (const TypedPolicy& policy : set_.policies) candidates.push_back(policy.decl->name.text);
    }
    const bool known = std::find(candidates.begin(), candidates.end(), expect.by.text) != candidates.end();
    if (!known && !IsBroken(expect.by.text, package)) {
      ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownPolicy, expect.by.span, {expect.by.text}), expect.by.text,
                                 candidates);
    }
  }
  if (expect.columns.empty()) return;
  const auto& tables = declarations_.names[package].tables;
  const auto table = tables.find(step.word.text);
  for (const Expectation::ColumnValue& column : expect.columns) {
    if (table != tables.end()) NeedColumn(set_.tables[table->second], column.column.text, column.column.span);
    if (column.value.valid()) CheckData(step.span.file, column.value, "");
  }
}

bool PolicyChecker::Applies(const TypedPolicy& policy, Target target, std::string_view scope) const {
  if (policy.decl->target != target) return false;
  if (policy.decl->scopes.empty() || scope.empty()) return true;
  return std::any_of(policy.decl->scopes.begin(), policy.decl->scopes.end(),
                     [&](const Pattern& pattern) { return pattern.text == "*" || GlobMatches(pattern.text, scope); });
}

void PolicyChecker::CheckCovered(const TestStep& step, std::uint32_t package) {
  const Target target = TargetOf(step.kind);
  const bool is_rows = target == Target::kRows;
  const std::string_view scope = is_rows ? step.word.text : step.server.value;
  if (is_rows && !declarations_.names[package].tables.contains(scope)) return;  // reported as unknown
  bool own = false;
  for (const TypedPolicy& policy : set_.policies) own = own || policy.package == package;
  for (const TypedPolicy& policy : set_.policies) {
    if ((!own || policy.package == package) && Applies(policy, target, scope)) return;
  }
  std::string about(InfoOf(target).name);
  if (is_rows) about += " of `" + std::string(scope) + "`";
  if (!is_rows && !scope.empty()) about += " on server \"" + std::string(scope) + "\"";
  SourceSpan span = step.span;
  if (is_rows) span = step.word.span;
  if (!is_rows && !scope.empty()) span = step.server.span;
  checker_.Emit(DiagnosticKind::kCaseNotCovered, span, {about});
}

}  // namespace writ::dsl
