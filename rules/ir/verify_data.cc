// The verifier's part about plain data: types, constants, slots, declarations.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "rules/ir/verify_parts.h"
#include "rules/model/time.h"

namespace writ::verify {
namespace {

constexpr std::uint32_t kMaxTypeDepth = 250;
constexpr std::uint64_t kMaxTypeParts = 1'000;           // of one type written out: parameters may be shared, texts of types are not
constexpr std::uint64_t kMaxConstantLeaves = 4'000'000;  // size of one constant written out: items may be shared, walks over them are not
constexpr std::uint32_t kMaxConstantDepth = 250;
constexpr std::uint32_t kMaxSlotDepth = 250;  // an expression's depth, with slack; bounds the recursion over slots

bool HasLegalParameterCount(TypeKind kind, std::size_t count) {
  switch (kind) {
    case TypeKind::kMap: return count == 2;
    case TypeKind::kList:
    case TypeKind::kOptional:
    case TypeKind::kNullable: return count == 1;
    case TypeKind::kType: return count <= 1;
    case TypeKind::kUnion: return count >= 2;
    case TypeKind::kOpaque: return true;
    default: return count == 0;  // NOLINT: simple ones and records
  }
}

bool IsMapKey(Kind kind) { return kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kString; }

// Equal for keys that CEL's equality calls equal: 1 and 1u.
std::pair<Kind, std::uint64_t> KeyOf(const Constant& key) {
  const bool is_small_uint = key.kind == Kind::kUint && key.integer() >= 0;
  return {is_small_uint ? Kind::kInt : key.kind, key.bits};
}

// Returns what is wrong with a constant by itself, or "". What its bits name is what only its kind
// tells.
std::string_view BitsFault(const Program& program, const Constant& constant) {
  const auto has = [](const auto& pool, const auto& range) { return std::size_t{range.first} + range.count <= pool.size(); };
  switch (constant.kind) {
    case Kind::kNull:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kDuration: return "";
    case Kind::kBool: return constant.bits <= 1 ? "" : "is a bool that is neither 0 nor 1";
    case Kind::kBytes: return has(program.bytes, constant.bytes()) ? "" : "has bytes that are not there";
    case Kind::kTimestamp:
      if (constant.integer() < kMinTimestampSeconds || constant.integer() > kMaxTimestampSeconds)
        return "is a timestamp outside the years 1 to 9999";
      return constant.nanos < 1'000'000'000 ? "" : "is a timestamp with a second or more of nanoseconds";
    case Kind::kError:
      if (constant.code >= kValueErrorCount) return "is an error of no known kind";
      [[fallthrough]];
    case Kind::kString:
    case Kind::kType: return constant.bits < program.text_count() ? "" : "has a text that is not there";
    case Kind::kList:
    case Kind::kMap:
      if (!has(program.constant_items, constant.items())) return "has items that are not there";
      return constant.kind == Kind::kList || constant.items().count % 2 == 0 ? "" : "is a map with a key that has no value";
    case Kind::kAbsent:
    case Kind::kOptional:
    case Kind::kUnknown: break;
  }
  return "is of a kind that no literal has";
}

class ConstantChecker {
 public:
  ConstantChecker(const Program& program, std::vector<std::uint32_t>& depths)
      : program_(program), depths_(depths), leaves_(program.constants.size(), 1) {}

  std::string_view FaultOf(std::size_t index) {
    const Constant& constant = program_.constants[index];
    if (const std::string_view fault = BitsFault(program_, constant); !fault.empty()) return fault;
    if (constant.kind != Kind::kList && constant.kind != Kind::kMap) return "";
    const std::span<const ConstantId> items = program_[constant.items()];
    for (const ConstantId item : items) {
      if (item.index >= index) return "refers to a constant that does not stand before it";
      if (program_[item].kind == Kind::kError) return "holds an error";
      depths_[index] = std::max(depths_[index], depths_[item.index]);
      leaves_[index] += leaves_[item.index];
      if (leaves_[index] > kMaxConstantLeaves) return "is too large";
    }
    if (++depths_[index] > kMaxConstantDepth) return "is nested too deeply";
    return constant.kind == Kind::kMap ? KeysFault(items) : "";
  }

 private:
  std::string_view KeysFault(std::span<const ConstantId> items) const {
    std::set<std::pair<Kind, std::uint64_t>> seen;
    for (std::size_t i = 0; i < items.size(); i += 2) {
      const Constant& key = program_[items[i]];
      if (!IsMapKey(key.kind)) return "is a map with a key that cannot be one";
      if (!seen.insert(KeyOf(key)).second) return "is a map with the same key twice";
    }
    return "";
  }

