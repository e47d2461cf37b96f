// Writing and loading bundles; the layout is docs/bundle_format.md, and Write…/Read… below stand in its order.
#include "rules/bundle/bundle.h"

#include <openssl/evp.h>

#include <array>
#include <bit>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "rules/base/check.h"
#include "rules/bundle/coding.h"
#include "rules/function/function.h"
#include "rules/model/error_list.h"

namespace writ {
namespace {

constexpr std::string_view kMagic = "\x89WRITB\r\n";
constexpr std::uint32_t kVersion = 5;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kHeaderBytes = 8 + 4 + 8 + kDigestBytes;

constexpr std::string_view kErrorNames[] = {
#define WRIT_NAME(name, text) #name,
    WRIT_VALUE_ERRORS(WRIT_NAME)
#undef WRIT_NAME
};

std::string Sha256(std::string_view body) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  WRIT_CHECK(EVP_Digest(body.data(), body.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1 && size == kDigestBytes);
  return {reinterpret_cast<const char*>(digest.data()), kDigestBytes};
}

std::string DigestText(std::string_view digest) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "sha256:";
  for (const char c : digest) {
    const auto byte = static_cast<unsigned char>(c);
    text += kHex[byte >> 4U];
    text += kHex[byte & 0xFU];
  }
  return text;
}

Error Corrupt(const std::string& message) { return {ErrorCode::kCorrupt, message}; }

// ---- names of enumerators --------------------------------------------------------------------------------------------

std::string_view NameOf(NodeKind kind) { return NodeKindName(kind); }
std::string_view NameOf(Function function) { return InfoOf(function).name; }
std::string_view NameOf(Target target) { return InfoOf(target).name; }
std::string_view NameOf(Verb verb) { return VerbName(verb); }
std::string_view NameOf(PolicyMode mode) { return PolicyModeName(mode); }
enum class ErrorKind : std::uint16_t {};  // ValueError, without the header of values
std::string_view NameOf(ErrorKind kind) { return kErrorNames[static_cast<std::size_t>(kind)]; }

template <typename Enum>
inline constexpr std::size_t kCountOf = 0;
template <>
inline constexpr std::size_t kCountOf<NodeKind> = kNodeKindCount;
template <>
inline constexpr std::size_t kCountOf<Function> = kFunctionCount;
template <>
inline constexpr std::size_t kCountOf<Target> = kTargetCount;
template <>
inline constexpr std::size_t kCountOf<Verb> = static_cast<std::size_t>(Verb::kMask) + 1;
template <>
inline constexpr std::size_t kCountOf<PolicyMode> = static_cast<std::size_t>(PolicyMode::kWarn) + 1;
template <>
inline constexpr std::size_t kCountOf<ErrorKind> = std::size(kErrorNames);

template <typename Enum>
std::optional<Enum> TryFindByName(std::string_view name) {
  for (std::size_t i = 0; i < kCountOf<Enum>; ++i) {
    const Enum value = static_cast<Enum>(i);
    if (NameOf(value) == name) return value;
  }
  return std::nullopt;
}

// ---- writing ---------------------------------------------------------------------------------------------------------

class ProgramWriter {
 public:
  explicit ProgramWriter(const Program& program) : program_(program) {}

  std::string Write() {
    CollectNames();
    List(kind_names_, [this](NodeKind kind) { Name(kind); });
    List(function_names_, [this](Function function) { Name(function); });
    Strings(program_.files);
    List(program_.constants, [this](const Constant& constant) { WriteConstant(constant); });
    List(program_.types, [this](const Type& type) { WriteType(type); });
    List(program_.slots, [this](const Slot& slot) {
      out_.WriteId(slot.parent);
      out_.WriteString(slot.key);
      out_.WriteId(slot.type);
      out_.WriteBool(slot.whole);
    });
    WriteNodes();
    List(program_.lets, [this](const Let& let) {
      out_.WriteString(let.name);
      out_.WriteId(let.value);
    });
    List(program_.policies, [this](const Policy& policy) { WritePolicy(policy); });
    List(program_.rules, [this](const Rule& rule) { WriteRule(rule); });
    List(program_.tables, [this](const Table& table) { WriteTable(table); });
    List(program_.signers, [this](const Signer& signer) {
      out_.WriteString(signer.name);
      out_.WriteUint(static_cast<std::uint64_t>(signer.kind));
      for (const std::string* text : {&signer.issuer, &signer.subject, &signer.trust, &signer.trust_digest, &signer.key})
        out_.WriteString(*text);
      List(signer.options, [this](const SignerOption& option) {
        out_.WriteUint(static_cast<std::uint64_t>(option.kind));
        out_.WriteString(option.name);
        out_.WriteString(option.value);
      });
      WriteLocation(signer.location);
    });
    Strings(program_.imports);
    List(program_.data, [this](const ProgramData& data) {
      out_.WriteString(data.name);
      out_.WriteString(data.json);
    });
    return out_.Finish();
  }

