// The decision program: what the compiler (dsl) writes and the engine reads. Free of anything only the native syntax has,
// so that other front ends (Cedar, ValidatingAdmissionPolicy) can produce it.
//
// A program is plain data with value semantics. A `VerifiedProgram` (verify.h) is one whose every index has been proven in
// range; only that type can be evaluated.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/ids.h"
#include "rules/base/source.h"
#include "rules/ir/node.h"
#include "rules/model/signer_option.h"
#include "rules/model/target.h"

namespace writ {

using ConstantId = Id<struct ConstantTag>;
using SlotId = Id<struct SlotTag>;
using PolicyId = Id<struct PolicyTag>;
using RuleId = Id<struct RuleTag>;
using TableId = Id<struct TableTag>;
using SignerId = Id<struct SignerTag>;

// A literal. Lists and maps refer to earlier constants only, so a pool can be built front to back.
struct Constant {
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kUint, kDouble, kString, kBytes, kTimestamp, kDuration, kType, kList, kMap, kError };
  Kind kind = Kind::kNull;
  std::uint16_t code = 0;         // kError: ValueError
  std::int64_t integer = 0;       // kBool 0/1, kInt, kUint (bit pattern), kTimestamp seconds, kDuration nanoseconds
  double real = 0;                // kDouble
  std::uint32_t nanos = 0;        // kTimestamp [0, 1e9)
  std::string text;               // kString (UTF-8), kBytes, kType (name), kError (detail)
  std::vector<ConstantId> items;  // kList: items; kMap: key, value, key, value, …
  friend bool operator==(const Constant&, const Constant&) = default;
};

// One node of the trie of attribute paths that the program reads: "principal" → "principal.tenant". A slot's parent comes
// before it. Roots are variables of targets (or free variables of a single expression).
struct Slot {
  SlotId parent;                             // invalid for a root
  std::string key;                           // the root's name, or the member's
  TypeId type = SimpleType(TypeKind::kDyn);  // what the reader enforces, if declared
  bool whole = false;                        // the value itself is read, not only members below it or its presence
  friend bool operator==(const Slot&, const Slot&) = default;
};

// What a `let` stood for: only for people who read a dump or an explanation.
struct Let {
  std::string name;
  NodeId value;
  friend bool operator==(const Let&, const Let&) = default;
};

// A message with holes: text, value, text, value, … `because "depth is {context.chain.depth}"`.
struct MessagePart {
  std::string text;  // literal text, when `value` is not valid
  NodeId value;      // to be shown by DisplayText
  friend bool operator==(const MessagePart&, const MessagePart&) = default;
};
using Message = std::vector<MessagePart>;

// What a rule must match before its guard is looked at: a pattern over the request's selector key (target.h rows say what
// the two halves are: server and tool, resource type and action, table and "", Kind.group and operation). '*' stays inside
// one '/' segment of its half, '**' crosses; both never cross the halves. `\` escapes the next byte.
struct Selector {
  std::string scope = "**";  // server, resource type, table, Kind.group
  std::string name = "**";   // tool, uri, prompt, action, operation
  friend bool operator==(const Selector&, const Selector&) = default;
};

// A conjunct of a guard that the index can test by hash: the guard is certainly false unless the slot's value is one of the
// strings (kEquals), or is a list that holds one of them (kContains). Faults and absent values make the rule a candidate.
struct Discriminator {
  enum class Kind : std::uint8_t { kEquals, kContains };
  Kind kind = Kind::kEquals;
  SlotId slot;
  std::vector<std::string> strings;
  friend bool operator==(const Discriminator&, const Discriminator&) = default;
};

enum class MaskKind : std::uint8_t { kKeepLast, kKeepFirst, kHash, kReplace, kNull };

// `mask` on a column, `redact` on JSON pointers of a tool's result. `count`: characters kept; `text`: the replacement.
struct MaskSpec {
  std::vector<std::string> targets;  // column names, or JSON pointers where "*" is any element
  MaskKind kind = MaskKind::kNull;
  std::uint32_t count = 0;
  std::string text;
  friend bool operator==(const MaskSpec&, const MaskSpec&) = default;
};

// `limit … to COUNT per PERIOD by KEY`: at most `count` calls in a burst, refilled evenly over the period (GCRA).
struct LimitSpec {
  std::uint64_t count = 1;        // >= 1
  std::int64_t period_nanos = 1;  // >= 1
  std::vector<NodeId> keys;       // values that name the bucket; empty = one bucket for all
  // By what the limit is found again after a reload, inside its policy: `@id`, or else patterns and key, never place, count or condition.
  std::string identity;
  friend bool operator==(const LimitSpec&, const LimitSpec&) = default;
};

// Which signatures an image must carry, in postfix order: kSigner pushes "signed by that signer"; kAtLeast pops `operands`
// and pushes "at least `needed` of them hold" (and = all, or = 1).
struct SignerTerm {
  enum class Kind : std::uint8_t { kSigner, kAtLeast };
  Kind kind = Kind::kSigner;
  SignerId signer;
  std::uint32_t needed = 0;
  std::uint32_t operands = 0;
  friend bool operator==(const SignerTerm&, const SignerTerm&) = default;
};

// What an image must carry: a signature, or an attestation of a type whose predicate meets a condition.
struct SignatureDemand {
  std::vector<SignerTerm> signers;
  std::string predicate_type;  // "" = a signature proper, which no attestation is
  NodeId condition;            // attestations only: over the root slot `predicate`; invalid = any predicate
  friend bool operator==(const SignatureDemand&, const SignatureDemand&) = default;
};

