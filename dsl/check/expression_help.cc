// What to write instead of an expression that does not fit: operators and functions applied to types that they do not take, names and
// functions that other languages have. Every help is an expression of this policy, rewritten, where one can be made.
#include <algorithm>
#include <optional>

#include "dsl/check/expression_checker.h"
#include "dsl/diagnostics/foreign_words.h"

namespace writ::dsl {
namespace {

// A longer expression is not repeated in a help.
constexpr std::size_t kMaxShownBytes = 120;

bool IsNumber(TypeKind kind) { return kind == TypeKind::kInt || kind == TypeKind::kUint || kind == TypeKind::kDouble; }

std::string Write(const std::string& text) { return "write `" + text + "`"; }

bool IsMadeOf(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// The text of a string literal as a literal of another type: "" when it is none, nothing when a call may convert it.
std::optional<std::string> TextAs(std::string_view content, TypeKind wanted) {
  if (wanted == TypeKind::kDouble) return IsMadeOf(content, "0123456789.") ? std::string(content) : "";
  if (wanted == TypeKind::kInt) return IsMadeOf(content, "0123456789") ? std::string(content) : "";
  if (wanted == TypeKind::kBool) return content == "true" || content == "false" ? std::string(content) : "";
  return std::nullopt;
}

// A literal in the spelling of another type; as TextAs.
std::optional<std::string> LiteralAs(const Value& value, const std::string& text, TypeKind wanted) {
  if (value.is(Kind::kString)) return TextAs(value.string(), wanted);
  if (value.is(Kind::kUint) && wanted == TypeKind::kInt) return text.substr(0, text.size() - 1);
  if (!value.is(Kind::kInt)) return std::nullopt;
  if (wanted == TypeKind::kDouble) return text + ".0";
  if (wanted == TypeKind::kUint) return value.integer < 0 ? "" : text + "u";
  if (wanted == TypeKind::kDuration) return "duration(\"" + text + "s\")";
  return std::nullopt;
}

// A call that converts, or "".
std::string CallAs(TypeKind kind, const std::string& text, TypeKind wanted) {
  const bool is_text = kind == TypeKind::kString;
  if (wanted == TypeKind::kDouble) return IsNumber(kind) || is_text ? "double(" + text + ")" : "";
  if (wanted == TypeKind::kUint) return IsNumber(kind) || is_text ? "uint(" + text + ")" : "";
  if (wanted == TypeKind::kInt) return IsNumber(kind) || is_text ? "int(" + text + ")" : "";
  if (wanted == TypeKind::kBool) return is_text ? "bool(" + text + ")" : "";
  if (wanted == TypeKind::kTimestamp) return is_text || kind == TypeKind::kInt ? "timestamp(" + text + ")" : "";
  if (wanted == TypeKind::kDuration) return is_text ? "duration(" + text + ")" : "";
  return {};
}

}  // namespace

// An operand as the helps see it.
struct ExpressionChecker::Operand {
  const Expr* expr = nullptr;
  TypeId type;
  TypeKind kind = TypeKind::kDyn;
  std::string text;

