// What the records of a program name, field by field: the one description that the verifier, the
// builder and the bundle go by.
//
//   ForEachField(slot, visit);   // calls visit("parent", slot.parent, FieldUse::kOptional), …
//
// The fields are ids (of other records, or of texts), ranges, enumerators (enums.h), bools, and
// reserved bytes. Not here: numbers, and what only some kinds of a record name. Those are the
// function of a call, `index` and arguments of a node, `code` and `bits` of a constant, `spec` of a
// rule; verify.cc checks them, and ForEachName of name_lists.h and the builder know them.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "rules/ir/program.h"

namespace writ {

enum class FieldUse : std::uint8_t {
  kRequired,
  kOptional,  // an id that may be missing
  kFilled,    // a text that is not "", a range that is not empty
};

// NOLINTBEGIN(bugprone-macro-parentheses): a type, and a list of calls
#define WRIT_HAS(name) visit(#name, record.name, FieldUse::kRequired)
#define WRIT_MAY(name) visit(#name, record.name, FieldUse::kOptional)
#define WRIT_FILLED(name) visit(#name, record.name, FieldUse::kFilled)
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
WRIT_FIELDS(Slot, WRIT_MAY(parent), WRIT_HAS(key), WRIT_HAS(type), WRIT_HAS(whole), WRIT_HAS(unused))
WRIT_FIELDS(Node, WRIT_HAS(kind), WRIT_HAS(shared), WRIT_HAS(type))
WRIT_FIELDS(Let, WRIT_HAS(name), WRIT_HAS(value))
WRIT_FIELDS(Policy, WRIT_FILLED(name), WRIT_HAS(package), WRIT_HAS(severity), WRIT_HAS(title), WRIT_HAS(see), WRIT_HAS(location),
            WRIT_HAS(target), WRIT_HAS(mode), WRIT_HAS(unused))
WRIT_FIELDS(Rule, WRIT_HAS(policy), WRIT_MAY(guard), WRIT_HAS(needs_scopes), WRIT_HAS(verb), WRIT_HAS(unused))
WRIT_FIELDS(RuleDetails, WRIT_FILLED(id), WRIT_HAS(severity), WRIT_HAS(title), WRIT_HAS(see), WRIT_FILLED(selectors), WRIT_HAS(message),
            WRIT_HAS(discriminators))
WRIT_FIELDS(Selector, WRIT_HAS(scope), WRIT_HAS(name))
WRIT_FIELDS(MessagePart, WRIT_HAS(text), WRIT_MAY(value))
WRIT_FIELDS(Discriminator, WRIT_HAS(kind), WRIT_HAS(unused), WRIT_HAS(slot), WRIT_FILLED(strings))
WRIT_FIELDS(MaskSpec, WRIT_FILLED(targets), WRIT_HAS(text), WRIT_HAS(kind), WRIT_HAS(unused))
WRIT_FIELDS(LimitKey, WRIT_HAS(value))
WRIT_FIELDS(LimitSpec, WRIT_HAS(keys), WRIT_HAS(identity), WRIT_HAS(unused))
WRIT_FIELDS(ImageSpec, WRIT_HAS(image), WRIT_FILLED(demands))
WRIT_FIELDS(SignatureDemand, WRIT_HAS(signers), WRIT_HAS(predicate_type), WRIT_MAY(condition))
WRIT_FIELDS(SignerTerm, WRIT_HAS(kind), WRIT_HAS(unused), WRIT_MAY(signer))
WRIT_FIELDS(Column, WRIT_FILLED(name), WRIT_HAS(type))
WRIT_FIELDS(Relation, WRIT_FILLED(name), WRIT_FILLED(table), WRIT_FILLED(their_column), WRIT_FILLED(our_column), WRIT_HAS(many),
            WRIT_HAS(unused))
WRIT_FIELDS(Table, WRIT_FILLED(name), WRIT_HAS(columns), WRIT_HAS(relations))
WRIT_FIELDS(SignerOption, WRIT_HAS(kind), WRIT_HAS(unused), WRIT_HAS(name), WRIT_HAS(value))
WRIT_FIELDS(Signer, WRIT_FILLED(name), WRIT_HAS(issuer), WRIT_HAS(subject), WRIT_HAS(trust), WRIT_HAS(trust_digest), WRIT_HAS(key),
            WRIT_HAS(options), WRIT_MAY(location), WRIT_HAS(kind), WRIT_HAS(unused))
WRIT_FIELDS(Import, WRIT_FILLED(name))
WRIT_FIELDS(ProgramData, WRIT_HAS(name), WRIT_HAS(json))

#undef WRIT_HAS
#undef WRIT_MAY
#undef WRIT_FILLED
#undef WRIT_FIELDS

}  // namespace writ
