// Declarations; see declarations.h.
#include "dsl/check/declarations.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "rules/base/check.h"
#include "rules/base/printable.h"
#include "rules/model/column_option.h"
#include "rules/model/json_pointer.h"

namespace writ::dsl {
namespace {

// Is `name` a variable of some target? Such names cannot be declared: what a name means must not depend on the target.
bool IsRoot(std::string_view name) {
  for (std::size_t i = 0; i < kTargetCount; ++i) {
    const Member* member = TryFindMember(InfoOf(static_cast<Target>(i)), name);
    if (member != nullptr && member->is_root()) return true;
  }
  return false;
}

bool IsTypeName(std::string_view name) {
  static constexpr std::string_view kNames[] = {"bool", "int", "uint",      "double", "string", "bytes",
                                                "list", "map", "null_type", "type",   "dyn",    "optional_type"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

class Declarer {
 public:
  Declarer(TypedSet& set, std::span<const SourceFile> files, ExpressionChecker& checker) : set_(set), files_(files), checker_(checker) {}

  Declarations Run() {
    for (const FileTree& tree : set_.files) DeclareFile(tree);
    for (TypedTable& table : set_.tables) ReadColumns(table);
    for (const TypedTable& table : set_.tables) CheckRelations(table);
    CheckAcrossPackages();
    OrderBodies();
    return std::move(declarations_);
  }

 private:
  std::uint32_t PackageOf(std::string_view name) {
    const auto found = std::find(set_.packages.begin(), set_.packages.end(), name);
    if (found != set_.packages.end()) return static_cast<std::uint32_t>(found - set_.packages.begin());
    set_.packages.emplace_back(name);
    set_.imports.emplace_back();
    declarations_.names.emplace_back();
    return static_cast<std::uint32_t>(set_.packages.size() - 1);
  }

  // Adds a name to one of a package's tables; the first declaration wins. `name_at` returns the name of a declaration by its index.
  template <typename NameAt>
  void Add(std::unordered_map<std::string_view, std::uint32_t>& names, std::string_view what, const Name& name, std::size_t index,
           NameAt name_at) {
    const auto [first, is_new] = names.emplace(name.text, static_cast<std::uint32_t>(index));
    if (!is_new) ReportTwice(what, name, name_at(first->second));
  }

  void ReportTwice(std::string_view what, const Name& name, const Name& first) {
    checker_.Emit(DiagnosticKind::kDuplicateName, name.span, {what, name.text}).related = {{first.span, "first declared here"}};
  }

  // Names of lets, fns and parameters stand in expressions, where roots and types have theirs; a fn is called as functions are.
  void RefuseShadowing(const Name& name, bool is_fn) {
    if (IsRoot(name.text)) {
      checker_.Emit(DiagnosticKind::kShadowedName, name.span, {name.text, "a variable of targets"});
    } else if (IsTypeName(name.text)) {
      checker_.Emit(DiagnosticKind::kShadowedName, name.span, {name.text, "a type"});
    } else if (is_fn) {
      for (const FunctionInfo& info : kFunctionInfo) {
        if (info.name == name.text && info.has_global_form())
          checker_.Emit(DiagnosticKind::kShadowedName, name.span, {name.text, "a function"});
      }
    }
  }

  void DeclareFile(const FileTree& tree) {
    const std::uint32_t package = PackageOf(tree.package.text);
    PackageNames& names = declarations_.names[package];
    const FileId file = tree.file;
    names.broken.insert(tree.broken_names.begin(), tree.broken_names.end());
    for (const ImportDecl& import : tree.imports) {
      auto& imports = set_.imports[package];
      if (std::find(imports.begin(), imports.end(), import.name.text) == imports.end()) imports.emplace_back(import.name.text);
    }
    for (const LetDecl& let : tree.lets) {
      RefuseShadowing(let.name, false);
      if (const auto fn = names.fns.find(let.name.text); fn != names.fns.end())
        ReportTwice("name", let.name, set_.fns[fn->second].decl->name);
      Add(names.lets, "let", let.name, set_.lets.size(), [this](std::size_t i) { return set_.lets[i].decl->name; });
      set_.lets.push_back({file, &let, package});
    }
    for (const FnDecl& fn : tree.fns) {
      RefuseShadowing(fn.name, true);
      if (const auto let = names.lets.find(fn.name.text); let != names.lets.end())
        ReportTwice("name", fn.name, set_.lets[let->second].decl->name);
      Add(names.fns, "fn", fn.name, set_.fns.size(), [this](std::size_t i) { return set_.fns[i].decl->name; });
      set_.fns.push_back({file, &fn, package});
      CheckParameters(fn);
    }
    for (const TableDecl& table : tree.tables) {
      Add(names.tables, "table", table.name, set_.tables.size(), [this](std::size_t i) { return set_.tables[i].decl->name; });
      set_.tables.push_back({file, &table, package, {}, {}});
    }
    for (const SignerDecl& signer : tree.signers) {
      Add(names.signers, "signer", signer.name, set_.signers.size(), [this](std::size_t i) { return set_.signers[i].decl->name; });
      set_.signers.push_back({file, &signer, package});
      CheckPin(signer.trust, true);
      CheckPin(signer.key, false);
      CheckSubject(signer.subject);
    }
    for (const PolicyDecl& policy : tree.policies) {
      Add(names.policies, "policy", policy.name, set_.policies.size(), [this](std::size_t i) { return set_.policies[i].decl->name; });
      set_.policies.push_back({file, &policy, package, {}});
    }
  }

  void CheckParameters(const FnDecl& fn) {
    std::unordered_map<std::string_view, std::uint32_t> seen;
    for (const Parameter& parameter : fn.parameters) {
      RefuseShadowing(parameter.name, false);
      const auto index = static_cast<std::size_t>(&parameter - fn.parameters.data());
      Add(seen, "parameter", parameter.name, index, [&](std::size_t i) { return fn.parameters[i].name; });
      checker_.TypeOf(parameter.type);
    }
    checker_.TypeOf(fn.result);
  }

  // ---- tables -------------------------------------------------------------------------------------------------------------

  void ReadColumns(TypedTable& table) {
    std::unordered_map<std::string_view, std::uint32_t> seen;
    std::vector<Name> names;  // of columns and relations
    const auto add = [&](const Name& name) {
      Add(seen, "column", name, names.size(), [&](std::size_t i) { return names[i]; });
      names.push_back(name);
    };
    for (const ColumnDecl& column : table.decl->columns) {
      add(column.name);
      TypeExpr plain = column.type;
      plain.optional = false;
      TypeId type = checker_.TypeOf(plain);
      if (!MayBeColumn(type)) {
        checker_.Emit(DiagnosticKind::kBadColumnType, column.type.span, {set_.types.Text(type)}).help =
            set_.types[type].kind == TypeKind::kMap ? "write map(string, dyn)" : "write list(dyn), or list(string)";
        type = SimpleType(TypeKind::kDyn);
      }
      // An error has its diagnostic.
      if (set_.types[type].kind == TypeKind::kError) type = SimpleType(TypeKind::kDyn);
      std::vector<draft::ColumnOption> options = CheckStorage(column, type);
      const bool is_nullable = column.type.optional && !Has(options, ColumnOptionKind::kNullIsAbsent);
      table.columns.push_back({std::string(column.name.text), is_nullable ? set_.types.Nullable(type) : type, std::move(options)});
    }
    for (const RelationDecl& relation : table.decl->relations) add(relation.name);
    for (const StorageClause& clause : table.decl->storage) {
      CheckStoredName(clause);
      table.stored.push_back({clause.dialect, std::string(clause.text.value)});
    }
    std::sort(table.stored.begin(), table.stored.end());
  }

  static bool Has(const std::vector<draft::ColumnOption>& options, ColumnOptionKind kind) {
    return std::any_of(options.begin(), options.end(), [&](const draft::ColumnOption& option) { return option.kind == kind; });
  }

  void CheckStoredName(const StorageClause& clause) {
    const std::string fault = StoredNameFault(clause.text.value);
    const std::string shown = clause.text.value.empty() ? "stored as" : Printable(clause.text.value);
    if (!fault.empty())
      checker_.Emit(DiagnosticKind::kBadStorage, clause.text.span, {shown, clause.text.value.empty() ? "takes a name" : fault});
  }

  // Returns the column's options, sorted. `type`: of its values that are not null.
  std::vector<draft::ColumnOption> CheckStorage(const ColumnDecl& column, TypeId type) {
    std::vector<draft::ColumnOption> options;
    for (const StorageClause& clause : column.storage) {
      CheckClause(column, clause, type);
      options.push_back({clause.kind, clause.dialect, std::string(clause.text.value)});
    }
    std::sort(options.begin(), options.end());
    return options;
  }

  void CheckClause(const ColumnDecl& column, const StorageClause& clause, TypeId type) {
    const auto refuse = [&](SourceSpan span, std::string_view what, const std::string& why) {
      checker_.Emit(DiagnosticKind::kBadStorage, span, {what, why});
    };
    const std::string is_type = ", and `" + std::string(column.name.text) + "` is " + set_.types.Text(type);
    switch (clause.kind) {
      case ColumnOptionKind::kName: CheckStoredName(clause); break;
      case ColumnOptionKind::kPointer: {
        const std::string_view pointer = clause.text.value;
        const std::string_view fault = pointer.empty() ? "it is the whole column" : JsonPointerFault(pointer);
        if (!fault.empty()) refuse(clause.text.span, Printable(pointer), "is no pointer into the column: " + std::string(fault));
        break;
      }
      case ColumnOptionKind::kLayout:
        if (!TakesLayout(type, clause.text.value)) refuse(clause.text.span, clause.text.value, LayoutUse(clause.text.value) + is_type);
        break;
      case ColumnOptionKind::kExact:
        if (type != SimpleType(TypeKind::kString)) refuse(clause.span, "exact", "is about strings" + is_type);
        break;
      case ColumnOptionKind::kNullIsAbsent:
        if (!column.type.optional)
          refuse(clause.span, "null as absent", "is about columns that may be null, whose type has a `?` behind it");
        break;
    }
  }

  bool TakesLayout(TypeId type, std::string_view layout) {
    const auto is_one_of = [&](std::span<const std::string_view> layouts) {
      return std::find(layouts.begin(), layouts.end(), layout) != layouts.end();
    };
    const TypeKind kind = set_.types[type].kind;
    if (kind == TypeKind::kList) return is_one_of(kListLayouts);
    if (kind == TypeKind::kMap) return is_one_of(kMapLayouts);
    if (kind == TypeKind::kTimestamp) return is_one_of(kTimestampLayouts);
    return kind == TypeKind::kDyn;
  }

  static std::string LayoutUse(std::string_view layout) {
    return layout == "array" ? "is about lists" : layout == "json" ? "is about lists and maps" : "is about timestamps";
  }

  bool MayBeColumn(TypeId id) {
    const Type& type = set_.types[id];
    const auto is_list_of = [&](TypeKind kind) { return type.parameters[0] == SimpleType(kind); };
    if (type.kind == TypeKind::kList) return is_list_of(TypeKind::kString) || is_list_of(TypeKind::kDyn);
    return type.kind != TypeKind::kMap || id == set_.types.Map(SimpleType(TypeKind::kString), SimpleType(TypeKind::kDyn));
  }

  static bool HasColumn(const TypedTable& table, std::string_view name) {
    return std::any_of(table.columns.begin(), table.columns.end(), [&](const draft::Column& column) { return column.name == name; });
  }

  void NeedColumn(const TypedTable& table, const Name& column) {
    if (column.text.empty() || HasColumn(table, column.text)) return;
    std::vector<std::string_view> candidates;
    for (const draft::Column& each : table.columns) candidates.push_back(each.name);
    ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownColumn, column.span, {table.decl->name.text, column.text}),
                               column.text, candidates);
  }

  void CheckRelations(const TypedTable& table) {
    const auto& tables = declarations_.names[table.package].tables;
    for (const RelationDecl& relation : table.decl->relations) {
      NeedColumn(table, relation.our_column);
      const auto other = tables.find(relation.table.text);
      if (other == tables.end()) {
        if (declarations_.names[table.package].broken.contains(relation.table.text)) continue;
        std::vector<std::string_view> candidates;
        candidates.reserve(tables.size());
        for (const auto& [name, index] : tables) candidates.push_back(name);
        std::sort(candidates.begin(), candidates.end());
        ExpressionChecker::Suggest(checker_.Emit(DiagnosticKind::kUnknownTable, relation.table.span, {relation.table.text}),
                                   relation.table.text, candidates);
        continue;
      }
      if (relation.their_table.text != relation.table.text) {
        checker_.Emit(DiagnosticKind::kUnknownTable, relation.their_table.span, {relation.their_table.text}).help =
            "the condition is about `" + std::string(relation.table.text) + "`: " + std::string(relation.table.text) + "." +
            std::string(relation.their_column.text);
        continue;
      }
      NeedColumn(set_.tables[other->second], relation.their_column);
      for (const RelationTermDecl& term : relation.terms) CheckTerm(table, set_.tables[other->second], term);
    }
  }

  void CheckTerm(const TypedTable& table, const TypedTable& other, const RelationTermDecl& term) {
    const Name& name = other.decl->name;
    if (term.their_table.text != name.text) {
      checker_.Emit(DiagnosticKind::kUnknownTable, term.their_table.span, {term.their_table.text}).help =
          "the condition is about `" + std::string(name.text) + "`: " + std::string(name.text) + "." + std::string(term.their_column.text);
      return;
    }
    NeedColumn(other, term.their_column);
    if (!term.value.valid()) return NeedColumn(table, term.our_column);
    const auto column = std::find_if(other.columns.begin(), other.columns.end(),
                                     [&](const draft::Column& each) { return each.name == term.their_column.text; });
    if (column == other.columns.end()) return;
    const Expr& literal = set_.expr(table.file, term.value);
    const TypeId type = set_.types.WithoutNull(column->type);
    const TypeKind kind = set_.types[type].kind, given = TypeKindOf(literal.value);
    const bool may_be_null = type != column->type || Has(column->options, ColumnOptionKind::kNullIsAbsent);
    if (kind == TypeKind::kDyn || given == kind || (given == TypeKind::kNull && may_be_null)) return;
    checker_.Emit(DiagnosticKind::kTypeMismatch, literal.span, {set_.types.Text(SimpleType(given)), set_.types.Text(column->type)});
  }

  static TypeKind TypeKindOf(const Value& literal) {
    if (literal.is(Kind::kString)) return TypeKind::kString;
    if (literal.is(Kind::kInt)) return TypeKind::kInt;
    return literal.is(Kind::kBool) ? TypeKind::kBool : TypeKind::kNull;
  }

  // Requests name tables, and facts name signers, without a package: two packages may use one name only for one thing.
  void CheckAcrossPackages() {
    std::unordered_map<std::string_view, const TypedTable*> tables;
    for (const TypedTable& table : set_.tables) {
      const auto [first, is_new] = tables.emplace(table.decl->name.text, &table);
      if (is_new || first->second->package == table.package) continue;
      if (first->second->columns == table.columns && first->second->stored == table.stored) continue;
      checker_.Emit(DiagnosticKind::kDuplicateName, table.decl->name.span, {"table", table.decl->name.text}).note =
          "another package has a table of this name with other columns, and requests name tables without their package";
    }
    std::unordered_map<std::string_view, const TypedSigner*> signers;
    for (const TypedSigner& signer : set_.signers) {
      const auto [first, is_new] = signers.emplace(signer.decl->name.text, &signer);
      const TypedSigner& other = *first->second;
      if (is_new || other.package == signer.package) continue;
      const bool is_same = SameSigner(*other.decl, *signer.decl);
      if (is_same && SameFiles(other, signer)) continue;
      checker_.Emit(DiagnosticKind::kDuplicateName, signer.decl->name.span, {"signer", signer.decl->name.text}).note =
          "the signer of this name at " + PlaceOf(other) +
          (is_same ? ", in another package, has other files: they are relative to the policy's folder"
                   : ", in another package, is not the same") +
          "; facts name signers without their package";
    }
  }

  std::string PlaceOf(const TypedSigner& signer) const {
    const SourceFile& file = files_[signer.file.index];
    return file.name + ":" + std::to_string(LocateOffset(signer.file, file.text, signer.decl->name.span.begin).line);
  }

  // Whether equal declarations name equal files.
  bool SameFiles(const TypedSigner& a, const TypedSigner& b) const {
    const auto resolve = [this](const TypedSigner& signer, std::string_view path) {
      const std::filesystem::path folder = std::filesystem::path(files_[signer.file.index].name).parent_path();
      return path.empty() ? std::filesystem::path() : (folder / path).lexically_normal();
    };
    return resolve(a, a.decl->key.value) == resolve(b, b.decl->key.value) &&
           resolve(a, a.decl->trust.value) == resolve(b, b.decl->trust.value);
  }

  // "root.json@sha256:<hex>" pins a file to its content. What only looks like a pin would be the name of a file, and pin nothing.
  void CheckPin(const StringLiteral& file, bool takes_pin) {
    const std::string_view text = file.value;
    const std::size_t mark = text.rfind("@sha");
    if (mark == std::string_view::npos || mark + 4 == text.size() || text[mark + 4] < '0' || text[mark + 4] > '9') return;
    constexpr std::string_view kMark = "@sha256:";
    const std::string_view digest = text.substr(mark);
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    std::string_view problem;
    if (!takes_pin) {
      problem = "a key is not pinned, it is what is trusted";
    } else if (mark == 0) {
      problem = "no file stands before the digest";
    } else if (!digest.starts_with(kMark) || digest.size() != kMark.size() + 64 ||
               !std::all_of(digest.begin() + kMark.size(), digest.end(), is_hex)) {
      problem = "expected `@sha256:` and 64 hexadecimal digits in small letters";
    }
    if (!problem.empty()) checker_.Emit(DiagnosticKind::kBadPin, file.span, {text, problem});
  }

  // In a subject `*` stops at `/`, twice as well as once: what people write for "everything below" matches nothing.
  void CheckSubject(const StringLiteral& subject) {
    constexpr std::string_view kGitHub = "https://github.com/";
    const std::string_view text = subject.value;
    const std::size_t star = text.find('*');
    const std::size_t owner_end = text.starts_with(kGitHub) ? text.find('/', kGitHub.size()) : std::string_view::npos;
    if (text.starts_with('^') || text.find(".*") != std::string_view::npos) {
      checker_.Emit(DiagnosticKind::kNarrowPattern, subject.span, {text, "it is not a regular expression"}).help =
          "`*` stands for any characters but `/`, everything else for itself";
    } else if (text.find("**") != std::string_view::npos) {
      checker_.Emit(DiagnosticKind::kNarrowPattern, subject.span, {text, "`**` stops at `/`, as `*` does"}).help =
          "write a `*` for each part between two `/`";
    } else if (star != std::string_view::npos && owner_end != std::string_view::npos &&
               text.find("/.github/workflows/") == std::string_view::npos) {
      checker_
          .Emit(DiagnosticKind::kNarrowPattern, subject.span, {text, "`*` stops at `/`, and GitHub's subjects go on behind the repository"})
          .help = "write `" + std::string(text.substr(0, owner_end)) + "/*/.github/workflows/*@refs/heads/*`";
    }
  }

  static bool SameSigner(const SignerDecl& a, const SignerDecl& b) {
    const auto same = [](const SignerOptionClause& x, const SignerOptionClause& y) {
      return x.kind == y.kind && x.name.value == y.name.value && x.value.value == y.value.value;
    };
    return a.kind == b.kind && a.key.value == b.key.value && a.issuer.value == b.issuer.value && a.subject.value == b.subject.value &&
           a.trust.value == b.trust.value && std::equal(a.options.begin(), a.options.end(), b.options.begin(), b.options.end(), same);
  }

  // ---- order and recursion ------------------------------------------------------------------------------------------------

  std::size_t Position(const BodyRef& body) const { return body.is_fn ? set_.lets.size() + body.index : body.index; }
  BodyRef BodyAt(std::size_t position) const {
    const bool is_fn = position >= set_.lets.size();
    return {is_fn, static_cast<std::uint32_t>(is_fn ? position - set_.lets.size() : position)};
  }
  const Name& NameOf(const BodyRef& body) const { return body.is_fn ? set_.fns[body.index].decl->name : set_.lets[body.index].decl->name; }

  std::vector<BodyRef> Uses(const BodyRef& body) const {
    if (body.is_fn) {
      const TypedFn& fn = set_.fns[body.index];
      return UsedBodies(set_, declarations_.names[fn.package], fn.file, fn.decl->body, fn.decl);
    }
    const TypedLet& let = set_.lets[body.index];
    return UsedBodies(set_, declarations_.names[let.package], let.file, let.decl->value, nullptr);
  }

  // Depth-first with its own stack: chains of lets may be as long as the files.
  void OrderBodies() {
    enum class Mark : std::uint8_t { kNew, kOpen, kDone };
    struct Frame {
      BodyRef body;
      std::vector<BodyRef> uses;
      std::size_t next = 0;
    };
    std::vector<Mark> marks(set_.lets.size() + set_.fns.size(), Mark::kNew);
    std::vector<Frame> stack;
    for (std::size_t start = 0; start < marks.size(); ++start) {
      if (marks[start] != Mark::kNew) continue;
      marks[start] = Mark::kOpen;
      stack.push_back({BodyAt(start), Uses(BodyAt(start))});
      while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next == top.uses.size()) {
          marks[Position(top.body)] = Mark::kDone;
          declarations_.order.push_back(top.body);
          if (!top.body.is_fn) set_.let_order.push_back(top.body.index);
          stack.pop_back();
          continue;
        }
        const BodyRef used = top.uses[top.next++];
        Mark& mark = marks[Position(used)];
        if (mark == Mark::kOpen) {
          ReportCycle(stack, used);
        } else if (mark == Mark::kNew) {
          mark = Mark::kOpen;
          stack.push_back({used, Uses(used)});
        }
      }
    }
  }

