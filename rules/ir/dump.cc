// DumpProgram: the program as text, one line per item. Works on programs that nobody has verified, so every id is looked up
// only when it is in range and shown as it is otherwise.
#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <string>
#include <string_view>

#include "rules/function/function.h"
#include "rules/ir/program.h"
#include "rules/ir/text.h"
#include "rules/ir/verify.h"
#include "rules/model/error_list.h"

namespace writ {
namespace {

constexpr std::size_t kMaxShownDepth = 256;  // slots nested deeper than any verified program's are shown by their id

constexpr std::size_t kMaxShownTypeParts = 1'000;  // larger types than any verified program's are shown by their id

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

class Dumper {
 public:
  explicit Dumper(const Program& program, NodeTexts* texts = nullptr) : program_(program), texts_(texts) {}

  std::string Dump() {
    Names("file", 'f', program_.files);
    for (std::size_t i = 0; i < program_.constants.size(); ++i) {
      Line("constant " + IdText('k', ConstantId(i)) + " " + ConstantText(program_.constants[i]));
    }
    MeasureTypes();
    Slots();
    for (std::size_t i = 0; i < program_.nodes.size(); ++i) DumpNode(NodeId(i));
    for (const Let& let : program_.lets) Line("let " + Plain(let.name) + ' ' + IdText('n', let.value));
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
  void MeasureTypes();
  std::string ShownType(TypeId id) const;
  std::string SubjectText(const Node& node) const;
  void Slots();
  void DumpNode(NodeId id);
  void DumpPolicy(PolicyId id);
  void DumpRule(RuleId id);
  void DumpRuleParts(const std::string& head, const Rule& rule);
  void DumpImage(const std::string& head, const ImageSpec& image);
  void DumpTable(const Table& table);
  void DumpSigner(const Signer& signer);
  std::string Attributes(const std::string& severity, const std::string& title, const std::string& see) const;

  const Program& program_;
  NodeTexts* texts_;  // nullptr: of a program that may have no texts
  std::string out_;
  std::vector<bool> is_shown_type_;  // refers backwards, and is not large when written out
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
    Line("slot " + IdText('s', SlotId(i)) + ' ' + PathOf(SlotId(i)) + ": " + ShownType(slot.type) + (slot.whole ? " whole" : ""));
  }
}

void Dumper::MeasureTypes() {
  std::vector<std::size_t> sizes;
  for (const Type& type : program_.types) {
    std::size_t size = 1;
    for (const TypeId part : type.parameters) size += part.index < sizes.size() ? sizes[part.index] : kMaxShownTypeParts + 1;
    sizes.push_back(std::min(size, kMaxShownTypeParts + 1));
    is_shown_type_.push_back(size <= kMaxShownTypeParts);
  }
}

std::string Dumper::ShownType(TypeId id) const {
  const bool is_shown = id.index < is_shown_type_.size() && is_shown_type_[id.index];
  return is_shown ? Plain(TypeText(program_.types, id)) : IdText('t', id);
}

// What the node names beside its arguments.
std::string Dumper::SubjectText(const Node& node) const {
  switch (node.kind) {
    case NodeKind::kConstant:
    case NodeKind::kSelect:
    case NodeKind::kHasMember:
    case NodeKind::kOptionalSelect: {
      const bool known = node.index < program_.constants.size();
      return ' ' + IdText('k', ConstantId(node.index)) + (known ? "(" + ConstantText(program_.constants[node.index]) + ")" : "");
    }
    case NodeKind::kSlot:
    case NodeKind::kHasSlot: return ' ' + IdText('s', SlotId(node.index)) + "(" + PathOf(SlotId(node.index)) + ")";
    case NodeKind::kOptionalSlot:
      return ' ' + IdText('s', SlotId(node.index)) + "(" + PathOf(SlotId(node.index)) + ") plain " + std::to_string(node.detail);
    case NodeKind::kCall:
      return node.detail < kFunctionCount ? " " + std::string(InfoOf(static_cast<Function>(node.detail)).name)
                                          : " function " + std::to_string(node.detail);
    default:  // NOLINT: variables, and what binds one
      return node.kind == NodeKind::kVariable || BindsVariable(node.kind) ? " v" + std::to_string(node.index) : "";
  }
}

void Dumper::DumpNode(NodeId id) {
  const Node& node = program_.nodes[id.index];
  std::string text = "node " + IdText('n', id) + ": " + ShownType(node.type) + (node.shared ? " shared " : " ");
  const bool known = static_cast<std::size_t>(node.kind) < kNodeKindCount;
  text += known ? std::string(NodeKindName(node.kind)) + SubjectText(node) : "kind " + std::to_string(static_cast<int>(node.kind));
  for (std::size_t i = 0; i < node.arg_count; ++i) {
    const std::size_t at = std::size_t{node.first_arg} + i;
    if (at >= program_.node_args.size()) {
      text += " ?";
      break;
    }
    text += ' ' + IdText('n', program_.node_args[at]);
  }
  Line(text);
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
  if (rule.guard.valid()) {
    Line(head + " when " + IdText('n', rule.guard) + (texts_ == nullptr ? "" : ' ' + Quoted(texts_->ShownText(rule.guard))));
  }
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
    for (const MessagePart& part : rule.message) text += ' ' + (part.value.valid() ? IdText('n', part.value) : Quoted(part.text));
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
    for (const NodeId key : rule.limit->keys) text += ' ' + IdText('n', key);
    Line(text + " as " + Quoted(rule.limit->identity));
  }
  if (rule.image) DumpImage(head + " image " + IdText('n', rule.image->image), *rule.image);
}

void Dumper::DumpImage(const std::string& head, const ImageSpec& image) {
  for (const SignatureDemand& demand : image.demands) {
    const std::string what = demand.predicate_type.empty() ? " signed by" : " attested " + Quoted(demand.predicate_type) + " by";
    const std::string condition = demand.condition.valid() ? " where " + IdText('n', demand.condition) : "";
    Line(head + what + SignerTermsText(demand.signers) + condition);
  }
}

void Dumper::DumpTable(const Table& table) {
  const std::string name = Plain(table.name);
  Line("table " + name);
  for (const Column& column : table.columns) { Line("  " + name + '.' + Plain(column.name) + ": " + ShownType(column.type)); }
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

std::string DumpProgram(const VerifiedProgram& program) {
  NodeTexts texts(program.program());
  return Dumper(program.program(), &texts).Dump();
}

}  // namespace writ
