// Warnings about expressions; see expression_warnings.h.
#include "dsl/check/expression_warnings.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "rules/model/time.h"

namespace writ::dsl {
namespace {

// What the warnings look at: one file's expressions, with their types.
struct View {
  const TypedSet& set;
  ExpressionChecker& checker;
  FileId file;

  const Expr& expr(ExprId id) const { return set.expr(file, id); }
  const TypedExpr& info(ExprId id) const { return set.info(file, id); }
  // Long texts are not shown: chains would cost their square.
  std::string text(ExprId id) const {
    constexpr std::uint32_t kMaxShownBytes = 200;
    const bool is_short = expr(id).span.end - expr(id).span.begin <= kMaxShownBytes;
    return is_short ? ExprText(set.files[file.index], id) : "…";
  }
  // The type of an expression that was looked at, else nullptr.
  const Type* type(ExprId id) const { return id.valid() && info(id).type.valid() ? &set.types[info(id).type] : nullptr; }
  bool is(ExprId id, TypeKind kind) const { return type(id) != nullptr && type(id)->kind == kind; }
};

// The value of a constant, or of the let that it names; else nullptr.
const Value* ConstantOf(const View& view, ExprId id) {
  if (!id.valid() || view.info(id).reference != ReferenceKind::kLet) return view.checker.TryConstant(view.file, id);
  const TypedLet& let = view.set.lets[view.info(id).index];
  return view.checker.TryConstant(let.file, let.decl->value);
}

// ---- time zones -------------------------------------------------------------------------------------------------------------

bool IsZone(std::string_view name) { return ToCivilTime(Value::Timestamp(0, 0), name).has_value(); }

bool TakesZone(Function function) { return function >= Function::kGetFullYear && function <= Function::kGetMilliseconds; }

// Says nothing on a machine that has no zones: the one that decides may have them.
void CheckZone(const View& view, const Expr& e, const TypedExpr& info) {
  if (e.kind != ExprKind::kCall || info.reference != ReferenceKind::kFunction || !TakesZone(info.function) || e.args.size() != 2) return;
  const Value* zone = ConstantOf(view, e.args[1]);
  if (zone == nullptr || !zone->is(Kind::kString) || IsZone(zone->string()) || !IsZone("Europe/Berlin")) return;
  view.checker.Emit(DiagnosticKind::kUnknownZone, view.expr(e.args[1]).span, {zone->string()}).help =
      "write a name of the IANA database, as `Europe/Berlin`, or an offset, as `+02:00`";
}

// ---- members ----------------------------------------------------------------------------------------------------------------

// Letters and digits in small letters: `sourceIp` and `source_ip` are one.
std::string Plain(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  return plain;
}

bool IsShorterByOne(std::string_view shorter, std::string_view longer) {
  if (shorter.size() + 1 != longer.size()) return false;
  const auto at = static_cast<std::size_t>(std::mismatch(shorter.begin(), shorter.end(), longer.begin()).first - shorter.begin());
  return shorter.substr(at) == longer.substr(at + 1);
}

bool IsTransposed(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto at = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin());
  return at + 1 < a.size() && a[at] == b[at + 1] && a[at + 1] == b[at] && a.substr(at + 2) == b.substr(at + 2);
}

// Narrower than NearestName: `type` beside `time` is a member of its own.
bool IsNearMiss(std::string_view member, std::string_view known) {
  constexpr std::size_t kShortest = 4;
  const std::string a = Plain(member), b = Plain(known);
  return std::min(a.size(), b.size()) >= kShortest && (a == b || IsShorterByOne(a, b) || IsShorterByOne(b, a) || IsTransposed(a, b));
}

// The member that `owner.member` or `owner["member"]` names, or "".
std::string_view MemberNamed(const View& view, const Expr& e) {
  if (e.kind == ExprKind::kSelect || e.kind == ExprKind::kOptionalSelect || e.kind == ExprKind::kHas) return e.text;
  const bool is_index = e.kind == ExprKind::kBinary && (e.text == "_[_]" || e.text == "_[?_]") && e.args[1].valid();
  if (!is_index || view.expr(e.args[1]).kind != ExprKind::kLiteral) return {};
  const Value& key = view.expr(e.args[1]).value;
  return key.is(Kind::kString) ? key.string() : std::string_view();
}

void CheckMember(const View& view, const Expr& e) {
  const std::string_view member = MemberNamed(view, e);
  if (member.empty() || !view.is(e.args[0], TypeKind::kRecord) || !view.type(e.args[0])->open) return;
  const std::vector<RecordField>& fields = view.type(e.args[0])->fields;
  if (std::any_of(fields.begin(), fields.end(), [&](const RecordField& field) { return field.name == member; })) return;
  const auto near = std::find_if(fields.begin(), fields.end(), [&](const RecordField& field) { return IsNearMiss(member, field.name); });
  if (near == fields.end()) return;
  const std::string owner = view.text(e.args[0]);
  const SourceSpan span = e.kind == ExprKind::kBinary ? view.expr(e.args[1]).span : e.name_span;
  view.checker.Emit(DiagnosticKind::kNearMiss, span, {owner, member}).help = "did you mean `" + owner + "." + near->name + "`?";
}

// ---- numbers ----------------------------------------------------------------------------------------------------------------

bool IsArithmetic(Function function) { return function >= Function::kMultiply && function <= Function::kSubtract; }

// `args.n / 2`: fails for 2.5, which JSON spells in the same place.
void CheckNumber(const View& view, const Expr& e, const TypedExpr& info) {
  if (e.kind != ExprKind::kBinary || info.reference != ReferenceKind::kFunction || !IsArithmetic(info.function)) return;
  for (std::size_t side = 0; side < 2; ++side) {
    const ExprId number = e.args[side], other = e.args[1 - side];
    if (!number.valid() || view.expr(number).kind != ExprKind::kLiteral || !view.is(other, TypeKind::kDyn)) continue;
    const Kind kind = view.expr(number).value.kind;
    const std::string_view name = kind == Kind::kInt ? "int" : kind == Kind::kUint ? "uint" : kind == Kind::kDouble ? "double" : "";
    if (name.empty() || IsArithmetic(view.info(other).function)) continue;  // that is said of what stands inside
    const std::string text = view.text(other);
    Diagnostic& diagnostic = view.checker.Emit(DiagnosticKind::kMixedNumbers, view.expr(other).span, {text, name});
    diagnostic.help = "write `" + std::string(name) + "(" + text + ")`";
    if (kind == Kind::kInt && info.function != Function::kModulo)
      diagnostic.help += ", or `double(" + text + ")` and `" + view.text(number) + ".0`";
  }
}

// ---- null -------------------------------------------------------------------------------------------------------------------

bool IsNull(const View& view, ExprId id) {
  return id.valid() && view.expr(id).kind == ExprKind::kLiteral && view.expr(id).value.is(Kind::kNull);
}

bool IsEquality(const Expr& e) { return e.kind == ExprKind::kBinary && (e.text == "_==_" || e.text == "_!=_"); }

// Every expression below `roots`, themselves first.
std::vector<ExprId> AllBelow(const View& view, std::vector<ExprId> roots) {
  std::vector<ExprId> all;
  while (!roots.empty()) {
    const ExprId id = roots.back();
    roots.pop_back();
    if (!id.valid()) continue;
    all.push_back(id);
    roots.insert(roots.end(), view.expr(id).args.begin(), view.expr(id).args.end());
  }
  return all;
}

// A list or map of whatever, or whatever: a null may be in it.
bool MayHoldNull(const View& view, ExprId id) {
  const Type* type = view.type(id);
  if (type == nullptr) return false;
  if (type->kind != TypeKind::kList) return type->kind == TypeKind::kDyn;
  return view.set.types[type->parameters[0]].kind == TypeKind::kDyn && view.checker.TryConstant(view.file, id) == nullptr;
}

// What is compared with null somewhere among the expressions.
std::set<std::string> Guarded(const View& view, const std::vector<ExprId>& all) {
  std::set<std::string> guarded;
  for (const ExprId id : all) {
    const Expr& e = view.expr(id);
    if (!IsEquality(e)) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      if (IsNull(view, e.args[side]) && e.args[1 - side].valid()) guarded.insert(view.text(e.args[1 - side]));
    }
  }
  return guarded;
}

