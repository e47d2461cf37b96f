// What nothing uses; see unused.h.
#include "dsl/check/unused.h"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace writ::dsl {
namespace {

// The names that the files of one package use, each of its sort; over-approximated: a name that a macro binds counts as a use of the
// let of that name.
struct Uses {
  std::unordered_set<std::string_view> names, calls, tables, imports;
  std::size_t data = 0, data_members = 0;  // `data`, and `data.x`: more of the first means that it is read as a whole
  bool has_policies = false;
};

bool IsData(const FileTree& tree, ExprId id) {
  return id.valid() && tree.expr(id).kind == ExprKind::kIdent && tree.expr(id).text == "data";
}

// The member of `data` that an expression names, or "".
std::string_view ImportNamed(const FileTree& tree, const Expr& e) {
  const bool is_select = e.kind == ExprKind::kSelect || e.kind == ExprKind::kOptionalSelect || e.kind == ExprKind::kHas;
  if (e.args.empty() || !IsData(tree, e.args[0])) return {};
  if (is_select) return e.text;
  const bool is_index = e.kind == ExprKind::kBinary && (e.text == "_[_]" || e.text == "_[?_]") && e.args[1].valid();
  const Value* key = is_index ? &tree.expr(e.args[1]).value : nullptr;
  return key != nullptr && key->is(Kind::kString) ? key->string() : std::string_view();
}

void AddExpressions(const FileTree& tree, Uses& uses) {
  for (const Expr& e : tree.exprs) {
    if (e.kind == ExprKind::kIdent) uses.names.insert(e.text);
    if (e.kind == ExprKind::kIdent && e.text == "data") ++uses.data;
    if (e.kind == ExprKind::kCall) uses.calls.insert(e.text);
    const std::string_view import = ImportNamed(tree, e);
    if (import.empty()) continue;
    ++uses.data_members;
    uses.imports.insert(import);
  }
}

void AddTables(const FileTree& tree, Uses& uses) {
  for (const TableDecl& table : tree.tables) {
    for (const RelationDecl& relation : table.relations) uses.tables.insert(relation.table.text);
  }
}

void AddTests(const FileTree& tree, Uses& uses) {
  for (const TestDecl& test : tree.tests) {
    for (const TestStep& step : test.steps) {
      const bool is_data = step.kind == TestStep::Kind::kData;
      (is_data ? uses.imports : uses.tables).insert(step.word.text);
    }
  }
}

class Reporter {
 public:
  Reporter(const TypedSet& set, ExpressionChecker& checker) : set_(set), checker_(checker) {
    for (const FileTree& tree : set.files) {
      Uses& uses = uses_[tree.package.text];
      AddExpressions(tree, uses);
      AddTables(tree, uses);
      uses.has_policies = uses.has_policies || !tree.policies.empty();
      AddTests(tree, uses);
    }
    for (const TypedPolicy& policy : set.policies) {
      for (const std::uint32_t table : policy.tables) uses_[set.packages[policy.package]].tables.insert(set.tables[table].decl->name.text);
    }
  }

  void Report() {
    for (const FileTree& tree : set_.files) {
      const Uses& uses = uses_[tree.package.text];
      if (!uses.has_policies) continue;
      for (const LetDecl& let : tree.lets) Need(uses.names, "let", let.name);
      for (const FnDecl& fn : tree.fns) Need(uses.calls, "fn", fn.name);
      for (const TableDecl& table : tree.tables) Need(uses.tables, "table", table.name);
      if (uses.data > uses.data_members) continue;
      for (const ImportDecl& import : tree.imports) Need(uses.imports, "import", import.name);
    }
  }

 private:
  void Need(const std::unordered_set<std::string_view>& used, std::string_view sort, const Name& name) {
    if (used.contains(name.text)) return;
    checker_.Emit(DiagnosticKind::kUnused, name.span, {sort, name.text}).help = "use it, or take it away";
  }

  const TypedSet& set_;
  ExpressionChecker& checker_;
  std::map<std::string_view, Uses> uses_;  // by package
};

// Blanks and line ends are one blank.
std::string OneLine(std::string_view source) {
  std::string text;
  for (const char c : source) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!is_blank) text += c;
    if (is_blank && !text.empty() && text.back() != ' ') text += ' ';
  }
  return text;
}

// What a policy is about, as it is written: `for tools on server "a" in shadow mode`.
std::string HeaderText(const PolicyDecl& policy, std::string_view source) {
  const std::string_view rest = source.substr(policy.name.span.end);
  return OneLine(rest.substr(0, rest.find('{')));
}

// Rules that say the same, attributes aside, about the same: within a policy, and in policies of
// one package with the same header.
class DuplicateFinder {
 public:
  explicit DuplicateFinder(ExpressionChecker& checker) : checker_(checker) {}

  void Add(std::string_view package, const PolicyDecl& policy, std::string_view source) {
    const std::string about = std::string(package) + '\n' + HeaderText(policy, source) + '\n';
    for (const RuleDecl& rule : policy.rules) {
      const std::string text = OneLine(source.substr(rule.verb_span.begin, rule.span.end - rule.verb_span.begin));
      const auto [first, is_new] = seen_.emplace(about + text, rule.verb_span);
      if (is_new) continue;
      checker_.Emit(DiagnosticKind::kDuplicateRule, rule.verb_span, {}).related = {{first->second, "the same rule stands here"}};
    }
  }

 private:
  ExpressionChecker& checker_;
  std::unordered_map<std::string, SourceSpan> seen_;
};

}  // namespace

void WarnOfUnused(const TypedSet& set, std::span<const SourceFile> files, ExpressionChecker& checker) {
  Reporter(set, checker).Report();
  DuplicateFinder duplicates(checker);
  for (std::size_t i = 0; i < set.files.size() && i < files.size(); ++i) {
    for (const PolicyDecl& policy : set.files[i].policies) duplicates.Add(set.files[i].package.text, policy, files[i].text);
  }
}

}  // namespace writ::dsl