  bool is_literal() const { return expr->kind == ExprKind::kLiteral; }
  bool is_collection() const { return kind == TypeKind::kList || kind == TypeKind::kMap; }
};

ExpressionChecker::Operand ExpressionChecker::OperandOf(ExprId id, TypeId type) {
  Operand operand;
  operand.expr = &expr(id);
  operand.type = unifier_.Resolve(type, true);
  operand.type = types().WithoutNull(operand.type);
  operand.kind = KindOf(operand.type);
  operand.text = ExprText(set_.files[scope_->file.index], id);
  if (operand.text.size() > kMaxShownBytes) operand.text = "…";
  return operand;
}

// "" when nothing better is known than that the types do not fit.
std::string ExpressionChecker::HelpForOverload(const Expr& e, std::string_view shown, std::span<const TypeId> arguments) {
  for (const ExprId argument : e.args) {
    if (!argument.valid()) return {};
  }
  if (arguments.size() != e.args.size() || arguments.empty()) return {};
  const Operand a = OperandOf(e.args[0], arguments[0]);
  if (arguments.size() == 1) return shown == "!" ? HelpForNot(a) : "";
  if (arguments.size() != 2) return {};
  const Operand b = OperandOf(e.args[1], arguments[1]);
  if (e.is_method) return HelpForMethod(shown, a, b);
  if (e.kind != ExprKind::kBinary) return {};
  if (shown == "in") return HelpForIn(a, b);
  const bool is_equality = shown == "==" || shown == "!=";
  if (is_equality && (a.kind == TypeKind::kNull || b.kind == TypeKind::kNull)) return HelpForNull(shown, a.kind == TypeKind::kNull ? b : a);
  if (is_equality && a.is_collection() != b.is_collection()) {
    const Operand& whole = a.is_collection() ? a : b;
    const Operand& part = a.is_collection() ? b : a;
    if (KindOf(part.type) != TypeKind::kRecord) {
      const std::string inside = part.text + " in " + whole.text;
      return Write(shown == "==" ? inside : "!(" + inside + ")");
    }
  }
  return HelpForConversion(shown, a, b);
}

std::string ExpressionChecker::HelpForNot(const Operand& a) {
  if (a.kind == TypeKind::kString) return Write(a.text + " == \"\"");
  if (a.is_collection()) return Write("size(" + a.text + ") == 0");
  return IsNumber(a.kind) ? Write(a.text + " == 0") : "";
}

// Methods of strings, called on something else.
std::string ExpressionChecker::HelpForMethod(std::string_view shown, const Operand& a, const Operand& b) {
  if (shown == "contains" && a.is_collection())
    return Write(b.kind == TypeKind::kList ? b.text + ".all(x, x in " + a.text + ")" : b.text + " in " + a.text);
  if (a.kind == TypeKind::kList) return Write(a.text + ".exists(x, x." + std::string(shown) + "(" + b.text + "))");
  if (b.kind == TypeKind::kList && a.kind == TypeKind::kString)
    return Write(b.text + ".exists(x, " + a.text + "." + std::string(shown) + "(x))");
  if (a.kind == TypeKind::kOptional) return Write(a.text + ".orValue(\"\")." + std::string(shown) + "(" + b.text + ")");
  const std::string member = MemberMeant(a);
  if (!member.empty()) return Write(member + "." + std::string(shown) + "(" + b.text + ")");
  return IsNumber(a.kind) ? Write("string(" + a.text + ")." + std::string(shown) + "(" + b.text + ")") : "";
}

std::string ExpressionChecker::HelpForIn(const Operand& a, const Operand& b) {
  if (b.kind == TypeKind::kString && a.kind == TypeKind::kString) return Write(b.text + ".contains(" + a.text + ")");
  if (b.kind == TypeKind::kOptional) return Write(a.text + " in " + b.text + ".orValue([])");
  if (!b.is_collection()) return a.is_collection() ? Write(b.text + " in " + a.text) : "";
  if (a.kind == TypeKind::kList) return Write(a.text + ".exists(x, x in " + b.text + ")");
  if (const std::string member = MemberMeant(a); !member.empty()) return Write(member + " in " + b.text);
  if (types()[b.type].parameters.empty()) return {};
  const TypeKind wanted = KindOf(unifier_.Resolve(types()[b.type].parameters[0], true));
  const std::string converted = Converted(a, wanted);
  return converted.empty() ? "" : Write(converted + " in " + b.text);
}

// What is never null: a column that is not declared so, a member that may only be missing.
std::string ExpressionChecker::HelpForNull(std::string_view shown, const Operand& a) {
  const bool is_select = a.expr->kind == ExprKind::kSelect && a.expr->args[0].valid();
  if (is_select && expr(a.expr->args[0]).kind == ExprKind::kIdent && expr(a.expr->args[0]).text == "row")
    return "`" + a.text + "` is not nullable: declare the column as `" + Text(a.type) + "?`";
  if (is_select) return "`" + a.text + "` is never null; whether it is there: " + (shown == "==" ? "`!has(" : "`has(") + a.text + ")`";
  return "`" + a.text + "` is never null";
}

// One of the two converted to the type of the other.
std::string ExpressionChecker::HelpForConversion(std::string_view shown, const Operand& a, const Operand& b) {
  const std::string op = " " + std::string(shown) + " ";
  if (a.kind == TypeKind::kOptional || b.kind == TypeKind::kOptional) {
    const bool first = a.kind == TypeKind::kOptional;
    const std::string value = (first ? a.text : b.text) + ".orValue(…)";
    return Write(first ? value + op + b.text : a.text + op + value);
  }
  const std::string left_member = MemberMeant(a), right_member = MemberMeant(b);
  if (!left_member.empty() && b.kind == TypeKind::kString) return Write(left_member + op + b.text);
  if (!right_member.empty() && a.kind == TypeKind::kString) return Write(a.text + op + right_member);
  if (shown == "+" && a.kind == TypeKind::kList) return Write(a.text + op + "[" + b.text + "]");
  const bool right_first = ConvertsRight(shown, a, b);
  for (const bool right : {right_first, !right_first}) {
    const std::string converted = right ? Converted(b, a.kind) : Converted(a, b.kind);
    if (!converted.empty()) return Write(right ? a.text + op + converted : converted + op + b.text);
  }
  return {};
}

// Whether the right operand is converted rather than the left one. Nothing is lost when numbers become doubles; texts order otherwise
// than numbers do, so only what is joined or compared for equality becomes a text; of the rest, a literal rather than what is read.
bool ExpressionChecker::ConvertsRight(std::string_view shown, const Operand& a, const Operand& b) {
  if (IsNumber(a.kind) && IsNumber(b.kind) && (a.kind == TypeKind::kDouble) != (b.kind == TypeKind::kDouble))
    return a.kind == TypeKind::kDouble;
  const bool with_text = (a.kind == TypeKind::kString && IsNumber(b.kind)) || (b.kind == TypeKind::kString && IsNumber(a.kind));
  const bool wants_text = shown == "+" || shown == "==" || shown == "!=";
  if (with_text && (shown == "+" || !wants_text)) return (a.kind == TypeKind::kString) == (shown == "+");
  return !a.is_literal() || b.is_literal();
}

// The operand as a value of another type, or "" when there is no conversion.
std::string ExpressionChecker::Converted(const Operand& a, TypeKind wanted) {
  if (wanted == a.kind) return {};
  if (wanted == TypeKind::kString) {
    if (a.is_literal()) return "\"" + a.text + "\"";
    return a.is_collection() ? "" : "string(" + a.text + ")";
  }
  const std::optional<std::string> spelling = a.is_literal() ? LiteralAs(a.expr->value, a.text, wanted) : std::nullopt;
  return spelling ? *spelling : CallAs(a.kind, a.text, wanted);
}

// Of a record, the member that stands for it where a text is wanted: tool.name, principal.id, resource.uri.
std::string ExpressionChecker::MemberMeant(const Operand& a) const {
  if (a.kind != TypeKind::kRecord) return {};
  for (const std::string_view wanted : {"name", "id", "uri"}) {
    for (const RecordField& field : types()[a.type].fields) {
      if (field.name == wanted) return a.text + "." + field.name;
    }
  }
  return {};
}

// ---- names ----------------------------------------------------------------------------------------------------------------

// Whether a name means something where it stands.
bool ExpressionChecker::IsKnown(const Expr& e) const {
  const auto is_parameter = [&] {
    return scope_->fn != nullptr && std::any_of(scope_->fn->parameters.begin(), scope_->fn->parameters.end(),
                                                [&](const Parameter& parameter) { return parameter.name.text == e.text; });
  };
  const std::string name(e.text);
  return TryIteration(e.text) != nullptr || is_parameter() || scope_->variables->contains(name) ||
         (scope_->foreign != nullptr && scope_->foreign->contains(name)) || IsBroken(e.text) ||
         (scope_->package != nullptr && scope_->package->lets.contains(e.text));
}

// Help for a name that does not exist, or "".
std::string ExpressionChecker::HelpForName(std::string_view name) const {
  const auto is_variable = [this](std::string_view variable) { return scope_->variables->contains(std::string(variable)); };
  if (const ForeignWord* word = TryFindForeignName(name, is_variable)) return ForeignHelp(*word);
  std::vector<std::string> variables;
  for (const auto& [variable, type] : *scope_->variables) variables.push_back(variable);
  std::sort(variables.begin(), variables.end());  // the map has no order, diagnostics must
  if (name == "input" || name == "request" || name == "req" || name == "ctx") {
    std::string names;
    for (const std::string& variable : variables) names += (names.empty() ? "`" : ", `") + variable + "`";
    return names.empty() ? names : "a request is read by its parts: " + names;
  }
  std::string owners;
  for (const std::string& variable : variables) {
    const Type& type = types()[scope_->variables->at(variable)];
    const bool has_it = type.kind == TypeKind::kRecord &&
                        std::any_of(type.fields.begin(), type.fields.end(), [&](const RecordField& field) { return field.name == name; });
    if (has_it) owners += (owners.empty() ? "`" : " or `") + variable + "." + std::string(name) + "`";
  }
  return owners.empty() ? owners : "did you mean " + owners + "?";
}

// Of a record with a map for what it does not name itself, the member there: resource.properties.owner.
std::string ExpressionChecker::HelpForMember(const Expr& e, const Type& record, std::string_view member) const {
  for (const std::string_view map : {"properties", "claims"}) {
    const bool has_map =
        std::any_of(record.fields.begin(), record.fields.end(), [&](const RecordField& field) { return field.name == map; });
    if (!has_map || e.args.empty() || !e.args[0].valid()) continue;
    return Write(ExprText(set_.files[scope_->file.index], e.args[0]) + "." + std::string(map) + "." + std::string(member));
  }
  return {};
}

// `args.user-id`: a subtraction of a name that does not exist, meant as a member. Reported; returns whether it was.
bool ExpressionChecker::ReportDashedMember(const Expr& e) {
  if (!scope_->check || e.text != "_-_" || !e.args[0].valid() || !e.args[1].valid()) return false;
  const Expr& left = expr(e.args[0]);
  const Expr& right = expr(e.args[1]);
  const bool is_glued = left.span.end == e.name_span.begin && e.name_span.end == right.span.begin;
  if (left.kind != ExprKind::kSelect || right.kind != ExprKind::kIdent || !is_glued || IsKnown(right)) return false;
  const std::string owner = ExprText(set_.files[scope_->file.index], left.args[0]);
  const std::string member = std::string(left.text) + "-" + std::string(right.text);
  Emit(DiagnosticKind::kUnknownName, right.span, {right.text}).help = Write(owner + "[\"" + member + "\"]") + " for a member with a `-`";
  return true;
}

// ---- functions --------------------------------------------------------------------------------------------------------------

// The receiver, or first argument, and the arguments after it, as texts for a help.
std::vector<std::string> ExpressionChecker::CallTexts(const Expr& e) const {
  std::vector<std::string> texts(2);
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    if (!e.args[i].valid()) return {};
    std::string& text = texts[i == 0 ? 0 : 1];
    if (!text.empty()) text += ", ";
    text += ExprText(set_.files[scope_->file.index], e.args[i]);
  }
  for (std::string& text : texts) {
    if (text.size() > kMaxShownBytes) text = "…";
  }
  return texts;
}

// `math.greatest(1, 2)`: reports the function, not the name in front of it. Returns whether it did.
bool ExpressionChecker::ReportForeignNamespace(const Expr& e) {
  if (!e.is_method || !e.args[0].valid()) return false;
  const Expr* receiver = &expr(e.args[0]);
  std::string name(e.text);
  for (; receiver->kind == ExprKind::kSelect && receiver->args[0].valid(); receiver = &expr(receiver->args[0]))
    name = std::string(receiver->text) + "." + name;
  if (receiver->kind != ExprKind::kIdent || IsKnown(*receiver)) return false;
  const ForeignWord* word = TryFindForeignWord(ForeignPlace::kNamespace, receiver->text);
  if (word == nullptr) return false;
  name = std::string(receiver->text) + "." + name;
  const ForeignWord* function = TryFindForeignWord(ForeignPlace::kFunction, e.text);
  const bool is_time = function != nullptr && receiver->text == "time";
  Emit(DiagnosticKind::kUnknownFunction, {scope_->file, receiver->span.begin, e.name_span.end}, {name}).help =
      ForeignHelp(is_time ? *function : *word);
  return true;
}

}  // namespace writ::dsl
