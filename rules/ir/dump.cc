// DumpProgram: a verified program as text, one line per item.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "rules/function/function.h"
#include "rules/ir/enums.h"
#include "rules/ir/places.h"
#include "rules/ir/program.h"
#include "rules/ir/table_storage.h"
#include "rules/ir/text.h"
#include "rules/ir/verify.h"

namespace writ {
namespace {

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
std::string Plain(std::string_view name) {
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '"') return Quoted(name);
  }
  return std::string(name);
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

std::string PathOf(const Program& program, SlotId slot) {
  std::vector<SlotId> steps;
  for (SlotId at = slot; at.valid(); at = program[at].parent) steps.push_back(at);
  std::string path;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const std::string_view key = program[program[*step].key];
    if (step == steps.rbegin()) {
      path += Plain(key);  // a root's name may be dotted
    } else if (IsIdentifier(key)) {
      path.append(".").append(key);
    } else {
      path += '[' + Quoted(key) + ']';
    }
  }
  return path;
}

class Dumper {
 public:
  explicit Dumper(const Program& program) : program_(program), texts_(program), places_(program), types_(TypesOf(program)) {}

  std::string Dump() {
    for (std::size_t i = 0; i < program_.files.size(); ++i)
      Line("file " + IdText('f', FileId(i)) + ' ' + Quoted(Text(program_.files[i].name)));
    for (std::size_t i = 0; i < program_.constants.size(); ++i)
      Line("constant " + IdText('k', ConstantId(i)) + " " + ConstantText(ConstantId(i)));
    Slots();
    for (std::size_t i = 0; i < program_.nodes.size(); ++i) DumpNode(NodeId(i));
    for (std::size_t i = 0; i < program_.lets.size(); ++i) DumpLet(LetId(i));
    for (std::size_t i = 0; i < program_.policies.size(); ++i) DumpPolicy(PolicyId(i));
    for (std::size_t i = 0; i < program_.rules.size(); ++i) DumpRule(RuleId(i));
    for (const Table& table : program_.tables) DumpTable(table);
    for (const Signer& signer : program_.signers) DumpSigner(signer);
    for (const FactSpec& fact : program_.facts)
      Line("fact " + Quoted(Text(fact.kind)) + " key " + IdText('n', fact.key) + ' ' + Quoted(texts_.ShownText(fact.key)) + " in " +
           SlotPath(program_, fact.slot));
    for (const Import& import : program_.imports) Line("import " + Name(import.name));
    for (const ProgramData& data : program_.data) Line("data " + Name(data.name) + " " + std::to_string(Text(data.json).size()) + " bytes");
    return std::move(out_);
  }

 private:
  void Line(const std::string& text) {
    out_ += text;
    out_ += '\n';
  }

  std::string_view Text(TextId text) const { return program_[text]; }
  std::string Name(TextId name) const { return Plain(program_[name]); }
  std::string ShownType(TypeId type) const { return Plain(TypeText(types_, type)); }
  std::string PathText(SlotId slot) const { return '(' + PathOf(program_, slot) + ')'; }
  std::string LocationText(const SourceLocation& location) const {
    return Name(program_[location.file].name) + ':' + std::to_string(location.line) + ':' + std::to_string(location.column);
  }
  std::string QuotedTexts(RangeOf<TextId> texts) const {
    std::string all;
    for (const TextId text : program_[texts]) all += ' ' + Quoted(Text(text));
    return all;
  }

  std::string ConstantText(ConstantId id) const;
  std::string ItemsText(const Constant& constant) const;
  std::string SubjectText(const Node& node) const;
  void Slots();
  void DumpNode(NodeId id);
  void DumpLet(LetId id);
  void DumpPlaces(const std::string& head, PlaceScope scope, FileId file);
  void DumpPolicy(PolicyId id);
  void DumpRule(RuleId id);
  void DumpRuleParts(const std::string& head, const Rule& rule);
  void DumpImage(const std::string& head, const ImageSpec& image);
  void DumpTable(const Table& table);
  std::string StoredText(const Table& table) const;
  std::string OptionsText(const Column& column) const;
  std::string TermsText(const Relation& relation) const;
  void DumpSigner(const Signer& signer);
  std::string MaskText(const MaskSpec& mask) const;
  std::string SignerTermsText(RangeOf<SignerTerm> terms) const;
  std::string Attributes(TextId severity, TextId title, TextId see) const;

