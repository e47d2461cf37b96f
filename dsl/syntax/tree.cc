#include "dsl/syntax/tree.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "dsl/lex/lexer.h"

namespace writ::dsl {
namespace {

// How tightly a piece of text binds; loosest first.
enum Precedence : int { kConditionalLevel, kOrLevel, kAndLevel, kRelationLevel, kSumLevel, kProductLevel, kUnaryLevel, kMemberLevel };

struct OperatorText {
  std::string_view function;
  std::string_view text;
  Precedence level;
};

constexpr OperatorText kOperators[] = {{"_==_", " == ", kRelationLevel}, {"_!=_", " != ", kRelationLevel}, {"_<_", " < ", kRelationLevel},
                                       {"_<=_", " <= ", kRelationLevel}, {"_>_", " > ", kRelationLevel},   {"_>=_", " >= ", kRelationLevel},
                                       {"@in", " in ", kRelationLevel},  {"_+_", " + ", kSumLevel},        {"_-_", " - ", kSumLevel},
                                       {"_*_", " * ", kProductLevel},    {"_/_", " / ", kProductLevel},    {"_%_", " % ", kProductLevel}};

const OperatorText* TryFindOperator(std::string_view function) {
  const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                   [function](const OperatorText& text) { return text.function == function; });
  return found == std::end(kOperators) ? nullptr : found;
}

std::string_view MacroText(Macro macro) {
  switch (macro) {
    case Macro::kAll: return "all";
    case Macro::kExists: return "exists";
    case Macro::kExistsOne: return "exists_one";
    case Macro::kMap: return "map";
    case Macro::kFilter: return "filter";
    case Macro::kOptMap: return "optMap";
    case Macro::kOptFlatMap: return "optFlatMap";
  }
  return {};
}

void AppendQuoted(std::string_view text, bool bytes, std::string& out) {
  out.append(bytes ? "b\"" : "\"");
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append("\\").push_back(c);
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '\r') {
      out.append("\\r");
    } else if (c == '\t') {
      out.append("\\t");
    } else if (byte < 0x20 || byte == 0x7F || (bytes && byte >= 0x80)) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned>(byte));
      out.append(escape.data());
    } else {
      out.push_back(c);
    }
  }
  out.append("\"");
}

void AppendDouble(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out.append(std::isnan(value) ? "double(\"NaN\")" : value > 0 ? "double(\"Infinity\")" : "double(\"-Infinity\")");
    return;
  }
  std::array<char, 32> buffer{};
  const std::to_chars_result result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(result.ptr - buffer.data()));
  out.append(text);
  if (text.find_first_of(".e") == std::string_view::npos) out.append(".0");
}

void AppendLiteral(const Value& value, std::string& out) {
  switch (value.kind) {
    case Kind::kNull: out.append("null"); break;
    case Kind::kBool: out.append(value.boolean ? "true" : "false"); break;
    case Kind::kInt: out.append(std::to_string(value.integer)); break;
    case Kind::kUint: out.append(std::to_string(value.unsigned_integer)).append("u"); break;
    case Kind::kDouble: AppendDouble(value.real, out); break;
    case Kind::kString: AppendQuoted(value.string(), false, out); break;
    case Kind::kBytes: AppendQuoted(value.string(), true, out); break;
    default: out.append(LiteralText(value)); break;  // not written by the parser: constants that a pass folded
  }
}

class Printer {
 public:
  explicit Printer(const FileTree& tree) : tree_(tree) {}

  // Appends the expression, in parentheses when it binds looser than `level`.
  void Append(ExprId id, Precedence level) {  // NOLINT(misc-no-recursion): depth <= SourceLimits::max_expression_depth
    const Expr& expr = tree_.expr(id);
    const bool parenthesised = LevelOf(expr) < level;
    if (parenthesised) out_.push_back('(');
    AppendBare(expr);
    if (parenthesised) out_.push_back(')');
  }
  std::string Take() { return std::move(out_); }

