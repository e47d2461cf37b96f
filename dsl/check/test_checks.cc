// Test blocks: what they name must exist, their data must be constant, and some policy should be about what they ask.
#include <algorithm>

#include "dsl/check/kinds.h"
#include "dsl/check/policy_checker.h"
#include "dsl/lower/selectors.h"
#include "rules/index/index.h"
#include "rules/model/target_types.h"

namespace writ::dsl {
namespace {

constexpr std::size_t kMaxShownLet = 60;  // bytes of a let's text in a note

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

void PolicyChecker::CheckStepData(const TestStep& step, std::uint32_t package) {
  const FileId file = step.span.file;
  constexpr std::string_view kObject = "map(string, dyn)";
  if (step.value.valid()) CheckData({file, step.value}, package, step.kind == TestStep::Kind::kData ? "" : kObject);
  if (step.previous.valid()) CheckData({file, step.previous}, package, kObject);
  for (const ExprId object : {step.server_object, step.name_object}) {
    if (object.valid()) CheckData({file, object}, package, kObject);
  }
  for (const ExprId object : step.objects) {
    if (object.valid()) CheckData({file, object}, package, kObject);
  }
}

// A path of `unknown` is a root that some target has, and selections from it.
void PolicyChecker::CheckPath(FileId file, ExprId path) {
  ExprId at = path;
  while (set_.expr(file, at).kind == ExprKind::kSelect && set_.expr(file, at).args[0].valid()) at = set_.expr(file, at).args[0];
  const Expr& root = set_.expr(file, at);
  if (root.kind != ExprKind::kIdent) {
    checker_.Emit(DiagnosticKind::kNotAPath, set_.expr(file, path).span, {});
    return;
  }
  std::vector<std::string_view> roots;
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    for (const Member& member : InfoOf(static_cast<Target>(i)).members) {
      if (member.path == root.text) return;
      if (member.is_root()) roots.push_back(member.path);
    }
  }
  ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownName, root.span, {root.text}), root.text, roots);
}

void PolicyChecker::CheckStep(const TestStep& step, std::uint32_t package) {
  const FileId file = step.span.file;
  CheckStepData(step, package);
  switch (step.kind) {
    case TestStep::Kind::kPrincipal: CheckMembers(Resolve({file, step.value}, package), Target::kTools, "principal"); break;
    case TestStep::Kind::kContext: CheckMembers(Resolve({file, step.value}, package), Target::kTools, "context"); break;
    case TestStep::Kind::kAsk:
      CheckMembers(Resolve({file, step.value}, package), Target::kAccess, "subject");
      CheckMembers(Resolve({file, step.previous}, package), Target::kAccess, "resource");
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
      if (step.image_state == TestStep::ImageState::kAttested) NeedPredicateType(step.predicate_type);
      break;
    case TestStep::Kind::kRow:
      if (const TypedTable* table = NeedTable(step.word, package)) CheckRowData(Resolve({file, step.value}, package), *table);
      break;
    case TestStep::Kind::kFilter: NeedTable(step.word, package); break;
    case TestStep::Kind::kUnknown:
      for (const ExprId path : step.paths) CheckPath(file, path);
      break;
    case TestStep::Kind::kAdmit:
    case TestStep::Kind::kNamespace:
    case TestStep::Kind::kAt:
    case TestStep::Kind::kAfter:
    case TestStep::Kind::kCall:
    case TestStep::Kind::kList:
    case TestStep::Kind::kRead:
    case TestStep::Kind::kPrompt:
    case TestStep::Kind::kSchema: break;
  }
}

