// The verifier: one pass over the pools, and over the fields of every record.
//
// Idea: what a record is made of stands in pools before its own, or its check can do without. So
// each record is checked once: its fields, as fields.h describes them, and then what only several
// records together can say. By then everything before it has been proven.
#include "rules/ir/verify.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>
#include <utility>

#include "rules/base/utf8.h"
#include "rules/ir/enums.h"
#include "rules/ir/fields.h"
#include "rules/ir/verify_parts.h"
#include "rules/model/column_option.h"
#include "rules/model/json_pointer.h"

namespace writ {
namespace verify {
namespace {

constexpr std::size_t kMaxItems = std::size_t{1} << 31U;  // the index keeps one of 32 bits
constexpr std::uint32_t kMaxDepth = 250;                  // of types, constants, slots
constexpr std::uint32_t kMaxTypeParts = 1'000;            // of one type written out
constexpr std::uint32_t kMaxConstantLeaves = 4'000'000;   // of one written out
constexpr std::uint32_t kImports = 32, kData = 33;        // numbers of pools
constexpr std::uint8_t kRedacts = 1, kMasks = 2;

Error Corrupt(std::string message) { return {ErrorCode::kCorrupt, std::move(message)}; }

// A pattern's only fault can be a `\` with nothing behind it.
bool IsPattern(std::string_view text) { return (text.size() - (text.find_last_not_of('\\') + 1)) % 2 == 0; }

// Visits the fields of one record and remembers what is wrong with the first bad one.
struct FieldChecker {
  Facts& facts;
  std::uint32_t pool;
  const char* field = nullptr;
  Fault fault = nullptr;

  void operator()(const char* name, TextId text, FieldUse use) {
    if (!Demand(name, text.index < facts.program.text_count(), "is a text that is not there")) return;
    CheckPresence(name, text != kNoText, use);
    if (use == FieldUse::kUnique) Demand(name, std::exchange(facts.names[text.index], pool) != pool, "is that of another");
    if (use == FieldUse::kPattern) Demand(name, IsPattern(facts.program[text]), "is not a pattern");
  }
  template <typename Tag>
  void operator()(const char* name, Id<Tag> id, FieldUse use) {
    using Record = std::conditional_t<std::same_as<Id<Tag>, TypeId>, TypeRecord, Tag>;
    CheckPresence(name, id.valid(), use);
    if (!id.valid() && use >= FieldUse::kOptional) return;
    if (!Demand(name, id.index < facts.program.pool(std::type_identity<Record>()).size(), "names something that is not there")) return;
    if constexpr (std::same_as<Record, Node>) Demand(name, facts.nodes[id.index].is_root, "is not an expression by itself");
    // SAFETY: a map in a slot that is not whole has no members (MapData is missing), so it must
    // never become a value.
    if constexpr (std::same_as<Record, Slot>)
      Demand(name, use != FieldUse::kWhole || facts.program[id].whole, "is a slot that is not read whole");
  }
  template <typename Item>
  void operator()(const char* name, RangeOf<Item> range, FieldUse use) {
    Demand(name, std::size_t{range.first} + range.count <= facts.program.pool(std::type_identity<Item>()).size(),
           "is a range of things that are not there");
    Demand(name, (facts.ranged += range.count) <= facts.records, "shares more than the program has");
    CheckPresence(name, !range.empty(), use);
  }
  void operator()(const char* name, const bool& value, FieldUse /*use*/) {
    std::uint8_t byte;  // reading it as a bool would be wrong when it is neither
    std::memcpy(&byte, &value, 1);
    Demand(name, byte <= 1, "is neither 0 nor 1");
  }
  void operator()(const char* name, const Bounded& bounded, FieldUse /*use*/) {
    Demand(name, bounded.number >= bounded.least && bounded.number <= bounded.most, bounded.fault);
  }
  template <typename Member>
  void operator()(const char* name, const Member& member, FieldUse /*use*/) {
    if constexpr (std::is_enum_v<Member>) {
      Demand(name, static_cast<std::size_t>(member) < kMemberCount<Member>, "is of no known kind");
    } else {
      constexpr Member kUnused = {};
      Demand(name, std::memcmp(&member, &kUnused, sizeof(member)) == 0, "is not 0");
    }
  }