  template <typename Frames>
  void ReportCycle(const Frames& stack, const BodyRef& start) {
    std::string cycle;
    bool inside = false;
    for (const auto& frame : stack) {
      inside = inside || frame.body == start;
      if (inside) cycle += std::string(NameOf(frame.body).text) + " → ";
    }
    cycle += NameOf(start).text;
    checker_.Emit(DiagnosticKind::kRecursiveDefinition, NameOf(start).span, {NameOf(start).text, cycle});
  }

  TypedSet& set_;
  std::span<const SourceFile> files_;
  ExpressionChecker& checker_;
  Declarations declarations_;
};

// NOLINTNEXTLINE(misc-no-recursion): depth <= SourceLimits::max_expression_depth
void WalkNames(const TypedSet& set, FileId file, ExprId id, std::vector<std::string_view>& bound,
               const std::function<void(const Expr&)>& on_name, const std::function<void(const Expr&)>& on_call) {
  if (!id.valid()) return;
  const Expr& e = set.expr(file, id);
  if (e.kind == ExprKind::kIdent && (e.rooted || std::find(bound.begin(), bound.end(), e.text) == bound.end())) on_name(e);
  if (e.kind == ExprKind::kCall && !e.is_method) on_call(e);
  const std::size_t before = bound.size();
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    if (e.kind == ExprKind::kMacro && i == 1) bound.insert(bound.end(), e.names.begin(), e.names.end());
    WalkNames(set, file, e.args[i], bound, on_name, on_call);
  }
  bound.resize(before);
}

}  // namespace