// Refuses the first thing below `data` that is not JSON-like constant data, or a `let` of the package that is; reports it where it
// stands. `open` are the lets that led here.
// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth in each of at most kMaxLetsInLets lets
bool PolicyChecker::RefuseVariable(PlacedExpr data, std::uint32_t package, std::vector<std::uint32_t>& open) {
  if (!data.id.valid()) return false;
  const Expr& e = set_.expr(data.file, data.id);
  const bool negative =
      e.kind == ExprKind::kUnary && e.text == "-_" && e.args[0].valid() && set_.expr(data.file, e.args[0]).kind == ExprKind::kLiteral;
  if (e.kind == ExprKind::kLiteral || negative) return false;
  if (e.kind == ExprKind::kIdent) return RefuseLet(e, package, open);
  if ((e.kind != ExprKind::kList && e.kind != ExprKind::kMap) || !e.optional.empty()) {
    checker_.Emit(DiagnosticKind::kNotConstant, e.span, {});
    return true;
  }
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    if (RefuseVariable({data.file, e.args[i]}, package, open)) return true;
    if (e.kind != ExprKind::kMap || i % 2 != 0 || !e.args[i].valid()) continue;
    const PlacedExpr resolved = Resolve({data.file, e.args[i]}, package);
    const Value& key = set_.expr(resolved.file, resolved.id).value;
    if (key.is(Kind::kString)) continue;
    checker_.Emit(DiagnosticKind::kTypeMismatch, set_.expr(data.file, e.args[i]).span,
                  {TypeName(key.kind), "string: the name of a member"});
    return true;
  }
  return false;
}
// The same for a `let` that stands for data.
// NOLINTNEXTLINE(misc-no-recursion): see RefuseVariable
bool PolicyChecker::RefuseLet(const Expr& use, std::uint32_t package, std::vector<std::uint32_t>& open) {
  if (IsBroken(use.text, package)) return true;  // reported where it is declared
  const auto& lets = declarations_.names[package].lets;
  const auto found = lets.find(use.text);
  if (found == lets.end()) {
    std::vector<std::string_view> candidates;
    candidates.reserve(lets.size());
    for (const auto& [name, index] : lets) candidates.push_back(name);
    std::sort(candidates.begin(), candidates.end());
    Diagnostic& diagnostic = checker_.Emit(DiagnosticKind::kNotConstant, use.span, {});
    ExpressionChecker::Suggest(diagnostic, use.text, candidates);
    if (diagnostic.help.empty()) diagnostic.help = "a string stands in quotes: \"" + std::string(use.text) + "\"";
    return true;
  }
  const bool is_open = std::find(open.begin(), open.end(), found->second) != open.end();
  if (is_open || open.size() == kMaxLetsInLets) {  // a circle is reported where it is declared
    if (!is_open) checker_.Emit(DiagnosticKind::kNotConstant, use.span, {});
    return true;
  }
  const TypedLet& let = set_.lets[found->second];
  // What is wrong is said where the test uses it: the let itself may be fine for policies.
  const bool is_outermost = open.empty();
  if (is_outermost) checker_.Mute();
  open.push_back(found->second);
  const bool refused = RefuseVariable({let.file, let.decl->value}, package, open);
  open.pop_back();
  if (is_outermost) checker_.Unmute();
  if (is_outermost && refused) {
    const std::string text = ExprText(set_.files[let.file.index], let.decl->value);
    checker_.Emit(DiagnosticKind::kNotConstant, use.span, {}).note = text.size() <= kMaxShownLet
                                                                         ? "`" + std::string(use.text) + "` is `" + text + "`"
                                                                         : "`" + std::string(use.text) + "` is not constant";
  }
  return refused;
}

// The expression that a chain of lets stands for; where that is unknown, as far as it is known.
PolicyChecker::PlacedExpr PolicyChecker::Resolve(PlacedExpr data, std::uint32_t package) const {
  const auto& lets = declarations_.names[package].lets;
  for (std::size_t i = 0; i < kMaxLetsInLets && data.id.valid() && set_.expr(data.file, data.id).kind == ExprKind::kIdent; ++i) {
    const auto found = lets.find(set_.expr(data.file, data.id).text);
    if (found == lets.end()) break;
    data = {set_.lets[found->second].file, set_.lets[found->second].decl->value};
  }
  return data;
}