// `require image EXPR signed by … attested …`: EXPR is an image reference or a list of them; every image meets every demand.
struct ImageSpec {
  NodeId image;
  std::vector<SignatureDemand> demands;
  friend bool operator==(const ImageSpec&, const ImageSpec&) = default;
};

// The root slot that holds an attestation's predicate while the condition of a demand runs. No request can set it.
inline constexpr std::string_view kPredicateRoot = "predicate";

struct Rule {
  PolicyId policy;
  Verb verb = Verb::kDeny;
  std::string id;                    // "r4", or what @id says; unique inside the policy
  std::string severity, title, see;  // attributes, "" when not given
  SourceLocation location;
  std::vector<Selector> selectors;  // any of them
  NodeId guard;                     // a bool; invalid = always
  Message message;                  // empty = none
  std::vector<std::string> needs_scopes;
  std::vector<Discriminator> discriminators;
  std::optional<MaskSpec> mask;    // kMask, kRedact
  std::optional<LimitSpec> limit;  // kLimit
  std::optional<ImageSpec> image;  // kRequire on images; the guard then says when the requirement applies
  friend bool operator==(const Rule&, const Rule&) = default;
};

// Calls `visit(NodeId)` for each expression of the rule: guard, message, keys, image, conditions of
// demands.
template <typename Visit>
void ForEachExpression(const Rule& rule, Visit visit) {
  if (rule.guard.valid()) visit(rule.guard);
  for (const MessagePart& part : rule.message) {
    if (part.value.valid()) visit(part.value);
  }
  if (rule.limit) {
    for (const NodeId key : rule.limit->keys) visit(key);
  }
  if (!rule.image) return;
  visit(rule.image->image);
  for (const SignatureDemand& demand : rule.image->demands) {
    if (demand.condition.valid()) visit(demand.condition);
  }
}

// Note on kRequire without `image`: the guard is the whole requirement. `require X when C unless U` is lowered to the guard
// `!(C) || U || X` by the front end, so that "not true" means "not met" for every kind of failure, errors in C included.

struct Policy {
  std::string name;
  std::string package;
  Target target = Target::kTools;
  PolicyMode mode = PolicyMode::kEnforce;
  std::string severity, title, see;
  SourceLocation location;
  friend bool operator==(const Policy&, const Policy&) = default;
};

struct Column {
  std::string name;
  TypeId type = SimpleType(TypeKind::kDyn);
  friend bool operator==(const Column&, const Column&) = default;
};

// `items: many order_item on order_item.order_id = id`.
struct Relation {
  std::string name;
  bool many = true;
  std::string table;  // the other table
  std::string their_column, our_column;
  friend bool operator==(const Relation&, const Relation&) = default;
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::vector<Relation> relations;
  friend bool operator==(const Table&, const Table&) = default;
};

// Whose signature counts. Paths are relative to the folder of the policy file, which `location` names.
struct Signer {
  enum class Kind : std::uint8_t { kKey, kKeyless, kOwnPki };
  std::string name;
  Kind kind = Kind::kKey;
  std::string issuer, subject;  // kKeyless, kOwnPki: of the certificate; `*` in the subject stays inside one `/` segment
  std::string trust;            // kKeyless: path of a trusted_root.json; kOwnPki: of root certificates (PEM); kKey: of the log, or ""
  std::string trust_digest;     // "sha256:<hex>" that the file must have; "" = any
  std::string key;              // kKey: path of a PEM file
  std::vector<SignerOption> options;
  SourceLocation location;
  friend bool operator==(const Signer&, const Signer&) = default;
};

// What an import stands for, compiled in. The JSON is read where policies are loaded.
struct ProgramData {
  std::string name;  // of the import
  std::string json;
  friend bool operator==(const ProgramData&, const ProgramData&) = default;
};

// INVARIANT: rules stand in source order, and the rules of one policy are contiguous.
struct Program {
  std::vector<std::string> files;  // names of the policy files, for FileId
  std::vector<Type> types;         // the simple ones first (SimpleType); parameters and fields refer backwards
  std::vector<Constant> constants;
  std::vector<Slot> slots;
  std::vector<Node> nodes;
  std::vector<NodeId> node_args;  // of all nodes, each node's in a row
  std::vector<Let> lets;
  std::vector<Policy> policies;
  std::vector<Rule> rules;
  std::vector<Table> tables;
  std::vector<Signer> signers;
  std::vector<std::string> imports;  // names under `data`
  std::vector<ProgramData> data;     // of those imports that were compiled in
  friend bool operator==(const Program&, const Program&) = default;

  // Requires: the node's range lies in node_args (verify.h).
  std::span<const NodeId> args(const Node& node) const { return {node_args.data() + node.first_arg, node.arg_count}; }
  std::span<const NodeId> args(NodeId id) const { return args(nodes[id.index]); }
};

// Returns "principal.claims.team" for a slot; the parts that are no identifiers are shown as ["…"]. Requires: in range.
std::string SlotPath(const Program& program, SlotId slot);

// Returns the program as text: stable, one line per item, greppable (`writ dump`). Needs no verification: ids out of range
// are shown as they are.
std::string DumpProgram(const Program& program);

}  // namespace writ
