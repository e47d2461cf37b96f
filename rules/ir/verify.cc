// The verifier's front, and the parts about plain data: constants, slots, declarations.
#include "rules/ir/verify.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "rules/base/utf8.h"
#include "rules/ir/verify_parts.h"
#include "rules/model/error_list.h"
#include "rules/model/time.h"

namespace writ {
namespace verify {
namespace {

constexpr std::uint64_t kMaxConstantLeaves = 4'000'000;  // size of one constant written out: items may be shared, walks over them are not
constexpr std::uint32_t kMaxConstantDepth = 250;
constexpr std::uint32_t kMaxSlotDepth = 250;  // an expression's depth, with slack; bounds the recursion over slots

#define WRIT_COUNT(name, text) +1
constexpr std::uint16_t kErrorCount = 0 WRIT_VALUE_ERRORS(WRIT_COUNT);
#undef WRIT_COUNT

using ConstantKind = Constant::Kind;

bool IsMapKey(const Constant& key) {
  return key.kind == ConstantKind::kBool || key.kind == ConstantKind::kInt || key.kind == ConstantKind::kUint ||
         key.kind == ConstantKind::kString;
}

// Returns a text that is equal for keys that CEL's equality calls equal: 1 and 1u.
std::string KeyText(const Constant& key) {
  if (key.kind == ConstantKind::kString) return "s" + key.text;
  if (key.kind == ConstantKind::kBool) return key.integer != 0 ? "true" : "false";
  if (key.kind == ConstantKind::kInt) return "n" + std::to_string(key.integer);
  return "n" + std::to_string(static_cast<std::uint64_t>(key.integer));
}

// Returns what is wrong with a constant by itself, or "".
std::string_view ScalarFault(const Constant& constant) {
  switch (constant.kind) {
    case ConstantKind::kNull:
    case ConstantKind::kInt:
    case ConstantKind::kUint:
    case ConstantKind::kDouble:
    case ConstantKind::kBytes:
    case ConstantKind::kDuration:
    case ConstantKind::kList: return "";
    case ConstantKind::kBool: return constant.integer == 0 || constant.integer == 1 ? "" : "is a bool that is neither 0 nor 1";
    case ConstantKind::kString:
    case ConstantKind::kType: return IsValidUtf8(constant.text) ? "" : "is not valid UTF-8";
    case ConstantKind::kTimestamp:
      if (constant.integer < kMinTimestampSeconds || constant.integer > kMaxTimestampSeconds)
        return "is a timestamp outside the years 1 to 9999";
      return constant.nanos < 1'000'000'000 ? "" : "is a timestamp with a second or more of nanoseconds";
    case ConstantKind::kMap: return constant.items.size() % 2 == 0 ? "" : "is a map with a key that has no value";
    case ConstantKind::kError:
      if (constant.code >= kErrorCount) return "is an error of no known kind";
      return IsValidUtf8(constant.text) ? "" : "is not valid UTF-8";
  }
  return "is of no known kind";
}

class ConstantChecker {
 public:
  ConstantChecker(const Program& program, std::vector<std::uint32_t>& depths) : program_(program), depths_(depths) {}

  Status Check() {
    depths_.assign(program_.constants.size(), 0);
    leaves_.assign(program_.constants.size(), 1);
    for (std::size_t i = 0; i < program_.constants.size(); ++i) {
      const Constant& constant = program_.constants[i];
      if (const std::string_view fault = ScalarFault(constant); !fault.empty()) return Fault(i, fault);
      if (constant.kind == ConstantKind::kList || constant.kind == ConstantKind::kMap) WRIT_RETURN_IF_ERROR(CheckItems(i));
      if (constant.kind == ConstantKind::kMap) WRIT_RETURN_IF_ERROR(CheckKeys(i));
    }
    return OkStatus();
  }

 private:
  static Error Fault(std::size_t index, std::string_view fault) { return Corrupt(Place("constant", index) + " " + std::string(fault)); }