bool IsNullable(const View& view, ExprId id) { return view.is(id, TypeKind::kNullable) && !MemberNamed(view, view.expr(id)).empty(); }

void CheckNull(const View& view, ExprId id, ExprId column, ExprId other, const std::set<std::string>& guarded) {
  const std::string text = view.text(column);
  if (guarded.contains(text) || guarded.contains(view.text(other))) return;
  const Expr& e = view.expr(id);
  const bool is_in = e.text == "@in";
  Diagnostic& diagnostic =
      view.checker.Emit(DiagnosticKind::kNullMeetsNull, e.span, {text, is_in ? "is in a list that holds null" : "equals another null"});
  diagnostic.help = e.text == "_!=_" ? "compare `" + text + "` with null, too: it says what holds then"
                                     : "write `" + text + " != null && " + view.text(id) + "`";
}

// Conditions that decide together. Who compares one of the two sides with null somewhere in them has thought of it.
void CheckNulls(const View& view, std::vector<ExprId> roots) {
  const std::vector<ExprId> all = AllBelow(view, std::move(roots));
  const std::set<std::string> guarded = Guarded(view, all);
  for (const ExprId id : all) {
    const Expr& e = view.expr(id);
    if (e.kind != ExprKind::kBinary) continue;
    if (e.text == "@in" && IsNullable(view, e.args[0]) && MayHoldNull(view, e.args[1])) CheckNull(view, id, e.args[0], e.args[1], guarded);
    if (!IsEquality(e)) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      const ExprId column = e.args[side], other = e.args[1 - side];
      if (IsNullable(view, column) && view.is(other, TypeKind::kDyn)) CheckNull(view, id, column, other, guarded);
    }
  }
}

