// What the records of a program name, field by field, and what their fields must be: the one
// description that the verifier, the builder and the bundle go by.
//
//   ForEachField(slot, visit);           // calls visit("parent", slot.parent, FieldUse::kOptional), …
//   ForEachDependentField(slot, visit);  // calls visit("key", slot.key, FieldUse::kFilled), …
//
// Each field is visited by one of the two: by the second when other fields of the record say what
// it names or must be; a number by both, when they narrow its bounds. The fields are ids (of other
// records, or of texts), ranges, enumerators (enums.h), bools, numbers with bounds, and reserved
// bytes. Not here: numbers of which any will do, and what only several records together can say;
// that is in verify.cc and verify_nodes.cc.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "rules/ir/enums.h"
#include "rules/ir/program.h"
#include "rules/model/time.h"

namespace writ {

enum class FieldUse : std::uint8_t {
  kRequired,
  kFilled,    // a text that is not "", a range that is not empty
  kUnique,    // a filled text that no other record of the pool has there
  kPattern,   // a text that is a pattern of selectors
  kWhole,     // a slot that is read whole
  kOptional,  // an id that may be missing
  kNone,      // the text "", an empty range, an id that is missing
};

// A number that has to be in [least, most], and what is wrong with it otherwise.
struct Bounded {
  std::int64_t number, least, most;
  const char* fault;
};

// Keeps the limiter's arithmetic inside 64 bits: now (1.8e18 until 2027) + period stays below 2^63
// for centuries.
inline constexpr std::int64_t kMaxLimitPeriodNanos = std::int64_t{10} * 366 * 86'400 * 1'000'000'000;

template <typename Visit>
void VisitNumber(const char* name, Bounded number, Visit& visit) {
  visit(name, number, FieldUse::kRequired);
}

// Visits what the number in a field stands for, and stores what the visit made of it.
template <typename Number, typename Named, typename Visit>
void VisitAs(const char* name, Number& number, Named named, FieldUse use, Visit& visit) {
  visit(name, named, use);
  if constexpr (std::is_const_v<Number>) {
  } else if constexpr (std::is_enum_v<Named>) {
    number = static_cast<Number>(named);
  } else if constexpr (sizeof(Named) == sizeof(std::uint64_t)) {
    number = Constant::BitsOf(named);
  } else {
    number = named.index;
  }
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type, and a list of calls
#define WRIT_HAS(name) visit(#name, record.name, FieldUse::kRequired)
#define WRIT_MAY(name) visit(#name, record.name, FieldUse::kOptional)
#define WRIT_IS(use, name) visit(#name, record.name, FieldUse::use)
#define WRIT_PLACE(use) visit("file", record.location.file, FieldUse::use)
#define WRIT_NUMBER(name, least, most, fault) VisitNumber(#name, {static_cast<std::int64_t>(record.name), least, most, fault}, visit)
#define WRIT_FIELDS(Record, ...)                        \
  template <typename R, typename Visit>                 \
  requires std::same_as<std::remove_const_t<R>, Record> \
  void ForEachField([[maybe_unused]] R& record, [[maybe_unused]] Visit&& visit) { __VA_ARGS__; }
// NOLINTEND(bugprone-macro-parentheses)

WRIT_FIELDS(std::uint32_t, static_cast<void>(0))
WRIT_FIELDS(char, static_cast<void>(0))
WRIT_FIELDS(std::byte, static_cast<void>(0))
WRIT_FIELDS(PlaceByte, static_cast<void>(0))
WRIT_FIELDS(TextId, visit("text", record, FieldUse::kRequired))
WRIT_FIELDS(TypeId, visit("type", record, FieldUse::kRequired))
WRIT_FIELDS(ConstantId, visit("constant", record, FieldUse::kRequired))
WRIT_FIELDS(NodeId, visit("node", record, FieldUse::kOptional))  // `map` may lack its predicate
WRIT_FIELDS(File, WRIT_HAS(name))
WRIT_FIELDS(TypeField, WRIT_HAS(name), WRIT_HAS(type), WRIT_HAS(optional), WRIT_HAS(unused))
WRIT_FIELDS(TypeRecord, WRIT_HAS(kind), WRIT_HAS(open), WRIT_HAS(unused), WRIT_HAS(name), WRIT_HAS(parameters), WRIT_HAS(fields))
WRIT_FIELDS(Constant, WRIT_HAS(kind), WRIT_HAS(unused))
WRIT_FIELDS(Slot, WRIT_MAY(parent), WRIT_HAS(type), WRIT_HAS(whole), WRIT_HAS(unused))
WRIT_FIELDS(Node, WRIT_HAS(kind), WRIT_HAS(shared), WRIT_HAS(type))
WRIT_FIELDS(Let, WRIT_HAS(name), WRIT_HAS(value))
WRIT_FIELDS(Policy, WRIT_IS(kFilled, name), WRIT_HAS(package), WRIT_HAS(severity), WRIT_HAS(title), WRIT_HAS(see), WRIT_PLACE(kRequired),
            WRIT_HAS(target), WRIT_HAS(mode), WRIT_HAS(unused))
WRIT_FIELDS(Rule, WRIT_HAS(policy), WRIT_MAY(guard), WRIT_HAS(verb), WRIT_HAS(unused))
WRIT_FIELDS(RuleDetails, WRIT_IS(kFilled, id), WRIT_HAS(severity), WRIT_HAS(title), WRIT_HAS(see), WRIT_IS(kFilled, selectors),
            WRIT_HAS(message), WRIT_HAS(discriminators))
WRIT_FIELDS(Selector, WRIT_IS(kPattern, scope), WRIT_IS(kPattern, name))
WRIT_FIELDS(MessagePart, WRIT_MAY(value))
WRIT_FIELDS(Discriminator, WRIT_HAS(kind), WRIT_HAS(unused), WRIT_IS(kWhole, slot), WRIT_IS(kFilled, strings))
WRIT_FIELDS(MaskSpec, WRIT_IS(kFilled, targets), WRIT_HAS(text), WRIT_HAS(kind), WRIT_HAS(unused))
WRIT_FIELDS(LimitKey, WRIT_HAS(value))
WRIT_FIELDS(LimitSpec, WRIT_NUMBER(count, 1, 1'000'000'000, "is not between 1 and 1000000000"),
            WRIT_NUMBER(period_nanos, 1, kMaxLimitPeriodNanos, "is not between 1 ns and 10 years"), WRIT_HAS(keys), WRIT_HAS(identity),
            WRIT_HAS(unused))
WRIT_FIELDS(ImageSpec, WRIT_HAS(image), WRIT_IS(kFilled, demands))
WRIT_FIELDS(SignatureDemand, WRIT_HAS(signers), WRIT_HAS(predicate_type))
WRIT_FIELDS(SignerTerm, WRIT_HAS(kind), WRIT_HAS(unused))
WRIT_FIELDS(Column, WRIT_IS(kFilled, name), WRIT_HAS(type))
WRIT_FIELDS(Relation, WRIT_IS(kFilled, name), WRIT_IS(kFilled, table), WRIT_IS(kFilled, their_column), WRIT_IS(kFilled, our_column),
            WRIT_HAS(many), WRIT_HAS(unused))
WRIT_FIELDS(Table, WRIT_IS(kUnique, name), WRIT_HAS(columns), WRIT_HAS(relations))
WRIT_FIELDS(StoredName, WRIT_HAS(table), WRIT_IS(kFilled, name), WRIT_HAS(dialect), WRIT_HAS(unused))
WRIT_FIELDS(ColumnOption, WRIT_HAS(column), WRIT_HAS(text), WRIT_HAS(kind), WRIT_HAS(dialect), WRIT_HAS(unused))
WRIT_FIELDS(RelationTerm, WRIT_HAS(relation), WRIT_IS(kFilled, their_column), WRIT_HAS(our_column), WRIT_MAY(value))
WRIT_FIELDS(SignerOption, WRIT_HAS(kind), WRIT_HAS(unused), WRIT_HAS(name), WRIT_HAS(value))
WRIT_FIELDS(Signer, WRIT_IS(kUnique, name), WRIT_HAS(issuer), WRIT_HAS(trust_digest), WRIT_HAS(options), WRIT_PLACE(kOptional),
            WRIT_HAS(kind), WRIT_HAS(unused))
WRIT_FIELDS(Import, WRIT_IS(kUnique, name))
WRIT_FIELDS(ProgramData, WRIT_HAS(name), WRIT_HAS(json))
WRIT_FIELDS(Combining, WRIT_HAS(algorithm), WRIT_HAS(allow), WRIT_HAS(deny), WRIT_HAS(require), WRIT_HAS(match), WRIT_HAS(unused))
WRIT_FIELDS(MatchCondition, WRIT_HAS(policy), WRIT_HAS(condition))
WRIT_FIELDS(FactSpec, WRIT_IS(kFilled, kind), WRIT_HAS(key), WRIT_HAS(slot))
WRIT_FIELDS(RuleKey, static_cast<void>(0))

#undef WRIT_HAS
#undef WRIT_MAY
#undef WRIT_IS
#undef WRIT_PLACE
#undef WRIT_NUMBER
#undef WRIT_FIELDS

// ---- fields that depend on others ---------------------------------------------------------------
// Of any bytes: what is not a member of its list has no such fields.

#define WRIT_DEPENDENT_FIELDS(Record)                   \
  template <typename R, typename Visit>                 \
  requires std::same_as<std::remove_const_t<R>, Record> \
  void ForEachDependentField(R& record, Visit&& visit)

template <typename R, typename Visit>
void ForEachDependentField(R& /*record*/, Visit&& /*visit*/) {}  // of most records none does

WRIT_DEPENDENT_FIELDS(Constant) {
  const TextId text = record.bits < TextId::kNone ? record.text() : TextId();
  switch (record.kind) {
    case Kind::kError: VisitAs("error", record.code, static_cast<ValueError>(record.code), FieldUse::kRequired, visit); [[fallthrough]];
    case Kind::kString:
    case Kind::kType: return VisitAs("text", record.bits, text, FieldUse::kRequired, visit);
    case Kind::kBytes: return VisitAs("bytes", record.bits, record.bytes(), FieldUse::kRequired, visit);
    case Kind::kList:
    case Kind::kMap: return VisitAs("items", record.bits, record.items(), FieldUse::kRequired, visit);
    case Kind::kBool: return VisitNumber("bits", {record.integer(), 0, 1, "is a bool that is neither 0 nor 1"}, visit);
    case Kind::kTimestamp:
      VisitNumber("nanos", {record.nanos, 0, 999'999'999, "is a second or more"}, visit);
      return VisitNumber("bits", {record.integer(), kMinTimestampSeconds, kMaxTimestampSeconds, "is outside the years 1 to 9999"}, visit);
    default: return;  // NOLINT: any number will do
  }
}

WRIT_DEPENDENT_FIELDS(Slot) { visit("key", record.key, record.parent.valid() ? FieldUse::kRequired : FieldUse::kFilled); }

WRIT_DEPENDENT_FIELDS(Node) {
  if (static_cast<std::size_t>(record.kind) >= kNodeKindCount) return;
  RangeOf<NodeId> args{record.first_arg, record.arg_count};
  visit("arguments", args, FieldUse::kRequired);
  const NodeIndex index = InfoOf(record.kind).index;
  const FieldUse use = record.kind == NodeKind::kHasSlot ? FieldUse::kRequired : FieldUse::kWhole;
  if (index == NodeIndex::kSlot) VisitAs("slot", record.index, SlotId(record.index), use, visit);
  if (index == NodeIndex::kConstant || index == NodeIndex::kMember)
    VisitAs("constant", record.index, ConstantId(record.index), FieldUse::kRequired, visit);
  if (record.kind == NodeKind::kCall) VisitAs("function", record.detail, static_cast<Function>(record.detail), FieldUse::kRequired, visit);
}

WRIT_DEPENDENT_FIELDS(Rule) {
  visit("needs_scopes", record.needs_scopes, record.verb == Verb::kAllow ? FieldUse::kRequired : FieldUse::kNone);
  auto& spec = record.spec.index;
  if (Program::IsMask(record.verb)) return VisitAs("mask", spec, Id<MaskSpec>(spec), FieldUse::kRequired, visit);
  if (record.verb == Verb::kLimit) return VisitAs("limit", spec, Id<LimitSpec>(spec), FieldUse::kRequired, visit);
  const bool may_have_image = record.verb == Verb::kRequire;
  VisitAs(may_have_image ? "image" : "spec", spec, Id<ImageSpec>(spec), may_have_image ? FieldUse::kOptional : FieldUse::kNone, visit);
}

WRIT_DEPENDENT_FIELDS(MessagePart) { visit("text", record.text, record.value.valid() ? FieldUse::kNone : FieldUse::kRequired); }

WRIT_DEPENDENT_FIELDS(LimitSpec) {
  VisitNumber("count", {static_cast<std::int64_t>(record.count), 1, record.period_nanos, "is more than one call a nanosecond"}, visit);
}

WRIT_DEPENDENT_FIELDS(SignatureDemand) {
  visit("condition", record.condition, record.predicate_type == kNoText ? FieldUse::kNone : FieldUse::kOptional);
}

WRIT_DEPENDENT_FIELDS(SignerTerm) {
  const bool is_signer = record.kind == SignerTerm::Kind::kSigner;
  visit("signer", record.signer, is_signer ? FieldUse::kRequired : FieldUse::kOptional);
  if (!is_signer) VisitNumber("needed", {record.needed, 1, record.operands, "is 0, or more than there are"}, visit);
}

WRIT_DEPENDENT_FIELDS(Signer) {
  const bool is_key = record.kind == Signer::Kind::kKey;
  visit("key", record.key, is_key ? FieldUse::kFilled : FieldUse::kNone);
  visit("subject", record.subject, is_key ? FieldUse::kRequired : FieldUse::kFilled);
  visit("trust", record.trust, is_key ? FieldUse::kRequired : FieldUse::kFilled);
}

#undef WRIT_DEPENDENT_FIELDS

}  // namespace writ
