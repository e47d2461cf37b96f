// Nodes as CEL text; see text.h.
//
// Each form of expression has a level, by how tightly it binds (cel-spec langdef.md, "Syntax"); an
// operand of a lower level than its place asks for stands in parentheses.
#include "rules/ir/text.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "rules/base/utf8.h"
#include "rules/function/function.h"
#include "rules/ir/constant_value.h"
#include "rules/model/value.h"

namespace writ {

// What names mean while expressions are written.
struct NodeTexts::Names {
  std::unordered_set<std::string_view> taken;                // variables must not have them
  std::unordered_map<std::uint32_t, std::string_view> lets;  // by node
};

namespace {

NodeTexts::Names RootNames(const Program& program) {
  NodeTexts::Names names;
  for (const Slot& slot : program.slots) {
    // The root `x.y` would be read as a member of a variable `x`.
    const std::string_view key = program[slot.key];
    if (!slot.parent.valid()) names.taken.insert(key.substr(0, key.find('.')));
  }
  return names;
}

// Leaves keep their text: any other `5` is the same node.
NodeTexts::Names AllNames(const Program& program) {
  NodeTexts::Names names = RootNames(program);
  for (const Let& let : program.lets) {
    if (program.nodes[let.value.index].arg_count == 0) continue;
    names.lets.emplace(let.value.index, program[let.name]);
    names.taken.insert(program[let.name]);
  }
  return names;
}

enum Level : std::uint8_t { kConditional, kOr, kAnd, kRelation, kSum, kProduct, kUnary, kMember };

struct BinaryOperator {
  Function function;
  std::string_view symbol;
  Level level;
};

constexpr BinaryOperator kBinaryOperators[] = {
    {Function::kEqual, "==", kRelation},  {Function::kNotEqual, "!=", kRelation},
    {Function::kLess, "<", kRelation},    {Function::kLessOrEqual, "<=", kRelation},
    {Function::kGreater, ">", kRelation}, {Function::kGreaterOrEqual, ">=", kRelation},
    {Function::kIn, "in", kRelation},     {Function::kAdd, "+", kSum},
    {Function::kSubtract, "-", kSum},     {Function::kMultiply, "*", kProduct},
    {Function::kDivide, "/", kProduct},   {Function::kModulo, "%", kProduct},
};

const BinaryOperator* TryFindBinary(const Node& node) {
  if (node.kind != NodeKind::kCall) return nullptr;
  const auto is_it = [&](const BinaryOperator& each) { return each.function == static_cast<Function>(node.detail); };
  const auto* found = std::find_if(std::begin(kBinaryOperators), std::end(kBinaryOperators), is_it);
  return found == std::end(kBinaryOperators) ? nullptr : found;
}

bool IsIdentifier(std::string_view text) {
  constexpr std::string_view kKeywords[] = {"true", "false", "null", "in"};
  const auto is_letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_part = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), is_part) &&
         std::find(std::begin(kKeywords), std::end(kKeywords), text) == std::end(kKeywords);
}

bool IsNot(const Node& node) { return node.kind == NodeKind::kCall && static_cast<Function>(node.detail) == Function::kNot; }

// May the name of a member stand between backticks (cel-spec, "Field access with quoted names")?
bool IsQuotable(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '/' ||
           c == ' ';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), is_part);
}

// Is the function called as a method of its first argument? Then one of its signatures is written
// so: "string.(string)->bool".
bool IsMethod(Function function) { return InfoOf(function).signatures.find(".(") != std::string_view::npos && function != Function::kSize; }

std::string_view MacroName(NodeKind kind) {
  switch (kind) {
    case NodeKind::kAll: return "all";
    case NodeKind::kExists: return "exists";
    case NodeKind::kExistsOne: return "exists_one";
    case NodeKind::kMapItems: return "map";
    case NodeKind::kFilter: return "filter";
    case NodeKind::kOptMap: return "optMap";
    default: return "optFlatMap";  // NOLINT: the last of the macros
  }
}

class Printer {
 public:
  Printer(const Program& program, const NodeTexts::Names& names, std::size_t max_bytes)
      : program_(program), names_(names), max_bytes_(max_bytes) {}