  Status CheckItems(std::size_t index) {
    for (const ConstantId item : program_.constants[index].items) {
      if (item.index >= index) return Fault(index, "refers to a constant that does not stand before it");
      if (program_.constants[item.index].kind == ConstantKind::kError) return Fault(index, "holds an error");
      depths_[index] = std::max(depths_[index], depths_[item.index]);
      leaves_[index] += leaves_[item.index];
      if (leaves_[index] > kMaxConstantLeaves) return Fault(index, "is too large");
    }
    if (++depths_[index] > kMaxConstantDepth) return Fault(index, "is nested too deeply");
    return OkStatus();
  }

  Status CheckKeys(std::size_t index) {
    const std::vector<ConstantId>& items = program_.constants[index].items;
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); i += 2) {
      const Constant& key = program_.constants[items[i].index];
      if (!IsMapKey(key)) return Fault(index, "is a map with a key that cannot be one");
      if (!seen.insert(KeyText(key)).second) return Fault(index, "is a map with the same key twice");
    }
    return OkStatus();
  }

  const Program& program_;
  std::vector<std::uint32_t>& depths_;
  std::vector<std::uint64_t> leaves_;
};

Status CheckTable(const Program& program, std::size_t index) {
  const Table& table = program.tables[index];
  const std::string place = Place("table", index);
  if (table.name.empty() || !IsValidUtf8(table.name)) return Corrupt(place + " has no name that is valid UTF-8");
  std::unordered_set<std::string_view> names;
  for (const Column& column : table.columns) {
    if (column.name.empty() || !IsValidUtf8(column.name)) return Corrupt(place + " has a column without a name that is valid UTF-8");
    if (column.type.index >= program.types.size()) return Corrupt(place + " has a column of no known type");
    if (!names.insert(column.name).second) return Corrupt(place + " has two columns of the same name");
  }
  for (const Relation& relation : table.relations) {
    for (const std::string* text : {&relation.name, &relation.table, &relation.their_column, &relation.our_column}) {
      if (text->empty() || !IsValidUtf8(*text)) return Corrupt(place + " has a relation with a name that is not valid UTF-8");
    }
    if (!names.insert(relation.name).second) return Corrupt(place + " has two columns or relations of the same name");
  }
  return OkStatus();
}

}  // namespace

Error Corrupt(std::string message) { return {ErrorCode::kCorrupt, std::move(message)}; }

std::string Place(const char* what, std::size_t index) { return std::string(what) + " " + std::to_string(index); }

bool IsGoodLocation(const Program& program, const SourceLocation& location, FileUse use) {
  if (!location.file.valid()) return use == FileUse::kOptional;
  return location.file.index < program.files.size();
}

Status CheckConstants(const Program& program, std::vector<std::uint32_t>& depths) { return ConstantChecker(program, depths).Check(); }

Status CheckSlots(const Program& program) {
  std::vector<std::uint32_t> depths(program.slots.size(), 0);
  std::unordered_set<std::string> seen;
  for (std::size_t i = 0; i < program.slots.size(); ++i) {
    const Slot& slot = program.slots[i];
    if (slot.parent.valid() && slot.parent.index >= i) return Corrupt(Place("slot", i) + " stands before its parent");
    if (slot.parent.valid()) depths[i] = depths[slot.parent.index] + 1;
    if (depths[i] > kMaxSlotDepth) return Corrupt(Place("slot", i) + " is nested too deeply");
    if (!IsValidUtf8(slot.key)) return Corrupt(Place("slot", i) + " has a key that is not valid UTF-8");
    if (!slot.parent.valid() && slot.key.empty()) return Corrupt(Place("slot", i) + " is a root without a name");
    if (slot.type.index >= program.types.size()) return Corrupt(Place("slot", i) + " is of no known type");
    if (!seen.insert(std::to_string(slot.parent.index) + ' ' + slot.key).second) return Corrupt(Place("slot", i) + " is there twice");
  }
  return OkStatus();
}