  const Program& program_;
  NodeTexts texts_;
  const Places places_;
  std::vector<Type> types_;
  std::string out_;
};

std::string DoubleText(double real) {
  char room[32];
  const std::to_chars_result end = std::to_chars(room, room + sizeof(room), real);
  return {room, end.ptr};
}

std::string Dumper::ItemsText(const Constant& constant) const {
  std::string text;
  for (const ConstantId item : program_[constant.items()]) text += (text.empty() ? "" : " ") + IdText('k', item);
  return '[' + text + ']';
}

std::string BytesText(std::span<const std::byte> bytes) { return Quoted({reinterpret_cast<const char*>(bytes.data()), bytes.size()}); }

std::string Dumper::ConstantText(ConstantId id) const {
  const Constant& constant = program_[id];
  const std::string integer = std::to_string(constant.integer());
  switch (constant.kind) {
    case Kind::kNull: return "null";
    case Kind::kBool: return constant.integer() != 0 ? "bool true" : "bool false";
    case Kind::kInt: return "int " + integer;
    case Kind::kUint: return "uint " + std::to_string(constant.bits);
    case Kind::kDouble: return "double " + DoubleText(constant.real());
    case Kind::kString: return "string " + Quoted(Text(constant.text()));
    case Kind::kBytes: return "bytes " + BytesText(program_[constant.bytes()]);
    case Kind::kTimestamp: return "timestamp " + integer + "s " + std::to_string(constant.nanos) + "ns";
    case Kind::kDuration: return "duration " + integer + "ns";
    case Kind::kType: return "type " + Quoted(Text(constant.text()));
    case Kind::kList: return "list " + ItemsText(constant);
    case Kind::kMap: return "map " + ItemsText(constant);
    case Kind::kError:
      return std::string("error ") + ValueErrorName(static_cast<ValueError>(constant.code)) + ' ' + Quoted(Text(constant.text()));
    case Kind::kAbsent:
    case Kind::kOptional:
    case Kind::kUnknown: break;  // no constant is
  }
  WRIT_CHECK(false);
}

void Dumper::Slots() {
  for (std::size_t i = 0; i < program_.slots.size(); ++i) {
    const Slot& slot = program_.slots[i];
    Line("slot " + IdText('s', SlotId(i)) + ' ' + PathOf(program_, SlotId(i)) + ": " + ShownType(slot.type) + (slot.whole ? " whole" : ""));
  }
}

// What the node names beside its arguments.
std::string Dumper::SubjectText(const Node& node) const {
  if (node.kind == NodeKind::kCall) return " " + std::string(InfoOf(static_cast<Function>(node.detail)).name);
  switch (InfoOf(node.kind).index) {
    case NodeIndex::kNothing: return "";
    case NodeIndex::kConstant:
    case NodeIndex::kMember: return ' ' + IdText('k', ConstantId(node.index)) + "(" + ConstantText(ConstantId(node.index)) + ")";
    case NodeIndex::kSlot:
      return ' ' + IdText('s', SlotId(node.index)) + PathText(SlotId(node.index)) +
             (node.kind == NodeKind::kOptionalSlot ? " plain " + std::to_string(node.detail) : "");
    case NodeIndex::kDepth: return " v" + std::to_string(node.index);
  }
  return "";
}

void Dumper::DumpNode(NodeId id) {
  const Node& node = program_[id];
  std::string text = "node " + IdText('n', id) + ": " + ShownType(node.type) + (node.shared ? " shared " : " ") +
                     std::string(NodeKindName(node.kind)) + SubjectText(node);
  for (const NodeId arg : program_.args(node)) text += ' ' + IdText('n', arg);
  Line(text);
}

std::string Dumper::Attributes(TextId severity, TextId title, TextId see) const {
  std::string text;
  if (severity != kNoText) text += " severity " + Quoted(Text(severity));
  if (title != kNoText) text += " title " + Quoted(Text(title));
  if (see != kNoText) text += " see " + Quoted(Text(see));
  return text;
}

void Dumper::DumpLet(LetId id) {
  const Let& let = program_[id];
  Line("let " + Name(let.name) + ' ' + IdText('n', let.value));
  DumpPlaces("  " + Name(let.name), ScopeOf(program_, id), FileId());
}