  void CheckPresence(const char* name, bool is_there, FieldUse use) {
    Demand(name, is_there || (use != FieldUse::kFilled && use != FieldUse::kUnique), "is empty");
    Demand(name, !is_there || use != FieldUse::kNone, "is there, where it has no meaning");
  }
  bool Demand(const char* name, bool is_good, const char* what) {
    if (is_good || fault != nullptr) return is_good;
    field = name;
    fault = what;
    return false;
  }
};

// ---- records that are made of others ------------------------------------------------------------
// Each function returns what is wrong with record `at` of its pool, and adds to `facts` what later
// records need. It relies on the record's own fields, on pools before, and on the sizes of all.

// Adds part `part` of the pool's next item, whose `known` ones stand before it.
Fault Grow(Extent& extent, const std::vector<Extent>& known, std::size_t part, std::uint32_t max_size) {
  if (part >= known.size()) return "refers to one that does not stand before it";
  extent.depth = std::max(extent.depth, known[part].depth + 1);
  extent.size += known[part].size;
  return extent.depth > kMaxDepth ? "is nested too deeply" : extent.size > max_size ? "is too large" : nullptr;
}

Fault KeysFault(const Program& program, std::span<const ConstantId> items) {
  if (items.size() % 2 != 0) return "is a map with a key that has no value";
  std::set<std::pair<Kind, std::uint64_t>> seen;
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const Constant& key = program[items[i]];
    if (!IsKeyKind(key.kind)) return "is a map with a key that cannot be one";
    const bool is_also_int = key.kind == Kind::kUint && key.integer() >= 0;  // 1 == 1u
    if (!seen.emplace(is_also_int ? Kind::kInt : key.kind, key.bits).second) return "is a map with the same key twice";
  }
  return nullptr;
}

Fault FaultOf(const TypeRecord& type, std::size_t at, Facts& facts) {
  const bool is_simple = type.kind <= TypeKind::kDuration;
  if (is_simple != (at < kSimpleTypeCount) || (is_simple && static_cast<std::size_t>(type.kind) != at)) return "is of no known kind";
  if (!TakesParameters(type.kind, type.parameters.count)) return "has a wrong number of parameters";
  Extent extent;
  for (const TypeField& field : facts.program[type.fields]) {
    if (const Fault fault = Grow(extent, facts.types, field.type.index, ~0U)) return fault;
    extent.size = 1;  // the text of a record is its name
  }
  for (const TypeId parameter : facts.program[type.parameters]) {
    if (const Fault fault = Grow(extent, facts.types, parameter.index, kMaxTypeParts)) return fault;
  }
  facts.types.push_back(extent);
  return nullptr;
}

Fault FaultOf(const Constant& constant, std::size_t /*at*/, Facts& facts) {
  if (constant.kind == Kind::kAbsent || constant.kind == Kind::kOptional || constant.kind == Kind::kUnknown)
    return "is of a kind that no literal has";
  Extent extent;
  if (constant.kind == Kind::kList || constant.kind == Kind::kMap) {
    extent.depth = 1;
    for (const ConstantId item : facts.program[constant.items()]) {
      if (const Fault fault = Grow(extent, facts.constants, item.index, kMaxConstantLeaves)) return fault;
      if (facts.program[item].kind == Kind::kError) return "holds an error";
    }
  }
  facts.constants.push_back(extent);
  return constant.kind == Kind::kMap ? KeysFault(facts.program, facts.program[constant.items()]) : nullptr;
}

Fault FaultOf(const Slot& slot, std::size_t /*at*/, Facts& facts) {
  Extent extent;
  if (const Fault fault = slot.parent.valid() ? Grow(extent, facts.slots, slot.parent.index, ~0U) : nullptr) return fault;
  facts.slots.push_back(extent);
  return facts.slot_keys.insert(std::uint64_t{slot.parent.index} << 32U | slot.key.index).second ? nullptr : "is there twice";
}

Fault FaultOf(const Rule& rule, std::size_t at, Facts& facts) {
  const Target target = facts.program.policy(rule).target;
  const std::span<const Verb> verbs = InfoOf(target).verbs;
  if (at > 0 && rule.policy < facts.program.rules[at - 1].policy) return "does not stand with the other rules of its policy";
  if (std::find(verbs.begin(), verbs.end(), rule.verb) == verbs.end()) return "has a verb that its target does not have";
  if (Program::IsMask(rule.verb)) facts.mask_verbs[rule.spec.index] |= rule.verb == Verb::kRedact ? kRedacts : kMasks;
  if (rule.verb == Verb::kRequire && rule.spec.valid() && target != Target::kAdmission) return "requires a signed image outside admission";
  return nullptr;
}

Fault FaultOf(const RuleDetails& details, std::size_t at, Facts& facts) {
  const Rule& rule = facts.program.rules[at];
  if (std::exchange(facts.owned_names[details.id.index], rule.policy.index) == rule.policy.index)
    return "have the id of another rule of its policy";
  if (details.discriminators.empty()) return nullptr;
  if (!rule.guard.valid()) return "have a discriminator, yet the rule always holds";
  // A requirement whose guard is false is not met: leaving it out would allow.
  return rule.verb == Verb::kRequire && !rule.spec.valid() ? "have a discriminator, yet the rule is a requirement" : nullptr;
}

Fault FaultOf(const Policy& policy, std::size_t /*at*/, Facts& facts) {
  return policy.combining <= facts.program.combinings.size() ? nullptr : "names a combining that is not there";
}

Fault FaultOf(const MatchCondition& match, std::size_t at, Facts& facts) {
  const bool is_behind = at == 0 || facts.program.match_conditions[at - 1].policy < match.policy;
  return is_behind ? nullptr : "is not in the order of policies, or its policy has two";
}

Fault FaultOf(const FactSpec& fact, std::size_t at, Facts& facts) {
  const Program& program = facts.program;
  const SlotId parent = program.slots[fact.slot.index].parent;
  const bool is_below =
      parent.valid() && !program.slots[parent.index].parent.valid() && program[program.slots[parent.index].key] == kFactsRoot;
  if (!is_below) return "does not stand right below `facts`";
  return at == 0 || program.facts[at - 1].slot < fact.slot ? nullptr : "is not in the order of slots, or its slot has two";
}

Fault FaultOf(const MaskSpec& mask, std::size_t at, Facts& facts) {
  for (const TextId target : facts.program[mask.targets]) {
    if ((facts.mask_verbs[at] & kRedacts) != 0 && !JsonPointerFault(facts.program[target]).empty())
      return "redacts something that is not a JSON pointer";
    if ((facts.mask_verbs[at] & kMasks) != 0 && target == kNoText) return "masks a column without a name";
  }
  return nullptr;
}

Fault FaultOf(const SignatureDemand& demand, std::size_t /*at*/, Facts& facts) {
  std::uint32_t depth = 0;  // of the postfix stack
  for (const SignerTerm& term : facts.program[demand.signers]) {
    const bool is_signer = term.kind == SignerTerm::Kind::kSigner;
    if (!is_signer && (term.operands < 1 || term.operands > depth)) return "combines more signers than it names";
    depth += is_signer ? 1 : 1 - term.operands;
  }
  return depth == 1 ? nullptr : "has signer terms that do not make one condition";
}

Fault FaultOf(const Table& table, std::size_t at, Facts& facts) {
  const auto owner = ~static_cast<std::uint32_t>(at);
  for (const Column& column : facts.program[table.columns]) {
    if (std::exchange(facts.owned_names[column.name.index], owner) == owner) return "has two columns of the same name";
  }
  for (const Relation& relation : facts.program[table.relations]) {
    if (std::exchange(facts.owned_names[relation.name.index], owner) == owner) return "has two columns or relations of the same name";
  }
  return nullptr;
}

Fault FaultOf(const StoredName& stored, std::size_t at, Facts& facts) {
  const Program& program = facts.program;
  if (!StoredNameFault(program[stored.name]).empty()) return "is no name that a database can have";
  if (at == 0) return nullptr;
  const StoredName& before = program.stored_names[at - 1];
  const bool is_behind = std::tie(before.table, before.dialect) < std::tie(stored.table, stored.dialect);
  return is_behind ? nullptr : "is not in the order of tables, or is given twice";
}

bool TakesText(ColumnOptionKind kind, std::string_view text) {
  switch (kind) {
    case ColumnOptionKind::kName: return StoredNameFault(text).empty();
    case ColumnOptionKind::kPointer: return !text.empty() && JsonPointerFault(text).empty();
    case ColumnOptionKind::kLayout: return IsColumnLayout(text);
    case ColumnOptionKind::kExact:
    case ColumnOptionKind::kNullIsAbsent: return text.empty();
  }
  return false;
}

Fault FaultOf(const ColumnOption& option, std::size_t at, Facts& facts) {
  const Program& program = facts.program;
  if (!TakesText(option.kind, program[option.text])) return "has a text that it does not take";
  if (at == 0) return nullptr;
  const ColumnOption& before = program.column_options[at - 1];
  const bool is_behind = std::tie(before.column, before.kind, before.dialect) < std::tie(option.column, option.kind, option.dialect);
  return is_behind ? nullptr : "is not in the order of columns, or is given twice";
}

Fault FaultOf(const RelationTerm& term, std::size_t at, Facts& facts) {
  const Program& program = facts.program;
  if (at > 0 && term.relation < program.relation_terms[at - 1].relation) return "is not in the order of relations";
  if (term.value.valid() == (term.our_column != kNoText)) return "has not exactly one of a column and a value";
  if (!term.value.valid()) return nullptr;
  const Kind kind = program[term.value].kind;
  const bool is_plain = kind == Kind::kNull || kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kString;
  return is_plain ? nullptr : "has a value that no join can have";
}

Fault FaultOf(const SignerOption& option, std::size_t /*at*/, Facts& facts) {
  const SignerOptionInfo& info = InfoOf(option.kind);
  if (info.is_pair() == (option.name != kNoText) && TakesValue(info, facts.program[option.value])) return nullptr;
  return "has a name or value that it does not take";
}

Fault FaultOf(const ProgramData& data, std::size_t /*at*/, Facts& facts) {
  return std::exchange(facts.names[data.name.index], kData) == kImports ? nullptr : "is not that of an import, or is there twice";
}

template <typename Record>
Status CheckPool(std::uint32_t number, const char* what, std::span<const Record> pool, Facts& facts) {
  if (pool.size() >= kMaxItems) return Corrupt("the program has more items than ids can name");
  FieldChecker checker{facts, number};
  for (std::size_t i = 0; i < pool.size(); ++i) {
    ForEachField(pool[i], checker);
    if (checker.fault == nullptr) ForEachDependentField(pool[i], checker);
    if constexpr (requires { FaultOf(pool[i], i, facts); }) {
      if (checker.fault == nullptr) checker.fault = FaultOf(pool[i], i, facts);
    }
    if (checker.fault == nullptr) continue;
    const std::string place = std::string(what) + ' ' + std::to_string(i);
    return Corrupt(place + (checker.field == nullptr ? "" : std::string(": `") + checker.field + '`') + ' ' + checker.fault);
  }
  return OkStatus();
}

Status CheckTexts(const Program& program) {
  const std::span<const std::uint32_t> begins = program.text_begins;
  const bool is_row = begins.empty() ? program.text_bytes.empty() : begins.front() == 0 && begins.back() == program.text_bytes.size();
  if (!is_row || !std::is_sorted(begins.begin(), begins.end())) return Corrupt("the texts do not lie one after the other");
  for (std::size_t i = 0; i < program.text_count(); ++i) {
    const std::string_view text = program[TextId(i)];
    if (!IsValidUtf8(text)) return Corrupt("text " + std::to_string(i) + " is not valid UTF-8");
    if (i == 0 ? !text.empty() : text <= program[TextId(i - 1)]) return Corrupt("text " + std::to_string(i) + " is not in order");
  }
  return OkStatus();
}

// The index would leave a rule out whose match condition fails, which is a denial. Requires: all
// else is checked.
Status CheckMatches(const Program& program) {
  for (std::size_t i = 0; i < program.rules.size() && !program.match_conditions.empty(); ++i) {
    const Rule& rule = program.rules[i];
    if (program.rule_details[i].discriminators.empty() || !program.match(rule.policy).valid()) continue;
    if (program.combining(rule).match == OnError::kDeny)
      return Corrupt("rule " + std::to_string(i) + " has a discriminator, yet its policy denies when its match condition fails");
  }
  return OkStatus();
}

Status CheckPools(const Program& program, const BundleLimits& limits) {
  WRIT_RETURN_IF_ERROR(CheckTexts(program));
  if (program.rules.size() != program.rule_details.size()) return Corrupt("there are not as many details as rules");
  if (!program.rule_keys.empty() && program.rule_keys.size() != program.rules.size()) return Corrupt("there are not as many keys as rules");
  if (!program.types.empty() && program.types.size() < kSimpleTypeCount) return Corrupt("the simple types are missing");
  Facts facts{program, limits};
#define WRIT_CHECK_POOL(number, name, Record, what) WRIT_RETURN_IF_ERROR(CheckPool(number, what, program.name, facts));
  WRIT_POOLS(WRIT_CHECK_POOL)
#undef WRIT_CHECK_POOL
  return CheckMatches(program);
}

}  // namespace
}  // namespace verify

Result<VerifiedProgram> VerifyProgram(Program program, const BundleLimits& limits) {
  WRIT_RETURN_IF_ERROR(verify::CheckPools(program, limits));
  return VerifiedProgram(std::move(program));
}

}  // namespace writ