void PolicyChecker::CheckData(PlacedExpr data, std::uint32_t package, std::string_view wanted) {
  std::vector<std::uint32_t> open;
  if (RefuseVariable(data, package, open)) return;
  const PlacedExpr value = Resolve(data, package);
  ExprScope scope;
  scope.file = value.file;
  scope.variables = &no_variables_;
  scope.package = &declarations_.names[package];
  scope.bodies = &dyn_bodies_;
  const TypeId type = checker_.Check(value.id, scope);
  if (wanted.empty() || set_.types[type].kind == TypeKind::kMap || set_.types[type].kind == TypeKind::kError) return;
  const Expr& e = set_.expr(value.file, value.id);
  if (e.kind == ExprKind::kLiteral && e.value.is(Kind::kNull)) return;  // `admit delete null`
  Diagnostic& diagnostic =
      checker_.Emit(DiagnosticKind::kTypeMismatch, set_.expr(data.file, data.id).span, {set_.types.Text(type), wanted});
  if (e.value.is(Kind::kString)) diagnostic.help = "write {\"id\": \"" + std::string(e.value.string()) + "\"}, or another map";
}

namespace {

// What a constant must be for a type without parts, or "" when it is that.
std::string_view WantedScalar(TypeKind kind, const Expr& e) {
  const auto is = [&](Kind found) { return e.kind == ExprKind::kLiteral && e.value.is(found); };
  switch (kind) {
    case TypeKind::kBool: return is(Kind::kBool) ? "" : "bool";
    case TypeKind::kInt:
    case TypeKind::kUint: return is(Kind::kInt) || is(Kind::kUint) ? "" : "int";
    case TypeKind::kDouble: return is(Kind::kInt) || is(Kind::kUint) || is(Kind::kDouble) ? "" : "double";
    case TypeKind::kString: return is(Kind::kString) ? "" : "string";
    case TypeKind::kTimestamp: return is(Kind::kString) ? "" : "string: a time such as \"2026-11-20T10:00:00Z\"";
    case TypeKind::kDuration: return is(Kind::kString) ? "" : "string: a duration such as \"1h30m\"";
    case TypeKind::kRecord:
    case TypeKind::kMap: return e.kind == ExprKind::kMap ? "" : "map(string, dyn)";
    default: return "";  // NOLINT: anything, or nothing that a literal can be
  }
}

// Whether an enum has the literal `e`.
bool HasValue(const Type& type, const Expr& e) {
  if (e.kind != ExprKind::kLiteral || !e.value.is(Kind::kString)) return false;
  return std::any_of(type.fields.begin(), type.fields.end(), [&](const RecordField& field) { return field.name == e.value.string(); });
}

// What a member's constant must be, or "" when it is that. null counts as not given.
//
// NOLINTNEXTLINE(misc-no-recursion): depth of the type
std::string WantedInstead(TypeId id, const TypedSet& set, FileId file, const Expr& e) {
  // A `let` is not looked into.
  const bool is_shown = e.kind == ExprKind::kLiteral || e.kind == ExprKind::kList || e.kind == ExprKind::kMap;
  if (!is_shown || e.value.is(Kind::kNull)) return {};
  const Type& type = set.types[id];
  if (type.kind == TypeKind::kNullable) return WantedInstead(type.parameters[0], set, file, e);
  if (type.kind == TypeKind::kEnum) return HasValue(type, e) ? "" : type.name;
  if (type.kind == TypeKind::kUnion) {
    for (const TypeId alternative : type.parameters) {
      if (WantedInstead(alternative, set, file, e).empty()) return {};
    }
    return set.types.Text(id);
  }
  if (type.kind != TypeKind::kList) return std::string(WantedScalar(type.kind, e));
  if (e.kind != ExprKind::kList) return set.types.Text(id);
  for (const ExprId item : e.args) {
    if (!item.valid() || type.parameters[0] == SimpleType(TypeKind::kDyn)) continue;
    const Expr& found = set.expr(file, item);
    if (found.value.is(Kind::kNull) || !WantedInstead(type.parameters[0], set, file, found).empty()) return set.types.Text(id);
  }
  return {};
}

}  // namespace

// Requests refuse members of a wrong type, and so does the checker in their stand-ins.
//
// NOLINTNEXTLINE(misc-no-recursion): depth of the table of targets, 3
void PolicyChecker::CheckMemberType(PlacedExpr data, Target target, const std::string& path) {
  const Member* member = TryFindMember(InfoOf(target), path);
  if (member == nullptr || !data.id.valid()) return;
  const Expr& e = set_.expr(data.file, data.id);
  const TypeId type = TypeOfMember(set_.types, InfoOf(target), *member, {});
  if (const std::string wanted = WantedInstead(type, set_, data.file, e); !wanted.empty()) {
    checker_.Emit(DiagnosticKind::kTypeMismatch, e.span, {set_.types.Text(set_.info(data.file, data.id).type), wanted});
  } else if (member->is_record()) {
    CheckMembers(data, target, path);
  }
}