Status CheckSigner(const Program& program, std::size_t index) {
  const Signer& signer = program.signers[index];
  for (const std::string* text : {&signer.name, &signer.issuer, &signer.subject, &signer.trust, &signer.trust_digest, &signer.key}) {
    if (!IsValidUtf8(*text)) return Corrupt(Place("signer", index) + " is not valid UTF-8");
  }
  if (signer.kind > Signer::Kind::kOwnPki) return Corrupt(Place("signer", index) + " is of no known kind");
  const bool is_key = signer.kind == Signer::Kind::kKey;
  if (is_key == signer.key.empty()) return Corrupt(Place("signer", index) + (is_key ? " has no key" : " has a key beside its identity"));
  if (!is_key && (signer.subject.empty() || signer.trust.empty())) return Corrupt(Place("signer", index) + " says not whom to trust");
  for (const SignerOption& option : signer.options) {
    if (static_cast<std::size_t>(option.kind) >= kSignerOptionCount)
      return Corrupt(Place("signer", index) + " has an option of no known kind");
    const SignerOptionInfo& info = InfoOf(option.kind);
    if (!IsValidUtf8(option.name) || !IsValidUtf8(option.value)) return Corrupt(Place("signer", index) + " is not valid UTF-8");
    if (info.is_pair() == option.name.empty() || !TakesValue(info, option.value))
      return Corrupt(Place("signer", index) + " has a bad option `" + std::string(info.word) + "`");
  }
  return OkStatus();
}

Status CheckDeclarations(const Program& program) {
  for (std::size_t i = 0; i < program.files.size(); ++i) {
    if (!IsValidUtf8(program.files[i])) return Corrupt(Place("file", i) + " has a name that is not valid UTF-8");
  }
  std::unordered_set<std::string_view> tables, signers, imports;
  for (std::size_t i = 0; i < program.tables.size(); ++i) {
    WRIT_RETURN_IF_ERROR(CheckTable(program, i));
    if (!tables.insert(program.tables[i].name).second) return Corrupt(Place("table", i) + " has the name of another");
  }
  for (std::size_t i = 0; i < program.signers.size(); ++i) {
    const Signer& signer = program.signers[i];
    WRIT_RETURN_IF_ERROR(CheckSigner(program, i));
    if (signer.name.empty() || !signers.insert(signer.name).second) return Corrupt(Place("signer", i) + " has no name of its own");
  }
  for (std::size_t i = 0; i < program.imports.size(); ++i) {
    const std::string& name = program.imports[i];
    if (name.empty() || !IsValidUtf8(name)) return Corrupt(Place("import", i) + " has no name that is valid UTF-8");
    if (!imports.insert(name).second) return Corrupt(Place("import", i) + " is there twice");
  }
  for (std::size_t i = 0; i < program.data.size(); ++i) {
    const ProgramData& data = program.data[i];
    if (imports.erase(data.name) == 0) return Corrupt(Place("data", i) + " is not that of an import, or is there twice");
    if (!IsValidUtf8(data.json)) return Corrupt(Place("data", i) + " is not valid UTF-8");
  }
  return OkStatus();
}

}  // namespace verify

namespace {

// Ids are 32 bits; the index keeps one bit of a rule's for itself.
constexpr std::size_t kMaxItems = std::size_t{1} << 31U;

Status CheckCounts(const Program& program) {
  const std::size_t counts[] = {program.files.size(),     program.types.size(),  program.constants.size(), program.slots.size(),
                                program.nodes.size(),     program.lets.size(),   program.policies.size(),  program.rules.size(),
                                program.node_args.size(), program.tables.size(), program.signers.size(),   program.imports.size()};
  if (*std::max_element(std::begin(counts), std::end(counts)) < kMaxItems) return OkStatus();
  return verify::Corrupt("the program has more items than ids can name");
}

}  // namespace

Result<VerifiedProgram> VerifyProgram(Program program, const BundleLimits& limits) {
  WRIT_RETURN_IF_ERROR(CheckCounts(program));
  std::vector<std::uint32_t> constant_depths;
  WRIT_RETURN_IF_ERROR(verify::CheckTypes(program));
  WRIT_RETURN_IF_ERROR(verify::CheckDeclarations(program));
  WRIT_RETURN_IF_ERROR(verify::CheckConstants(program, constant_depths));
  WRIT_RETURN_IF_ERROR(verify::CheckSlots(program));
  std::vector<bool> is_root;
  WRIT_RETURN_IF_ERROR(verify::CheckNodes(program, constant_depths, limits, is_root));
  WRIT_RETURN_IF_ERROR(verify::CheckRules(program, is_root));
  return VerifiedProgram(std::move(program));
}

}  // namespace writ