  const Program& program_;
  std::vector<std::uint32_t>& depths_;
  std::vector<std::uint64_t> leaves_;
};

std::string_view TableFault(const Program& program, std::size_t index, GivenNames& names) {
  const Table& table = program.tables[index];
  const auto owner = static_cast<std::uint32_t>(index);
  for (const Column& column : program[table.columns]) {
    if (!names.Give(column.name, owner)) return "has two columns of the same name";
  }
  for (const Relation& relation : program[table.relations]) {
    if (!names.Give(relation.name, owner)) return "has two columns or relations of the same name";
  }
  return "";
}

std::string_view SignerFault(const Program& program, const Signer& signer) {
  const bool is_key = signer.kind == Signer::Kind::kKey;
  if (is_key == (signer.key == kNoText)) return is_key ? "has no key" : "has a key beside its identity";
  if (!is_key && (signer.subject == kNoText || signer.trust == kNoText)) return "says not whom to trust";
  for (const SignerOption& option : program[signer.options]) {
    const SignerOptionInfo& info = InfoOf(option.kind);
    if (info.is_pair() == (option.name == kNoText) || !TakesValue(info, program[option.value])) return "has a bad option";
  }
  return "";
}

}  // namespace

Status CheckTypes(const Program& program) {
  std::vector<std::uint32_t> depths(program.types.size(), 0);
  std::vector<std::uint64_t> sizes(program.types.size(), 1);
  if (!program.types.empty() && program.types.size() < kSimpleTypeCount) return Corrupt("the simple types are missing");
  return CheckEach("type", program.types.size(), [&](std::size_t i) -> std::string_view {
    const TypeRecord& type = program.types[i];
    const bool is_simple = type.kind <= TypeKind::kDuration;
    // Parameters stand in signatures only: no expression has one for a type.
    if (type.kind >= TypeKind::kParameter || is_simple != (i < kSimpleTypeCount) || (is_simple && static_cast<std::size_t>(type.kind) != i))
      return "is of no known kind";
    if (!HasLegalParameterCount(type.kind, type.parameters.count)) return "has a wrong number of parameters";
    const auto take = [&](TypeId part) {
      if (part.index < i) depths[i] = std::max(depths[i], depths[part.index] + 1);
      return part.index < i;
    };
    const std::span<const TypeField> fields = program[type.fields];
    if (!std::all_of(fields.begin(), fields.end(), [&](const TypeField& field) { return take(field.type); }))
      return "refers to a type that does not stand before it";
    for (const TypeId parameter : program[type.parameters]) {
      if (!take(parameter)) return "refers to a type that does not stand before it";
      sizes[i] += sizes[parameter.index];
    }
    return depths[i] > kMaxTypeDepth ? "is nested too deeply" : sizes[i] > kMaxTypeParts ? "is too large" : "";
  });
}

Status CheckConstants(const Program& program, std::vector<std::uint32_t>& depths) {
  depths.assign(program.constants.size(), 0);
  ConstantChecker checker(program, depths);
  return CheckEach("constant", program.constants.size(), [&](std::size_t i) { return checker.FaultOf(i); });
}

Status CheckSlots(const Program& program) {
  std::vector<std::uint32_t> depths(program.slots.size(), 0);
  std::unordered_set<std::uint64_t> seen;
  return CheckEach("slot", program.slots.size(), [&](std::size_t i) -> std::string_view {
    const Slot& slot = program.slots[i];
    if (slot.parent.valid() && slot.parent.index >= i) return "stands before its parent";
    if (slot.parent.valid()) depths[i] = depths[slot.parent.index] + 1;
    if (depths[i] > kMaxSlotDepth) return "is nested too deeply";
    if (!slot.parent.valid() && slot.key == kNoText) return "is a root without a name";
    return seen.insert(std::uint64_t{slot.parent.index} << 32U | slot.key.index).second ? "" : "is there twice";
  });
}

Status CheckDeclarations(const Program& program) {
  GivenNames tables(program), members(program), signers(program), imports(program), data(program);
  WRIT_RETURN_IF_ERROR(CheckEach("table", program.tables.size(), [&](std::size_t i) -> std::string_view {
    const std::string_view fault = TableFault(program, i, members);
    return !fault.empty() || tables.Give(program.tables[i].name) ? fault : "has the name of another";
  }));
  WRIT_RETURN_IF_ERROR(CheckEach("signer", program.signers.size(), [&](std::size_t i) -> std::string_view {
    const Signer& signer = program.signers[i];
    return signers.Give(signer.name) ? SignerFault(program, signer) : "has the name of another";
  }));
  WRIT_RETURN_IF_ERROR(CheckEach("import", program.imports.size(), [&](std::size_t i) -> std::string_view {
    return imports.Give(program.imports[i].name) ? "" : "is there twice";
  }));
  return CheckEach("data", program.data.size(), [&](std::size_t i) -> std::string_view {
    const TextId name = program.data[i].name;
    return !imports.Give(name) && data.Give(name) ? "" : "is not that of an import, or is there twice";
  });
}

}  // namespace writ::verify