// Requests refuse members that the target does not have; so do their stand-ins in tests.
//
// NOLINTNEXTLINE(misc-no-recursion): see CheckMemberType
void PolicyChecker::CheckMembers(PlacedExpr data, Target target, std::string_view root) {
  const auto [file, id] = data;
  const TargetInfo& info = InfoOf(target);
  const Member* record = TryFindMember(info, root);
  if (!id.valid() || record == nullptr || set_.expr(file, id).kind != ExprKind::kMap) return;
  const Expr& e = set_.expr(file, id);
  std::vector<std::string_view> candidates;
  for (const Member& member : info.members) {
    if (const std::string_view name = NameBelow(*record, member); !name.empty()) candidates.push_back(name);
  }
  for (std::size_t i = 0; i < e.args.size(); i += 2) {
    const Expr& key = set_.expr(file, e.args[i]);
    if (!key.value.is(Kind::kString)) continue;
    if (std::find(candidates.begin(), candidates.end(), key.value.string()) != candidates.end()) {
      CheckMemberType({file, e.args[i + 1]}, target, std::string(root) + '.' + std::string(key.value.string()));
      continue;
    }
    if (record->unlisted != Unlisted::kRefused) continue;
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
  for (const draft::Column& each : table.columns) {
    if (each.name == column) return;
    candidates.push_back(each.name);
  }
  ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownColumn, span, {table.decl->name.text, column}), column, candidates);
}

void PolicyChecker::CheckRowData(PlacedExpr data, const TypedTable& table) {
  const auto [file, id] = data;
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

// What `by` names: a policy that the test runs against, or a rule of it, with or without the package.
void PolicyChecker::NeedDetermining(const Name& by, std::uint32_t package) {
  const bool has_own =
      std::any_of(set_.policies.begin(), set_.policies.end(), [&](const TypedPolicy& policy) { return policy.package == package; });
  std::vector<std::string_view> candidates;
  for (const TypedPolicy& policy : set_.policies) {
    if (has_own && policy.package != package) continue;  // a package of tests only runs against everything
    const std::string_view name = policy.decl->name.text;
    candidates.push_back(name);
    if (by.text == name || by.text == set_.packages[policy.package] + "." + std::string(name)) return;
    for (std::size_t rule = 0; rule < policy.decl->rules.size(); ++rule) {
      const std::string full = std::string(name) + "." + RuleIdOf(*policy.decl, rule);
      if (by.text == full || by.text == set_.packages[policy.package] + "." + full) return;
    }
  }
  const std::string_view first = by.text.substr(0, by.text.find('.'));
  if (IsBroken(by.text, package) || IsBroken(first, package)) return;
  ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownPolicy, by.span, {by.text}), by.text, candidates);
}

void PolicyChecker::CheckExpectation(const TestStep& step, std::uint32_t package) {
  const Expectation& expect = step.expect;
  if (!expect.by.text.empty() && expect.by.text != "default") NeedDetermining(expect.by, package);
  for (const Expectation::Shadow& shadow : expect.shadows) {
    if (!shadow.by.text.empty()) NeedDetermining(shadow.by, package);
  }
  if (expect.columns.empty()) return;
  const auto& tables = declarations_.names[package].tables;
  const auto table = tables.find(step.word.text);
  for (const Expectation::ColumnValue& column : expect.columns) {
    if (table != tables.end()) NeedColumn(set_.tables[table->second], column.column.text, column.column.span);
    if (column.value.valid()) CheckData({step.span.file, column.value}, package, "");
  }
}

bool PolicyChecker::Applies(const TypedPolicy& policy, Target target, std::string_view scope) const {
  if (policy.decl->target != target) return false;
  if (policy.decl->scopes.empty() || scope.empty()) return true;
  return std::any_of(policy.decl->scopes.begin(), policy.decl->scopes.end(),
                     [&](const Pattern& pattern) { return pattern.text == "*" || GlobMatches(pattern.text, scope); });
}