 private:
  static Precedence LevelOf(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kConditional: return kConditionalLevel;
      case ExprKind::kOr: return kOrLevel;
      case ExprKind::kAnd: return kAndLevel;
      case ExprKind::kUnary: return kUnaryLevel;
      case ExprKind::kBinary: {
        const OperatorText* found = TryFindOperator(expr.text);
        return found == nullptr ? kMemberLevel : found->level;
      }
      default: return kMemberLevel;
    }
  }

  void AppendBare(const Expr& expr) {  // NOLINT(misc-no-recursion): see Append
    switch (expr.kind) {
      case ExprKind::kLiteral: AppendLiteral(expr.value, out_); break;
      case ExprKind::kIdent: out_.append(expr.rooted ? "." : "").append(expr.text); break;
      case ExprKind::kSelect: AppendSelection(expr, "."); break;
      case ExprKind::kOptionalSelect: AppendSelection(expr, ".?"); break;
      case ExprKind::kHas:
        out_.append("has(");
        AppendSelection(expr, ".");
        out_.append(")");
        break;
      case ExprKind::kCall: AppendCall(expr); break;
      case ExprKind::kUnary: AppendUnary(expr); break;
      case ExprKind::kBinary: AppendBinary(expr); break;
      case ExprKind::kAnd: AppendList(expr.args, " && ", kRelationLevel); break;
      case ExprKind::kOr: AppendList(expr.args, " || ", kAndLevel); break;
      case ExprKind::kConditional:
        Append(expr.args[0], kOrLevel);
        out_.append(" ? ");
        Append(expr.args[1], kOrLevel);
        out_.append(" : ");
        Append(expr.args[2], kConditionalLevel);
        break;
      case ExprKind::kList:
      case ExprKind::kMap:
      case ExprKind::kStruct: AppendAggregate(expr); break;
      case ExprKind::kMacro:
        Append(expr.args[0], kMemberLevel);
        out_.append(".").append(MacroText(expr.macro)).append("(").append(expr.names[0]).append(", ");
        AppendList(std::span(expr.args).subspan(1), ", ", kConditionalLevel);
        out_.append(")");
        break;
    }
  }

  void AppendName(std::string_view name) {
    const bool quoted = !IsIdentifier(name) || IsCelKeyword(name);
    out_.append(quoted ? "`" : "").append(name).append(quoted ? "`" : "");
  }

  void AppendSelection(const Expr& expr, std::string_view dot) {  // NOLINT(misc-no-recursion): see Append
    Append(expr.args[0], kMemberLevel);
    out_.append(dot);
    AppendName(expr.text);
  }

  void AppendCall(const Expr& expr) {  // NOLINT(misc-no-recursion): see Append
    std::span<const ExprId> arguments = expr.args;
    if (expr.is_method) {
      Append(arguments[0], kMemberLevel);
      arguments = arguments.subspan(1);
    }
    out_.append(expr.is_method || expr.rooted ? "." : "").append(expr.text).append("(");
    AppendList(arguments, ", ", kConditionalLevel);
    out_.append(")");
  }

  // `-` before digits would become a literal, `!` and `-` do not mix.
  void AppendUnary(const Expr& expr) {  // NOLINT(misc-no-recursion): see Append
    const Expr& operand = tree_.expr(expr.args[0]);
    const bool same_operator = operand.kind == ExprKind::kUnary && operand.text == expr.text;
    out_.push_back(expr.text[0]);
    const std::size_t begin = out_.size();
    Append(expr.args[0], same_operator ? kUnaryLevel : kMemberLevel);
    const bool digits = out_[begin] >= '0' && out_[begin] <= '9';
    if (expr.text[0] == '-' && digits) {
      out_.insert(begin, 1, '(');
      out_.push_back(')');
    }
  }

  void AppendBinary(const Expr& expr) {  // NOLINT(misc-no-recursion): see Append
    const OperatorText* found = TryFindOperator(expr.text);
    if (found == nullptr) {  // an index
      Append(expr.args[0], kMemberLevel);
      out_.append(expr.text == "_[?_]" ? "[?" : "[");
      Append(expr.args[1], kConditionalLevel);
      out_.append("]");
      return;
    }
    Append(expr.args[0], found->level);
    out_.append(found->text);
    Append(expr.args[1], static_cast<Precedence>(found->level + 1));
  }

  void AppendAggregate(const Expr& expr) {  // NOLINT(misc-no-recursion): see Append
    const bool is_map = expr.kind == ExprKind::kMap;
    const bool is_list = expr.kind == ExprKind::kList;
    if (expr.kind == ExprKind::kStruct) out_.append(expr.rooted ? "." : "").append(expr.text);
    out_.push_back(is_list ? '[' : '{');
    const std::size_t count = is_map ? expr.args.size() / 2 : expr.args.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out_.append(", ");
      if (!expr.optional.empty() && expr.optional[i]) out_.push_back('?');
      if (is_map) Append(expr.args[2 * i], kConditionalLevel);
      if (expr.kind == ExprKind::kStruct) AppendName(expr.names[i]);
      if (!is_list) out_.append(": ");
      Append(expr.args[is_map ? 2 * i + 1 : i], kConditionalLevel);
    }
    out_.push_back(is_list ? ']' : '}');
  }

  void AppendList(std::span<const ExprId> items, std::string_view separator, Precedence level) {  // NOLINT(misc-no-recursion): see Append
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_.append(separator);
      Append(items[i], level);
    }
  }

  const FileTree& tree_;
  std::string out_;
};

}  // namespace

std::string ExprText(const FileTree& tree, ExprId id) {
  Printer printer(tree);
  printer.Append(id, kConditionalLevel);
  return printer.Take();
}

std::string LiteralName(const Pattern& pattern) {
  std::string name;
  for (std::size_t i = 0; i < pattern.text.size(); ++i) {
    if (pattern.text[i] == '\\' && i + 1 < pattern.text.size()) ++i;
    name.push_back(pattern.text[i]);
  }
  return name;
}

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
    case TestStep::Kind::kImage:
    case TestStep::Kind::kNamespace:
    case TestStep::Kind::kUnknown: return Target::kTools;
  }
  return Target::kTools;
}

}  // namespace writ::dsl