 private:
  template <typename Items, typename WriteItem>
  void List(const Items& items, WriteItem write_item) {
    out_.WriteUint(items.size());
    for (const auto& item : items) write_item(item);
  }
  void Strings(const std::vector<std::string>& strings) {
    List(strings, [this](const std::string& text) { out_.WriteString(text); });
  }
  template <typename Id>
  void Ids(const std::vector<Id>& ids) {
    List(ids, [this](Id id) { out_.WriteId(id); });
  }
  template <typename Enum>
  void Name(Enum value) {
    WRIT_CHECK(static_cast<std::size_t>(value) < kCountOf<Enum>);
    out_.WriteString(NameOf(value));
  }

  void CollectNames() {
    kind_position_.assign(kNodeKindCount, kUnused);
    function_position_.assign(kFunctionCount, kUnused);
    for (const Node& node : program_.nodes) {
      Collect(node.kind, kind_position_, kind_names_);
      if (node.kind == NodeKind::kCall) Collect(static_cast<Function>(node.detail), function_position_, function_names_);
    }
  }
  template <typename Enum>
  static void Collect(Enum value, std::vector<std::uint32_t>& positions, std::vector<Enum>& names) {
    WRIT_CHECK(static_cast<std::size_t>(value) < positions.size());
    std::uint32_t& position = positions[static_cast<std::size_t>(value)];
    if (position != kUnused) return;
    position = static_cast<std::uint32_t>(names.size());
    names.push_back(value);
  }

  void WriteNodes() {
    out_.WriteUint(program_.nodes.size());
    for (const Node& node : program_.nodes) {
      const bool is_call = node.kind == NodeKind::kCall;
      out_.WriteUint(kind_position_[static_cast<std::size_t>(node.kind)]);
      out_.WriteBool(node.shared);
      out_.WriteUint(is_call ? function_position_[node.detail] : node.detail);
      out_.WriteUint(node.index);
      out_.WriteId(node.type);
      out_.WriteUint(node.arg_count);
      for (const NodeId arg : program_.args(node)) out_.WriteId(arg);
    }
  }

  void WriteType(const Type& type) {
    out_.WriteUint(static_cast<std::uint64_t>(type.kind));
    out_.WriteString(type.name);
    Ids(type.parameters);
    List(type.fields, [this](const RecordField& field) {
      out_.WriteString(field.name);
      out_.WriteId(field.type);
      out_.WriteBool(field.optional);
    });
    out_.WriteBool(type.open);
  }

  void WriteLocation(const SourceLocation& location) {
    out_.WriteId(location.file);
    out_.WriteUint(location.line);
    out_.WriteUint(location.column);
  }

  void WriteConstant(const Constant& constant) {
    using Kind = Constant::Kind;
    out_.WriteUint(static_cast<std::uint64_t>(constant.kind));
    switch (constant.kind) {
      case Kind::kNull: return;
      case Kind::kBool: return out_.WriteBool(constant.integer != 0);
      case Kind::kInt:
      case Kind::kDuration: return out_.WriteInt(constant.integer);
      case Kind::kUint: return out_.WriteUint(static_cast<std::uint64_t>(constant.integer));
      case Kind::kDouble: return out_.WriteFixed64(std::bit_cast<std::uint64_t>(constant.real));
      case Kind::kString:
      case Kind::kBytes:
      case Kind::kType: return out_.WriteString(constant.text);
      case Kind::kTimestamp: out_.WriteInt(constant.integer); return out_.WriteUint(constant.nanos);
      case Kind::kList:
      case Kind::kMap: return Ids(constant.items);
      case Kind::kError: Name(static_cast<ErrorKind>(constant.code)); return out_.WriteString(constant.text);
    }
    WRIT_CHECK(false);
  }