// ---- regular expressions ----------------------------------------------------------------------------------------------------

// Whether it says where it begins or ends; a `.*` says that it may be anywhere.
bool IsAnchored(std::string_view pattern) {
  if (pattern.starts_with("(?")) {
    const std::size_t end = pattern.find(')');
    const bool is_flags = end != std::string_view::npos && pattern.substr(2, end - 2).find_first_not_of("ims") == std::string_view::npos;
    if (is_flags) pattern.remove_prefix(end + 1);
  }
  const bool begins = pattern.starts_with('^') || pattern.starts_with("\\A") || pattern.starts_with(".*");
  return begins || pattern.ends_with('$') || pattern.ends_with("\\z") || pattern.ends_with(".*");
}

// `deny … unless args.host.matches("internal")` lets "internal.evil.example" through. Below a `!` it is the other way round.
void CheckException(const View& view, ExprId root) {
  std::vector<ExprId> pending = {root};
  while (!pending.empty()) {
    const ExprId id = pending.back();
    pending.pop_back();
    if (!id.valid()) continue;
    const Expr& e = view.expr(id);
    if (e.kind == ExprKind::kUnary) continue;
    pending.insert(pending.end(), e.args.begin(), e.args.end());
    const TypedExpr& info = view.info(id);
    if (e.kind != ExprKind::kCall || info.reference != ReferenceKind::kFunction || info.function != Function::kMatches) continue;
    if (e.args.size() != 2) continue;
    const Value* pattern = ConstantOf(view, e.args[1]);
    if (pattern == nullptr || !pattern->is(Kind::kString) || IsAnchored(pattern->string())) continue;
    view.checker.Emit(DiagnosticKind::kUnanchoredException, view.expr(e.args[1]).span, {pattern->string()}).help =
        "write `^(…)$` for the whole text, or `.*` where anything may stand";
  }
}

}  // namespace

void WarnOfExpressions(const TypedSet& set, ExpressionChecker& checker) {
  for (std::size_t file = 0; file < set.files.size(); ++file) {
    const View view{set, checker, FileId(file)};
    for (std::size_t i = 0; i < set.files[file].exprs.size(); ++i) {
      const Expr& e = view.expr(ExprId(i));
      const TypedExpr& info = view.info(ExprId(i));
      if (!info.type.valid()) continue;
      CheckZone(view, e, info);
      CheckMember(view, e);
      CheckNumber(view, e, info);
    }
    for (const LetDecl& let : set.files[file].lets) CheckNulls(view, {let.value});
    for (const FnDecl& fn : set.files[file].fns) CheckNulls(view, {fn.body});
    for (const PolicyDecl& policy : set.files[file].policies) {
      for (const RuleDecl& rule : policy.rules) {
        CheckNulls(view, {rule.requirement, rule.when, rule.unless});
        if (rule.verb == Verb::kDeny) CheckException(view, rule.unless);
      }
    }
  }
}

}  // namespace writ::dsl