// "  R0 at n3 8:12, n6 8:31 in on_call, n9 other.writ:3:4": `file` goes without saying.
void Dumper::DumpPlaces(const std::string& head, PlaceScope scope, FileId file) {
  std::string text;
  for (const PlacedNode& placed : places_.Read(scope)) {
    const std::string place = LocationText(placed.place);
    const std::size_t skipped = placed.place.file == file ? Name(program_[file].name).size() + 1 : 0;
    text += (text.empty() ? " at " : ", ") + IdText('n', placed.node) + ' ' + place.substr(skipped);
    if (placed.let.valid()) text += " in " + Name(program_[placed.let].name);
  }
  if (!text.empty()) Line(head + text);
}

// " combining deny-overrides on error allow skip deny skip require skip match skip".
std::string CombiningText(const Combining& row) {
  std::string text = " combining " + std::string(CombiningAlgorithmName(row.algorithm)) + " on error";
  const std::pair<std::string_view, OnError> errors[] = {
      {" allow ", row.allow}, {" deny ", row.deny}, {" require ", row.require}, {" match ", row.match}};
  for (const auto& [what, error] : errors) text.append(what).append(OnErrorName(error));
  return text;
}

void Dumper::DumpPolicy(PolicyId id) {
  const Policy& policy = program_[id];
  Line("policy " + IdText('p', id) + ' ' + (policy.package == kNoText ? "" : Name(policy.package) + "/") + Name(policy.name) + " for " +
       std::string(InfoOf(policy.target).name) + ' ' + std::string(PolicyModeName(policy.mode)) +
       Attributes(policy.severity, policy.title, policy.see) + " at " + LocationText(policy.location));
  const std::string head = "  " + IdText('p', id);
  if (policy.combining != 0) Line(head + CombiningText(program_.combinings[policy.combining - 1U]));
  const NodeId match = program_.match(id);
  if (match.valid()) Line(head + " match " + IdText('n', match) + ' ' + Quoted(texts_.ShownText(match)));
}

void Dumper::DumpRule(RuleId id) {
  const Rule& rule = program_[id];
  const RuleDetails& details = program_.details(id);
  const std::string head = "  " + IdText('R', id);
  Line("rule " + IdText('R', id) + ' ' + Name(program_.policy(rule).name) + '.' + Name(details.id) + ' ' +
       std::string(VerbName(rule.verb)) + Attributes(details.severity, details.title, details.see) + " at " +
       LocationText(program_.location(rule)) + (program_.rule_keys.empty() ? "" : " key " + RuleKeyText(program_.key(id))));
  for (const Selector& selector : program_[details.selectors])
    Line(head + " on " + Quoted(Text(selector.scope)) + ' ' + Quoted(Text(selector.name)));
  if (rule.guard.valid()) Line(head + " when " + IdText('n', rule.guard) + ' ' + Quoted(texts_.ShownText(rule.guard)));
  DumpRuleParts(head, rule);
  DumpPlaces(head, ScopeOf(program_, id), program_.location(rule).file);
}

std::string Dumper::SignerTermsText(RangeOf<SignerTerm> terms) const {
  std::string text;
  for (const SignerTerm& term : program_[terms]) {
    if (term.kind == SignerTerm::Kind::kSigner) {
      text += ' ' + IdText('S', term.signer);
    } else {
      text += " at-least(" + std::to_string(term.needed) + " of " + std::to_string(term.operands) + ')';
    }
  }
  return text;
}

std::string Dumper::MaskText(const MaskSpec& mask) const {
  const std::string text = QuotedTexts(mask.targets) + ' ';
  switch (mask.kind) {
    case MaskKind::kKeepLast: return text + "keep last " + std::to_string(mask.count);
    case MaskKind::kKeepFirst: return text + "keep first " + std::to_string(mask.count);
    case MaskKind::kHash: return text + "hash";
    case MaskKind::kReplace: return text + "with " + Quoted(Text(mask.text));
    case MaskKind::kNull: return text + "null";
  }
  WRIT_CHECK(false);
}