  void WritePolicy(const Policy& policy) {
    out_.WriteString(policy.name);
    out_.WriteString(policy.package);
    Name(policy.target);
    Name(policy.mode);
    for (const std::string* text : {&policy.severity, &policy.title, &policy.see}) out_.WriteString(*text);
    WriteLocation(policy.location);
  }

  void WriteRule(const Rule& rule) {
    out_.WriteId(rule.policy);
    Name(rule.verb);
    for (const std::string* text : {&rule.id, &rule.severity, &rule.title, &rule.see}) out_.WriteString(*text);
    WriteLocation(rule.location);
    List(rule.selectors, [this](const Selector& selector) {
      out_.WriteString(selector.scope);
      out_.WriteString(selector.name);
    });
    out_.WriteId(rule.guard);
    List(rule.message, [this](const MessagePart& part) {
      out_.WriteString(part.text);
      out_.WriteId(part.value);
    });
    Strings(rule.needs_scopes);
    List(rule.discriminators, [this](const Discriminator& discriminator) {
      out_.WriteUint(static_cast<std::uint64_t>(discriminator.kind));
      out_.WriteId(discriminator.slot);
      Strings(discriminator.strings);
    });
    WriteRuleParts(rule);
  }

  void WriteRuleParts(const Rule& rule) {
    out_.WriteBool(rule.mask.has_value());
    if (rule.mask) {
      Strings(rule.mask->targets);
      out_.WriteUint(static_cast<std::uint64_t>(rule.mask->kind));
      out_.WriteUint(rule.mask->count);
      out_.WriteString(rule.mask->text);
    }
    out_.WriteBool(rule.limit.has_value());
    if (rule.limit) {
      out_.WriteUint(rule.limit->count);
      out_.WriteInt(rule.limit->period_nanos);
      Ids(rule.limit->keys);
      out_.WriteString(rule.limit->identity);
    }
    out_.WriteBool(rule.image.has_value());
    if (!rule.image) return;
    out_.WriteId(rule.image->image);
    List(rule.image->demands, [this](const SignatureDemand& demand) { WriteDemand(demand); });
  }

  void WriteDemand(const SignatureDemand& demand) {
    List(demand.signers, [this](const SignerTerm& term) {
      out_.WriteUint(static_cast<std::uint64_t>(term.kind));
      if (term.kind == SignerTerm::Kind::kSigner) return out_.WriteId(term.signer);
      out_.WriteUint(term.needed);
      out_.WriteUint(term.operands);
    });
    out_.WriteString(demand.predicate_type);
    out_.WriteId(demand.condition);
  }

  void WriteTable(const Table& table) {
    out_.WriteString(table.name);
    List(table.columns, [this](const Column& column) {
      out_.WriteString(column.name);
      out_.WriteId(column.type);
    });
    List(table.relations, [this](const Relation& relation) {
      out_.WriteString(relation.name);
      out_.WriteBool(relation.many);
      for (const std::string* text : {&relation.table, &relation.their_column, &relation.our_column}) out_.WriteString(*text);
    });
  }

  static constexpr std::uint32_t kUnused = ~0U;
  const Program& program_;
  BodyWriter out_;
  std::vector<NodeKind> kind_names_;
  std::vector<Function> function_names_;
  std::vector<std::uint32_t> kind_position_, function_position_;  // by enumerator
};

// ---- reading ---------------------------------------------------------------------------------------------------------

// Reads a program from a body. The reader remembers its first failure and then gives zeros, so that the code below reads as
// the format does; every list is bounded by the bytes that are left, so a failure ends all loops quickly.
class ProgramReader {
 public:
  explicit ProgramReader(std::string_view body) : in_(body) {}