  // NOLINTNEXTLINE(misc-no-recursion): BundleLimits::max_node_depth
  void Write(NodeId id, Level least) {
    if (full()) return;
    if (const auto name = names_.lets.find(id.index); name != names_.lets.end()) {
      out_ += name->second;
      return;
    }
    const bool is_loose = LevelOf(id) < least;
    if (is_loose) out_ += '(';
    WriteBare(id);
    if (is_loose) out_ += ')';
  }

  // `type`: what the text has to be checked as, or an invalid id when that does not matter.
  // NOLINTNEXTLINE(misc-no-recursion): VerifyProgram limits the nesting of constants
  void WriteConstant(ConstantId id, TypeId type) {
    if (full()) return;
    const Constant& constant = program_.constants[id.index];
    const bool is_list = constant.kind == Kind::kList;
    if (!is_list && constant.kind != Kind::kMap) {
      out_ += LiteralText(ScalarValue(program_, constant));
      return;
    }
    out_ += is_list ? '[' : '{';
    const std::size_t stride = is_list ? 1 : 2;
    const std::span<const ConstantId> items = program_[constant.items()];
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += !is_list && i % 2 == 1 ? ": " : ", ";
      const TypeId part = PartOf(type, i % stride);
      // Items of one kind are dyn when one of them says so.
      const bool says_dyn = i < stride && part == SimpleType(TypeKind::kDyn) && AreOfOneKind(items, i, stride);
      if (says_dyn) out_ += "dyn(";
      WriteConstant(items[i], part);
      if (says_dyn) out_ += ')';
    }
    out_ += is_list ? ']' : '}';
  }

  // The node itself in full; its parts as Write does.
  void WriteBody(NodeId id) { WriteBare(id); }

  bool full() const { return out_.size() > max_bytes_; }
  std::string& text() { return out_; }

 private:
  // The type of a list's items, or of a map's keys or values; invalid when it is not known.
  TypeId PartOf(TypeId type, std::size_t parameter) const {
    if (type.index >= program_.types.size()) return {};
    const TypeRecord& whole = program_.types[type.index];
    return (whole.kind == TypeKind::kList || whole.kind == TypeKind::kMap) && parameter < whole.parameters.count
               ? program_[whole.parameters][parameter]
               : TypeId();
  }

  bool AreOfOneKind(std::span<const ConstantId> items, std::size_t first, std::size_t stride) const {
    const Kind kind = program_.constants[items[first].index].kind;
    for (std::size_t i = first; i < items.size(); i += stride) {
      if (program_.constants[items[i].index].kind != kind) return false;
    }
    return true;
  }

  const Node& NodeOf(NodeId id) const { return program_.nodes[id.index]; }

  Level LevelOf(NodeId id) const {
    const Node& node = NodeOf(id);
    switch (node.kind) {
      case NodeKind::kConditional: return kConditional;
      case NodeKind::kOr: return kOr;
      case NodeKind::kAnd: return kAnd;
      case NodeKind::kConstant: return IsNegative(node) ? kUnary : kMember;
      case NodeKind::kCall: {
        if (const BinaryOperator* binary = TryFindBinary(node)) return binary->level;
        const auto function = static_cast<Function>(node.detail);
        return function == Function::kNot || function == Function::kNegate ? kUnary : kMember;
      }
      default: return kMember;  // NOLINT: names, members, calls, literals
    }
  }

  // A constant that is only known as dyn says so: else its own type would be found again.
  bool SaysDyn(const Node& node) const {
    const Kind kind = program_.constants[node.index].kind;
    return node.type == SimpleType(TypeKind::kDyn) && kind != Kind::kError && kind != Kind::kType;
  }

  bool IsNegative(const Node& node) const {
    if (SaysDyn(node)) return false;
    const Constant& constant = program_.constants[node.index];
    if (constant.kind == Kind::kInt) return constant.integer() < 0;
    return constant.kind == Kind::kDouble && LiteralText(Value::Double(constant.real())).starts_with('-');
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteBare(NodeId id) {
    const Node& node = NodeOf(id);
    const std::span<const NodeId> args = program_.args(node);
    switch (node.kind) {
      case NodeKind::kConstant: return WriteTypedConstant(node);
      case NodeKind::kSlot: return WritePath(SlotId(node.index), kNoOptional);
      case NodeKind::kHasSlot: return WriteHasSlot(SlotId(node.index));
      case NodeKind::kOptionalSlot: return WritePath(SlotId(node.index), node.detail);
      case NodeKind::kVariable: out_ += VariableName(node.index); return;
      case NodeKind::kSelect: return WriteMember(args[0], node.index, ".", "[");
      case NodeKind::kOptionalSelect: return WriteMember(args[0], node.index, ".?", "[?");
      case NodeKind::kHasMember:
        out_ += "has(";
        WriteMember(args[0], node.index, ".", "[");
        out_ += ')';
        return;
      case NodeKind::kCall: return WriteCall(node, args);
      case NodeKind::kAnd: return WriteJoined(args, " && ", static_cast<Level>(kAnd + 1));
      case NodeKind::kOr: return WriteJoined(args, " || ", static_cast<Level>(kOr + 1));
      case NodeKind::kConditional:
        Write(args[0], kOr);
        out_ += " ? ";
        Write(args[1], kOr);
        out_ += " : ";
        return Write(args[2], kConditional);
      case NodeKind::kList:
        out_ += '[';
        WriteJoined(args, ", ", kConditional);
        out_ += ']';
        return;
      case NodeKind::kMap: return WriteMap(args);
      case NodeKind::kOptionalEntry: out_ += '?'; return Write(args[0], kConditional);
      default: return WriteMacro(node, args);  // NOLINT: what binds a variable
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion): see WriteConstant
  void WriteTypedConstant(const Node& node) {
    const bool is_dyn = SaysDyn(node);
    if (is_dyn) out_ += "dyn(";
    WriteConstant(ConstantId(node.index), node.type);
    if (is_dyn) out_ += ')';
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteJoined(std::span<const NodeId> args, std::string_view joint, Level least) {
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (i > 0) out_ += joint;
      Write(args[i], least);
    }
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteMap(std::span<const NodeId> args) {
    out_ += '{';
    for (std::size_t i = 0; i < args.size(); i += 2) {
      if (i > 0) out_ += ", ";
      const Node& value = NodeOf(args[i + 1]);
      const bool is_optional = value.kind == NodeKind::kOptionalEntry;
      if (is_optional) out_ += '?';
      Write(args[i], kConditional);
      out_ += ": ";
      Write(is_optional ? program_.args(value)[0] : args[i + 1], kConditional);
    }
    out_ += '}';
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteMember(NodeId operand, std::uint32_t constant, std::string_view dot, std::string_view bracket) {
    Write(operand, kMember);
    WriteStep(program_[program_.constants[constant].text()], dot, bracket);
  }

  void WriteStep(std::string_view key, std::string_view dot, std::string_view bracket) {
    if (IsIdentifier(key)) {
      out_.append(dot).append(key);
      return;
    }
    if (IsQuotable(key)) {
      out_.append(dot).append("`").append(key).append("`");
      return;
    }
    out_.append(bracket).append(LiteralText(Value::String(key))).append("]");
  }

  // The first `plain` steps after the root are plain, the others optional.
  void WritePath(SlotId slot, std::uint32_t plain) {
    std::vector<SlotId> steps;
    for (SlotId at = slot; at.valid(); at = program_.slots[at.index].parent) steps.push_back(at);
    out_ += program_[program_[steps.back()].key];
    for (std::size_t i = steps.size() - 1; i-- > 0;) {
      const bool is_optional = steps.size() - 2 - i >= plain;
      WriteStep(program_[program_[steps[i]].key], is_optional ? ".?" : ".", is_optional ? "[?" : "[");
    }
  }

  void WriteHasSlot(SlotId slot) {
    out_ += "has(";
    WritePath(slot, kNoOptional);
    out_ += ')';
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteCall(const Node& node, std::span<const NodeId> args) {
    const auto function = static_cast<Function>(node.detail);
    if (const BinaryOperator* binary = TryFindBinary(node); binary != nullptr && args.size() == 2) {
      Write(args[0], binary->level);  // to the left
      out_.append(" ").append(binary->symbol).append(" ");
      return Write(args[1], static_cast<Level>(binary->level + 1));
    }
    if (function == Function::kNot || function == Function::kNegate) return WriteUnary(function, args[0]);
    if (function == Function::kIndex || function == Function::kOptionalIndex) {
      Write(args[0], kMember);
      out_ += function == Function::kIndex ? "[" : "[?";
      Write(args[1], kConditional);
      out_ += ']';
      return;
    }
    const bool is_method = IsMethod(function) && !args.empty();
    if (is_method) {
      Write(args[0], kMember);
      out_ += '.';
    }
    out_.append(InfoOf(function).name).append("(");
    WriteJoined(is_method ? args.subspan(1) : args, ", ", kConditional);
    out_ += ')';
  }

  // `-5` would be read as one literal; an operator's operand is no other operator, but for `!!`.
  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteUnary(Function function, NodeId operand) {
    out_ += function == Function::kNot ? '!' : '-';
    const bool is_literal = function == Function::kNegate && NodeOf(operand).kind == NodeKind::kConstant && !SaysDyn(NodeOf(operand));
    if (is_literal) out_ += '(';
    Write(operand, function == Function::kNot && IsNot(NodeOf(operand)) ? kUnary : kMember);
    if (is_literal) out_ += ')';
  }

  // NOLINTNEXTLINE(misc-no-recursion): see Write
  void WriteMacro(const Node& node, std::span<const NodeId> args) {
    Write(args[0], kMember);
    out_.append(".").append(MacroName(node.kind)).append("(").append(VariableName(node.index));
    for (const NodeId arg : args.subspan(1)) {
      if (!arg.valid()) continue;
      out_ += ", ";
      Write(arg, kConditional);
    }
    out_ += ')';
  }

  // x, y, z, u, v, w, x2, y2, …, without the names of roots.
  const std::string& VariableName(std::uint32_t depth) {
    static constexpr std::string_view kLetters = "xyzuvw";
    while (variables_.size() <= depth) {
      const std::size_t number = next_name_ / kLetters.size();
      std::string name(1, kLetters[next_name_++ % kLetters.size()]);
      if (number > 0) name += std::to_string(number + 1);
      if (!names_.taken.contains(name)) variables_.push_back(std::move(name));
    }
    return variables_[depth];
  }

  static constexpr std::uint32_t kNoOptional = 0xFFFFFFFF;

  const Program& program_;
  const NodeTexts::Names& names_;
  const std::size_t max_bytes_;
  std::string out_;
  std::vector<std::string> variables_;  // by depth
  std::size_t next_name_ = 0;
};

}  // namespace

NodeTexts::NodeTexts(const Program& program) : program_(program) {}

NodeTexts::~NodeTexts() = default;

std::optional<std::string> NodeTexts::TryText(NodeId node, std::size_t max_bytes) {
  if (roots_ == nullptr) roots_ = std::make_unique<const Names>(RootNames(program_));
  Printer printer(program_, *roots_, max_bytes);
  printer.Write(node, kConditional);
  if (printer.full()) return std::nullopt;
  return std::move(printer.text());
}

const NodeTexts::Names& NodeTexts::all_names() {
  if (all_ == nullptr) all_ = std::make_unique<const Names>(AllNames(program_));
  return *all_;
}

std::string NodeTexts::ShownText(NodeId node, std::size_t max_bytes) {
  Printer printer(program_, all_names(), max_bytes);
  printer.Write(node, kConditional);
  return Shorten(printer.text(), max_bytes);
}

std::string_view NodeTexts::LetName(NodeId node) {
  const auto name = all_names().lets.find(node.index);
  return name == all_names().lets.end() ? std::string_view() : name->second;
}

std::string NodeTexts::ShownBody(NodeId node, std::size_t max_bytes) {
  Printer printer(program_, all_names(), max_bytes);
  printer.WriteBody(node);
  return Shorten(printer.text(), max_bytes);
}

std::optional<std::string> TryNodeText(const Program& program, NodeId node, std::size_t max_bytes) {
  return NodeTexts(program).TryText(node, max_bytes);
}

std::string ShownNodeText(const Program& program, NodeId node, std::size_t max_bytes) {
  return NodeTexts(program).ShownText(node, max_bytes);
}

std::string ConstantText(const Program& program, ConstantId constant) {
  const NodeTexts::Names none;
  Printer printer(program, none, kMaxNodeTextBytes);
  printer.WriteConstant(constant, {});
  return Shorten(printer.text(), kMaxNodeTextBytes);
}

}  // namespace writ