void Dumper::DumpRuleParts(const std::string& head, const Rule& rule) {
  const RuleDetails& details = program_.details(rule);
  std::string message;
  for (const MessagePart& part : program_[details.message])
    message += ' ' + (part.value.valid() ? IdText('n', part.value) : Quoted(Text(part.text)));
  if (!message.empty()) Line(head + " because" + message);
  for (const TextId scope : program_[rule.needs_scopes]) Line(head + " needs scope " + Quoted(Text(scope)));
  for (const Discriminator& discriminator : program_[details.discriminators]) {
    Line(head + (discriminator.kind == Discriminator::Kind::kEquals ? " only-if " : " only-if-contains ") +
         IdText('s', discriminator.slot) + PathText(discriminator.slot) + QuotedTexts(discriminator.strings));
  }
  if (const MaskSpec* mask = program_.mask(rule)) Line(head + " mask" + MaskText(*mask));
  if (const LimitSpec* limit = program_.limit(rule)) {
    std::string text = head + " limit " + std::to_string(limit->count) + " per " + std::to_string(limit->period_nanos) + "ns";
    for (const LimitKey& key : program_[limit->keys]) text += ' ' + IdText('n', key.value);
    Line(text + " as " + Quoted(Text(limit->identity)));
  }
  if (const ImageSpec* image = program_.image(rule)) DumpImage(head + " image " + IdText('n', image->image), *image);
}

void Dumper::DumpImage(const std::string& head, const ImageSpec& image) {
  for (const SignatureDemand& demand : program_[image.demands]) {
    const bool is_signature = demand.predicate_type == kNoText;
    const std::string what = is_signature ? " signed by" : " attested " + Quoted(Text(demand.predicate_type)) + " by";
    const std::string condition = demand.condition.valid() ? " where " + IdText('n', demand.condition) : "";
    Line(head + what + SignerTermsText(demand.signers) + condition);
  }
}

std::string DialectText(SqlDialect dialect) { return dialect == SqlDialect::kAny ? "" : " on " + std::string(SqlDialectName(dialect)); }

std::string Dumper::StoredText(const Table& table) const {
  std::string text;
  for (const StoredName& stored : StoredNamesOf(program_, table))
    text += ", name " + Quoted(Text(stored.name)) + DialectText(stored.dialect);
  return text;
}

std::string Dumper::OptionsText(const Column& column) const {
  std::string text;
  for (const ColumnOption& option : OptionsOf(program_, column)) {
    text += ", " + std::string(ColumnOptionName(option.kind));
    if (option.text != kNoText) text += ' ' + Quoted(Text(option.text));
    text += DialectText(option.dialect);
  }
  return text;
}

std::string Dumper::TermsText(const Relation& relation) const {
  std::string text;
  for (const RelationTerm& term : TermsOf(program_, relation)) {
    text += " and " + Name(relation.table) + '.' + Name(term.their_column) + " = ";
    text += term.value.valid() ? ConstantText(term.value) : Name(term.our_column);
  }
  return text;
}

void Dumper::DumpTable(const Table& table) {
  const std::string name = Name(table.name);
  Line("table " + name + StoredText(table));
  for (const Column& column : program_[table.columns])
    Line("  " + name + '.' + Name(column.name) + ": " + ShownType(column.type) + OptionsText(column));
  for (const Relation& relation : program_[table.relations]) {
    const std::string other = Name(relation.table);
    Line("  " + name + '.' + Name(relation.name) + ": " + (relation.many ? "many " : "one ") + other + " on " + other + '.' +
         Name(relation.their_column) + " = " + Name(relation.our_column) + TermsText(relation));
  }
}

void Dumper::DumpSigner(const Signer& signer) {
  static constexpr std::string_view kKinds[] = {"key", "keyless", "own-pki"};
  const std::string head = "signer " + Name(signer.name);
  std::string text = head + ' ' + std::string(kKinds[static_cast<std::size_t>(signer.kind)]);
  if (signer.kind == Signer::Kind::kKey) {
    text += ' ' + Quoted(Text(signer.key));
  } else {
    text += " issuer " + Quoted(Text(signer.issuer)) + " subject " + Quoted(Text(signer.subject));
  }
  if (signer.trust != kNoText) text += " trust " + Quoted(Text(signer.trust));
  if (signer.trust_digest != kNoText) text += " digest " + Quoted(Text(signer.trust_digest));
  Line(text);
  for (const SignerOption& option : program_[signer.options]) {
    Line(head + ' ' + std::string(InfoOf(option.kind).word) + ' ' + (option.name == kNoText ? "" : Quoted(Text(option.name)) + ' ') +
         Quoted(Text(option.value)));
  }
}

}  // namespace

std::string SlotPath(const Program& program, SlotId slot) { return PathOf(program, slot); }

std::string DumpProgram(const VerifiedProgram& program) { return Dumper(program.program()).Dump(); }

}  // namespace writ