// The server's name, also of a whole object; "" when it is not known.
std::string_view PolicyChecker::ServerOf(const TestStep& step, std::uint32_t package) const {
  if (!step.server_object.valid()) return step.server.value;
  const PlacedExpr object = Resolve({step.span.file, step.server_object}, package);
  const Expr& e = set_.expr(object.file, object.id);
  for (std::size_t i = 0; e.kind == ExprKind::kMap && i + 1 < e.args.size(); i += 2) {
    const Value& key = set_.expr(object.file, e.args[i]).value;
    const PlacedExpr value = Resolve({object.file, e.args[i + 1]}, package);
    const Value& name = set_.expr(value.file, value.id).value;
    if (key.is(Kind::kString) && key.string() == "name" && name.is(Kind::kString)) return name.string();
  }
  return {};
}

bool PolicyChecker::IsAdmitted(const TypedPolicy& policy, std::string_view kind, std::string_view operation) const {
  if (policy.decl->target != Target::kAdmission) return false;
  std::string upper(operation);
  for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');  // create, update, delete, connect
  const std::vector<draft::Selector> selectors = SelectorsOf(*policy.decl, {});
  return std::any_of(selectors.begin(), selectors.end(), [&](const draft::Selector& selector) {
    return GlobMatches(selector.name, upper) && GlobMatches(selector.scope, kind);
  });
}

// The kind of the object that an `admit` case admits, where it is written; "" for other cases, and where the case names a kind itself,
// perhaps with a subresource, which other kinds stand for, too.
std::string PolicyChecker::KindAdmitted(const TestStep& step) const {
  if (step.kind != TestStep::Kind::kAdmit || !step.name.text.empty()) return {};
  return KindOfObject(set_, step.span.file, step.value.valid() ? step.value : step.previous);
}

void PolicyChecker::CheckCovered(const TestStep& step, std::uint32_t package) {
  if (step.expect.covered) return;  // that is what the case asks
  const Target target = TargetOf(step.kind);
  const bool is_rows = target == Target::kRows;
  const std::string_view scope = is_rows ? step.word.text : ServerOf(step, package);
  if (is_rows && !declarations_.names[package].tables.contains(scope)) return;  // reported as unknown
  const std::string kind = KindAdmitted(step);
  const bool own =
      std::any_of(set_.policies.begin(), set_.policies.end(), [&](const TypedPolicy& policy) { return policy.package == package; });
  std::vector<std::string_view> candidates;
  for (const TypedPolicy& policy : set_.policies) {
    if ((own && policy.package != package) || policy.decl->target != target) continue;
    if (kind.empty() ? Applies(policy, target, scope) : IsAdmitted(policy, kind, step.word.text)) return;
    for (const Pattern& pattern : policy.decl->scopes) candidates.push_back(pattern.text);
  }
  if (kind.empty()) return ReportNotCovered(step, scope, candidates);
  checker_.Emit(DiagnosticKind::kCaseNotCovered, step.word.span, {std::string(step.word.text) + " of `" + kind + "`"}).help =
      "write `-> not covered` when that is meant";
}

void PolicyChecker::ReportNotCovered(const TestStep& step, std::string_view scope, std::span<const std::string_view> candidates) {
  const Target target = TargetOf(step.kind);
  const bool is_rows = target == Target::kRows;
  std::string about(InfoOf(target).name);
  if (is_rows) about += " of `" + std::string(scope) + "`";
  if (!is_rows && !scope.empty()) about += " on server \"" + std::string(scope) + "\"";
  SourceSpan span = step.span;
  if (is_rows) span = step.word.span;
  if (!is_rows && !scope.empty()) span = step.server_object.valid() ? set_.expr(step.span.file, step.server_object).span : step.server.span;
  Diagnostic& diagnostic = checker_.Emit(DiagnosticKind::kCaseNotCovered, span, {about});
  if (!scope.empty()) ExpressionChecker::Suggest(diagnostic, scope, candidates);
}

}  // namespace writ::dsl