  Result<Program> Read() {
    in_.ReadStringTable();
    List(kind_names_, 1, [this](NodeKind& kind) { kind = Name<NodeKind>("kind of expression"); });
    List(function_names_, 1, [this](Function& function) { function = Name<Function>("function"); });
    Strings(program_.files);
    List(program_.constants, 1, [this](Constant& constant) { ReadConstant(constant); });
    List(program_.types, 5, [this](Type& type) { ReadType(type); });
    List(program_.slots, 4, [this](Slot& slot) {
      slot.parent = in_.ReadId<SlotId>();
      slot.key = in_.ReadString();
      slot.type = in_.ReadId<TypeId>();
      slot.whole = in_.ReadBool();
    });
    ReadNodes();
    List(program_.lets, 2, [this](Let& let) {
      let.name = in_.ReadString();
      let.value = in_.ReadId<NodeId>();
    });
    List(program_.policies, 10, [this](Policy& policy) { ReadPolicy(policy); });
    List(program_.rules, 18, [this](Rule& rule) { ReadRule(rule); });
    List(program_.tables, 3, [this](Table& table) { ReadTable(table); });
    List(program_.signers, 11, [this](Signer& signer) {
      signer.name = in_.ReadString();
      signer.kind = Numbered(Signer::Kind::kOwnPki, "kind of signer");
      for (std::string* text : {&signer.issuer, &signer.subject, &signer.trust, &signer.trust_digest, &signer.key})
        *text = in_.ReadString();
      List(signer.options, 3, [this](SignerOption& option) {
        option.kind = Numbered(static_cast<SignerOptionKind>(kSignerOptionCount - 1), "signer option");
        option.name = in_.ReadString();
        option.value = in_.ReadString();
      });
      signer.location = ReadLocation();
    });
    Strings(program_.imports);
    List(program_.data, 2, [this](ProgramData& data) {
      data.name = in_.ReadString();
      data.json = in_.ReadString();
    });
    in_.ExpectEnd();
    if (in_.failed()) return in_.error();
    return std::move(program_);
  }

 private:
  // Reads a list whose items take at least `min_bytes` each.
  template <typename Item, typename ReadItem>
  void List(std::vector<Item>& items, std::size_t min_bytes, ReadItem read_item) {
    const std::size_t count = in_.ReadCount(min_bytes);
    items.resize(count);
    for (Item& item : items) {
      if (in_.failed()) return;
      read_item(item);
    }
  }
  void Strings(std::vector<std::string>& strings) {
    List(strings, 1, [this](std::string& text) { text = in_.ReadString(); });
  }
  template <typename Id>
  void Ids(std::vector<Id>& ids) {
    List(ids, 1, [this](Id& id) { id = in_.ReadId<Id>(); });
  }

  template <typename Enum>
  Enum Name(const char* what) {
    const std::string name = in_.ReadString();
    if (in_.failed()) return Enum{};
    if (const std::optional<Enum> found = TryFindByName<Enum>(name)) return *found;
    in_.Fail({ErrorCode::kVersionUnknown,
              "the bundle uses the " + std::string(what) + " `" + name + "`, which this version of writ does not know"});
    return Enum{};
  }
  // Reads a number below `count`, written as such.
  template <typename Enum>
  Enum Numbered(Enum last, const char* what) {
    const std::uint64_t number = in_.ReadUint();
    if (number <= static_cast<std::uint64_t>(last)) return static_cast<Enum>(number);
    in_.Fail(Corrupt("the bundle has a " + std::string(what) + " of no known kind"));
    return Enum{};
  }
  template <typename Enum>
  Enum Positioned(const std::vector<Enum>& names, const char* what) {
    const std::uint64_t position = in_.ReadUint();
    if (position < names.size()) return names[position];
    in_.Fail(Corrupt("the bundle uses " + std::string(what) + " that it does not list"));
    return Enum{};
  }

  SourceLocation ReadLocation() {
    SourceLocation location;
    location.file = in_.ReadId<FileId>();
    location.line = in_.ReadUint32();
    location.column = in_.ReadUint32();
    return location;
  }