void ForEachName(const TypedSet& set, FileId file, ExprId root, const std::function<void(const Expr&)>& on_name,
                 const std::function<void(const Expr&)>& on_call) {
  std::vector<std::string_view> bound;
  WalkNames(set, file, root, bound, on_name, on_call);
}

std::vector<BodyRef> UsedBodies(const TypedSet& set, const PackageNames& names, FileId file, ExprId root, const FnDecl* fn) {
  std::vector<BodyRef> used;
  const auto add = [&](BodyRef body) {
    if (std::find(used.begin(), used.end(), body) == used.end()) used.push_back(body);
  };
  ForEachName(
      set, file, root,
      [&](const Expr& e) {
        if (fn != nullptr && !e.rooted && std::any_of(fn->parameters.begin(), fn->parameters.end(), [&](const Parameter& parameter) {
              return parameter.name.text == e.text;
            })) {
          return;
        }
        if (const auto let = names.lets.find(e.text); let != names.lets.end()) add({false, let->second});
      },
      [&](const Expr& e) {
        if (const auto found = names.fns.find(e.text); found != names.fns.end()) add({true, found->second});
      });
  return used;
}

Declarations Declare(TypedSet& set, std::span<const SourceFile> files, ExpressionChecker& checker) {
  return Declarer(set, files, checker).Run();
}

}  // namespace writ::dsl
