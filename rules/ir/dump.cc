// DumpProgram: the program as text, one line per item. Works on programs that nobody has verified, so every id is looked up
// only when it is in range and shown as it is otherwise.
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <string_view>

#include "rules/function/function.h"
#include "rules/ir/program.h"
#include "rules/model/error_list.h"

namespace writ {
namespace {

constexpr std::size_t kMaxShownDepth = 256;  // slots nested deeper than any verified program's are shown by their id

constexpr std::string_view kErrorNames[] = {
#define WRIT_NAME(name, text) #name,
    WRIT_VALUE_ERRORS(WRIT_NAME)
#undef WRIT_NAME
};

void AppendQuoted(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(out, text);
  return out;
}

// Returns a name as it is, or quoted when it would break the line (only hostile programs have such names).
std::string Plain(const std::string& name) {
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '"') return Quoted(name);
  }
  return name;
}

bool IsIdentifier(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (text.empty() || !is_letter(text.front())) return false;
  for (const char c : text) {
    if (!is_letter(c) && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

template <typename Tag>
std::string IdText(char letter, Id<Tag> id) {
  return id.valid() ? letter + std::to_string(id.index) : std::string(1, letter) + '-';
}

std::string RegisterText(std::uint32_t number) { return number == kNoRegister ? "r-" : "r" + std::to_string(number); }

class Dumper {
 public:
  explicit Dumper(const Program& program) : program_(program) {}

  std::string Dump() {
    Names("file", 'f', program_.files);
    for (std::size_t i = 0; i < program_.constants.size(); ++i) {
      Line("constant " + IdText('k', ConstantId(i)) + " " + ConstantText(program_.constants[i]));
    }
    Names("regex", 'g', program_.regexes);
    Slots();
    for (std::size_t i = 0; i < program_.cells.size(); ++i) {
      const Cell& cell = program_.cells[i];
      Line("cell " + IdText('c', CellId(i)) + " " + IdText('b', cell.block) + (cell.name.empty() ? "" : " let " + Plain(cell.name)));
    }
    for (std::size_t i = 0; i < program_.blocks.size(); ++i) DumpBlock(BlockId(i));
    for (std::size_t i = 0; i < program_.policies.size(); ++i) DumpPolicy(PolicyId(i));
    for (std::size_t i = 0; i < program_.rules.size(); ++i) DumpRule(RuleId(i));
    for (const Table& table : program_.tables) DumpTable(table);
    for (const Signer& signer : program_.signers) DumpSigner(signer);
    for (const std::string& name : program_.imports) Line("import " + Plain(name));
    for (const ProgramData& data : program_.data) Line("data " + Plain(data.name) + " " + std::to_string(data.json.size()) + " bytes");
    return std::move(out_);
  }

  std::string PathOf(SlotId slot) const {
    std::vector<SlotId> steps;
    for (SlotId at = slot; at.valid(); at = program_.slots[at.index].parent) {
      const bool descends = at.index < program_.slots.size() && (steps.empty() || at < steps.back());
      if (!descends || steps.size() == kMaxShownDepth) return "<" + IdText('s', slot) + ">";
      steps.push_back(at);
    }
    std::string path;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      const std::string& key = program_.slots[step->index].key;
      if (step == steps.rbegin()) {
        path += Plain(key);  // a root's name may be dotted
      } else if (IsIdentifier(key)) {
        path += '.' + key;
      } else {
        path += '[' + Quoted(key) + ']';
      }
    }
    return path;
  }

 private:
  void Line(const std::string& text) {
    out_ += text;
    out_ += '\n';
  }

  void Names(std::string_view what, char letter, const std::vector<std::string>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) { Line(std::string(what) + ' ' + letter + std::to_string(i) + ' ' + Quoted(names[i])); }
  }

  std::string LocationText(const SourceLocation& location) const {
    const bool known = location.file.index < program_.files.size();
    return (known ? Plain(program_.files[location.file.index]) : IdText('f', location.file)) + ':' + std::to_string(location.line) + ':' +
           std::to_string(location.column);
  }

  std::string ConstantText(const Constant& constant) const;
  std::string OperandText(const Instruction& instruction, Operand operand, std::uint32_t value) const;
  void Slots();
  void DumpBlock(BlockId id);
  void DumpPolicy(PolicyId id);
  void DumpRule(RuleId id);
  void DumpRuleParts(const std::string& head, const Rule& rule);
  void DumpImage(const std::string& head, const ImageSpec& image);
  void DumpTable(const Table& table);
  void DumpSigner(const Signer& signer);
  std::string Attributes(const std::string& severity, const std::string& title, const std::string& see) const;

  const Program& program_;
  std::string out_;
};

std::string DoubleText(double real) {
  char room[32];
  const std::to_chars_result end = std::to_chars(room, room + sizeof(room), real);
  return {room, end.ptr};
}

std::string ItemsText(const std::vector<ConstantId>& items) {
  std::string text = "[";
  for (std::size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : " ") + IdText('k', items[i]);
  return text + "]";
}

std::string Dumper::ConstantText(const Constant& constant) const {
  using Kind = Constant::Kind;
  const std::string integer = std::to_string(constant.integer);
  switch (constant.kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return constant.integer != 0 ? "bool true" : "bool false";
    case Kind::kInt: return "int " + integer;
    case Kind::kUint: return "uint " + std::to_string(static_cast<std::uint64_t>(constant.integer));
    case Kind::kDouble: return "double " + DoubleText(constant.real);
    case Kind::kString: return "string " + Quoted(constant.text);
    case Kind::kBytes: return "bytes " + Quoted(constant.text);
    case Kind::kTimestamp: return "timestamp " + integer + "s " + std::to_string(constant.nanos) + "ns";
    case Kind::kDuration: return "duration " + integer + "ns";
    case Kind::kType: return "type " + Quoted(constant.text);
    case Kind::kList: return "list " + ItemsText(constant.items);
    case Kind::kMap: return "map " + ItemsText(constant.items);
    case Kind::kError: {
      const bool known = constant.code < std::size(kErrorNames);
      return "error " + (known ? std::string(kErrorNames[constant.code]) : std::to_string(constant.code)) + ' ' + Quoted(constant.text);
    }
  }
  return "kind " + std::to_string(static_cast<int>(constant.kind));
}

void Dumper::Slots() {
  for (std::size_t i = 0; i < program_.slots.size(); ++i) {
    const Slot& slot = program_.slots[i];
    const bool known = slot.type <= MemberType::kRecord;
    Line("slot " + IdText('s', SlotId(i)) + ' ' + PathOf(SlotId(i)) + ": " +
         (known ? std::string(MemberTypeName(slot.type)) : std::to_string(static_cast<int>(slot.type))) + (slot.whole ? " whole" : ""));
  }
}

// Returns an operand as it is written after the opcode; constants, slots and functions are named beside their number.
std::string Dumper::OperandText(const Instruction& instruction, Operand operand, std::uint32_t value) const {
  switch (operand) {
    case Operand::_: return "";
    case Operand::W:
    case Operand::R:
    case Operand::I:
    case Operand::O:
    case Operand::V: return RegisterText(value);
    case Operand::P:
    case Operand::Q: return RegisterText(value) + ":" + RegisterText(value + 1);
    case Operand::K: {
      const bool known = value < program_.constants.size();
      return IdText('k', ConstantId(value)) + (known ? "(" + ConstantText(program_.constants[value]) + ")" : "");
    }
    case Operand::S: return IdText('s', SlotId(value)) + "(" + PathOf(SlotId(value)) + ")";
    case Operand::G: return IdText('g', RegexId(value));
    case Operand::C: return IdText('c', CellId(value));
    case Operand::J: return "-> " + std::to_string(value);
    case Operand::F: return value < kFunctionCount ? std::string(InfoOf(static_cast<Function>(value)).name) : std::to_string(value);
    case Operand::N: return instruction.op == Opcode::kCall ? "count " + std::to_string(value) : std::to_string(value);
  }
  return std::to_string(value);
}

void Dumper::DumpBlock(BlockId id) {
  const Block& block = program_.blocks[id.index];
  Line("block " + IdText('b', id) + " [" + std::to_string(block.begin) + ", " + std::to_string(block.end) + ") registers " +
       std::to_string(block.register_count));
  for (std::size_t pc = block.begin; pc < block.end && pc < program_.code.size(); ++pc) {
    const Instruction& instruction = program_.code[pc];
    const bool known = static_cast<std::uint16_t>(instruction.op) < kOpcodeCount;
    std::string text = "  " + IdText('b', id) + '@' + std::to_string(pc) + ' ';
    text += known ? std::string(InfoOf(instruction.op).name) : "opcode " + std::to_string(static_cast<int>(instruction.op));
    if (known) {
      const OpcodeInfo& info = InfoOf(instruction.op);
      const char* separator = " ";
      const auto add = [&](Operand operand, std::uint32_t value) {
        const std::string shown = OperandText(instruction, operand, value);
        if (shown.empty()) return;
        text += separator + shown;
        separator = ", ";
      };
      add(info.dst, instruction.dst);
      add(info.a, instruction.a);
      add(info.b, instruction.b);
      add(info.c, instruction.c);
    }
    if (pc < program_.code_locations.size()) text += "  # " + LocationText(program_.code_locations[pc]);
    Line(text);
  }
}

std::string Dumper::Attributes(const std::string& severity, const std::string& title, const std::string& see) const {
  std::string text;
  if (!severity.empty()) text += " severity " + Quoted(severity);
  if (!title.empty()) text += " title " + Quoted(title);
  if (!see.empty()) text += " see " + Quoted(see);
  return text;
}

void Dumper::DumpPolicy(PolicyId id) {
  const Policy& policy = program_.policies[id.index];
  const bool known_target = static_cast<std::size_t>(policy.target) < kTargetCount;
  const bool known_mode = policy.mode <= PolicyMode::kWarn;
  Line("policy " + IdText('p', id) + ' ' + (policy.package.empty() ? "" : Plain(policy.package) + "/") + Plain(policy.name) + " for " +
       (known_target ? std::string(InfoOf(policy.target).name) : std::to_string(static_cast<int>(policy.target))) + ' ' +
       (known_mode ? std::string(PolicyModeName(policy.mode)) : std::to_string(static_cast<int>(policy.mode))) +
       Attributes(policy.severity, policy.title, policy.see) + " at " + LocationText(policy.location));
}

void Dumper::DumpRule(RuleId id) {
  const Rule& rule = program_.rules[id.index];
  const bool known_policy = rule.policy.index < program_.policies.size();
  const bool known_verb = rule.verb <= Verb::kMask;
  const std::string head = "  " + IdText('R', id);
  Line("rule " + IdText('R', id) + ' ' + (known_policy ? Plain(program_.policies[rule.policy.index].name) : IdText('p', rule.policy)) +
       '.' + Plain(rule.id) + ' ' + (known_verb ? std::string(VerbName(rule.verb)) : std::to_string(static_cast<int>(rule.verb))) +
       Attributes(rule.severity, rule.title, rule.see) + " at " + LocationText(rule.location));
  for (const Selector& selector : rule.selectors) Line(head + " on " + Quoted(selector.scope) + ' ' + Quoted(selector.name));
  if (rule.guard.valid() || !rule.guard_text.empty()) Line(head + " when " + IdText('b', rule.guard) + ' ' + Quoted(rule.guard_text));
  DumpRuleParts(head, rule);
}

std::string SignerTermsText(const std::vector<SignerTerm>& terms) {
  std::string text;
  for (const SignerTerm& term : terms) {
    if (term.kind == SignerTerm::Kind::kSigner) {
      text += ' ' + IdText('S', term.signer);
    } else {
      text += " at-least(" + std::to_string(term.needed) + " of " + std::to_string(term.operands) + ')';
    }
  }
  return text;
}

std::string MaskText(const MaskSpec& mask) {
  std::string text;
  for (const std::string& target : mask.targets) text += Quoted(target) + ' ';
  switch (mask.kind) {
    case MaskKind::kKeepLast: return text + "keep last " + std::to_string(mask.count);
    case MaskKind::kKeepFirst: return text + "keep first " + std::to_string(mask.count);
    case MaskKind::kHash: return text + "hash";
    case MaskKind::kReplace: return text + "with " + Quoted(mask.text);
    case MaskKind::kNull: return text + "null";
  }
  return text + std::to_string(static_cast<int>(mask.kind));
}

void Dumper::DumpRuleParts(const std::string& head, const Rule& rule) {
  if (!rule.message.empty()) {
    std::string text;
    for (const MessagePart& part : rule.message) text += ' ' + (part.block.valid() ? IdText('b', part.block) : Quoted(part.text));
    Line(head + " because" + text);
  }
  for (const std::string& scope : rule.needs_scopes) Line(head + " needs scope " + Quoted(scope));
  for (const Discriminator& discriminator : rule.discriminators) {
    std::string text = head + (discriminator.kind == Discriminator::Kind::kEquals ? " only-if " : " only-if-contains ") +
                       IdText('s', discriminator.slot) + '(' + PathOf(discriminator.slot) + ')';
    for (const std::string& value : discriminator.strings) text += ' ' + Quoted(value);
    Line(text);
  }
  if (rule.mask) Line(head + " mask " + MaskText(*rule.mask));
  if (rule.limit) {
    std::string text = head + " limit " + std::to_string(rule.limit->count) + " per " + std::to_string(rule.limit->period_nanos) + "ns";
    for (const BlockId key : rule.limit->keys) text += ' ' + IdText('b', key);
    Line(text + " as " + Quoted(rule.limit->identity));
  }
  if (rule.image) DumpImage(head + " image " + IdText('b', rule.image->image), *rule.image);
}

void Dumper::DumpImage(const std::string& head, const ImageSpec& image) {
  for (const SignatureDemand& demand : image.demands) {
    const std::string what = demand.predicate_type.empty() ? " signed by" : " attested " + Quoted(demand.predicate_type) + " by";
    const std::string condition = demand.condition.valid() ? " where " + IdText('b', demand.condition) : "";
    Line(head + what + SignerTermsText(demand.signers) + condition);
  }
}

void Dumper::DumpTable(const Table& table) {
  const std::string name = Plain(table.name);
  Line("table " + name);
  for (const Column& column : table.columns) {
    const bool known = column.type <= MemberType::kRecord;
    Line("  " + name + '.' + Plain(column.name) + ": " +
         (known ? std::string(MemberTypeName(column.type)) : std::to_string(static_cast<int>(column.type))) + (column.nullable ? "?" : ""));
  }
  for (const Relation& relation : table.relations) {
    const std::string other = Plain(relation.table);
    Line("  " + name + '.' + Plain(relation.name) + ": " + (relation.many ? "many " : "one ") + other + " on " + other + '.' +
         Plain(relation.their_column) + " = " + Plain(relation.our_column));
  }
}

void Dumper::DumpSigner(const Signer& signer) {
  static constexpr std::string_view kKinds[] = {"key", "keyless", "own-pki"};
  const auto kind = static_cast<std::size_t>(signer.kind);
  const std::string head = "signer " + Plain(signer.name);
  std::string text = head + ' ' + (kind < std::size(kKinds) ? std::string(kKinds[kind]) : std::to_string(kind));
  if (signer.kind == Signer::Kind::kKey) {
    text += ' ' + Quoted(signer.key);
  } else {
    text += " issuer " + Quoted(signer.issuer) + " subject " + Quoted(signer.subject);
  }
  if (!signer.trust.empty()) text += " trust " + Quoted(signer.trust);
  if (!signer.trust_digest.empty()) text += " digest " + Quoted(signer.trust_digest);
  Line(text);
  for (const SignerOption& option : signer.options) {
    const bool known = static_cast<std::size_t>(option.kind) < kSignerOptionCount;
    const std::string word = known ? std::string(InfoOf(option.kind).word) : std::to_string(static_cast<int>(option.kind));
    Line(head + ' ' + word + ' ' + (option.name.empty() ? "" : Quoted(option.name) + ' ') + Quoted(option.value));
  }
}

}  // namespace

std::string SlotPath(const Program& program, SlotId slot) { return Dumper(program).PathOf(slot); }

std::string DumpProgram(const Program& program) { return Dumper(program).Dump(); }

}  // namespace writ