  void ReadNodes() {
    List(program_.nodes, 6, [this](Node& node) {
      node.kind = Positioned(kind_names_, "a kind of expression");
      node.shared = in_.ReadBool();
      const bool is_call = node.kind == NodeKind::kCall;
      node.detail = is_call ? static_cast<std::uint16_t>(Positioned(function_names_, "a function")) : in_.ReadUint16();
      node.index = in_.ReadUint32();
      node.type = in_.ReadId<TypeId>();
      node.first_arg = static_cast<std::uint32_t>(program_.node_args.size());
      node.arg_count = static_cast<std::uint32_t>(in_.ReadCount(1));
      for (std::uint32_t i = 0; i < node.arg_count; ++i) program_.node_args.push_back(in_.ReadId<NodeId>());
    });
  }

  void ReadType(Type& type) {
    type.kind = Numbered(TypeKind::kParameter, "type");
    type.name = in_.ReadString();
    Ids(type.parameters);
    List(type.fields, 3, [this](RecordField& field) {
      field.name = in_.ReadString();
      field.type = in_.ReadId<TypeId>();
      field.optional = in_.ReadBool();
    });
    type.open = in_.ReadBool();
  }

  void ReadConstant(Constant& constant) {
    using Kind = Constant::Kind;
    constant.kind = Numbered(Kind::kError, "constant");
    switch (constant.kind) {
      case Kind::kNull: break;
      case Kind::kBool: constant.integer = in_.ReadBool() ? 1 : 0; break;
      case Kind::kInt:
      case Kind::kDuration: constant.integer = in_.ReadInt(); break;
      case Kind::kUint: constant.integer = static_cast<std::int64_t>(in_.ReadUint()); break;
      case Kind::kDouble: constant.real = std::bit_cast<double>(in_.ReadFixed64()); break;
      case Kind::kString:
      case Kind::kBytes:
      case Kind::kType: constant.text = in_.ReadString(); break;
      case Kind::kTimestamp:
        constant.integer = in_.ReadInt();
        constant.nanos = in_.ReadUint32();
        break;
      case Kind::kList:
      case Kind::kMap: Ids(constant.items); break;
      case Kind::kError:
        constant.code = static_cast<std::uint16_t>(Name<ErrorKind>("error"));
        constant.text = in_.ReadString();
        break;
    }
  }

  void ReadPolicy(Policy& policy) {
    policy.name = in_.ReadString();
    policy.package = in_.ReadString();
    policy.target = Name<Target>("target");
    policy.mode = Name<PolicyMode>("mode");
    for (std::string* text : {&policy.severity, &policy.title, &policy.see}) *text = in_.ReadString();
    policy.location = ReadLocation();
  }

  void ReadRule(Rule& rule) {
    rule.policy = in_.ReadId<PolicyId>();
    rule.verb = Name<Verb>("verb");
    for (std::string* text : {&rule.id, &rule.severity, &rule.title, &rule.see}) *text = in_.ReadString();
    rule.location = ReadLocation();
    List(rule.selectors, 2, [this](Selector& selector) {
      selector.scope = in_.ReadString();
      selector.name = in_.ReadString();
    });
    rule.guard = in_.ReadId<NodeId>();
    List(rule.message, 2, [this](MessagePart& part) {
      part.text = in_.ReadString();
      part.value = in_.ReadId<NodeId>();
    });
    Strings(rule.needs_scopes);
    List(rule.discriminators, 3, [this](Discriminator& discriminator) {
      discriminator.kind = Numbered(Discriminator::Kind::kContains, "discriminator");
      discriminator.slot = in_.ReadId<SlotId>();
      Strings(discriminator.strings);
    });
    ReadRuleParts(rule);
  }

  void ReadRuleParts(Rule& rule) {
    if (in_.ReadBool()) {
      MaskSpec& mask = rule.mask.emplace();
      Strings(mask.targets);
      mask.kind = Numbered(MaskKind::kNull, "mask");
      mask.count = in_.ReadUint32();
      mask.text = in_.ReadString();
    }
    if (in_.ReadBool()) {
      LimitSpec& limit = rule.limit.emplace();
      limit.count = in_.ReadUint();
      limit.period_nanos = in_.ReadInt();
      Ids(limit.keys);
      limit.identity = in_.ReadString();
    }
    if (!in_.ReadBool()) return;
    ImageSpec& image = rule.image.emplace();
    image.image = in_.ReadId<NodeId>();
    List(image.demands, 4, [this](SignatureDemand& demand) { ReadDemand(demand); });
  }

  void ReadDemand(SignatureDemand& demand) {
    List(demand.signers, 2, [this](SignerTerm& term) {
      term.kind = Numbered(SignerTerm::Kind::kAtLeast, "signer term");
      if (term.kind == SignerTerm::Kind::kSigner) {
        term.signer = in_.ReadId<SignerId>();
      } else {
        term.needed = in_.ReadUint32();
        term.operands = in_.ReadUint32();
      }
    });
    demand.predicate_type = in_.ReadString();
    demand.condition = in_.ReadId<NodeId>();
  }

  void ReadTable(Table& table) {
    table.name = in_.ReadString();
    List(table.columns, 2, [this](Column& column) {
      column.name = in_.ReadString();
      column.type = in_.ReadId<TypeId>();
    });
    List(table.relations, 5, [this](Relation& relation) {
      relation.name = in_.ReadString();
      relation.many = in_.ReadBool();
      for (std::string* text : {&relation.table, &relation.their_column, &relation.our_column}) *text = in_.ReadString();
    });
  }

  BodyReader in_;
  Program program_;
  std::vector<NodeKind> kind_names_;
  std::vector<Function> function_names_;
};

std::uint64_t LoadFixed(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[i]);
  return value;
}

void AppendFixed(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8U * static_cast<unsigned>(i)) & 0xFFU);
}

// Checks the header and returns the body.
Result<std::string_view> CheckHeader(std::string_view bytes, const BundleLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return Error{ErrorCode::kTooLarge,
                 "the bundle has " + std::to_string(bytes.size()) + " bytes, more than the limit of " + std::to_string(limits.max_bytes)};
  }
  if (bytes.empty()) return Corrupt("the bundle is empty");
  const std::string_view magic = bytes.substr(0, kMagic.size());
  if (magic != kMagic.substr(0, magic.size())) return Corrupt("this is not a bundle: it does not begin with the bytes of one");
  if (bytes.size() < kHeaderBytes)
    return Corrupt("the bundle is cut off inside its header, after " + std::to_string(bytes.size()) + " bytes");
  const std::uint64_t version = LoadFixed(bytes.substr(8, 4));
  if (version != kVersion) {
    return Error{ErrorCode::kVersionUnknown, "the bundle has format version " + std::to_string(version) + ", this program reads version " +
                                                 std::to_string(kVersion) + ": compile the policies again"};
  }
  const std::uint64_t length = LoadFixed(bytes.substr(12, 8));
  const std::string_view body = bytes.substr(kHeaderBytes);
  if (length != body.size()) {
    return Corrupt("the bundle should have " + std::to_string(length) + " bytes after its header, found " + std::to_string(body.size()));
  }
  if (Sha256(body) != bytes.substr(20, kDigestBytes))
    return Corrupt("the bundle's SHA-256 does not fit its contents: it was changed or damaged");
  return body;
}

}  // namespace

std::string WriteBundle(const Program& program) {
  const std::string body = ProgramWriter(program).Write();
  std::string bundle(kMagic);
  AppendFixed(bundle, kVersion, 4);
  AppendFixed(bundle, body.size(), 8);
  bundle += Sha256(body);
  bundle += body;
  return bundle;
}

Result<Bundle> LoadBundle(std::string_view bytes, const BundleLimits& limits) {
  const Result<std::string_view> body = CheckHeader(bytes, limits);
  if (!body) return body.error();
  Result<Program> program = ProgramReader(*body).Read();
  if (!program) return program.error();
  Result<VerifiedProgram> verified = VerifyProgram(*std::move(program), limits);
  if (!verified) return verified.error();
  return Bundle{*std::move(verified), DigestText(bytes.substr(20, kDigestBytes))};
}

}  // namespace writ
