// The decision program: what the compiler (dsl) writes and the engine reads. Free of anything only
// the native syntax has, so that other front ends (Cedar, ValidatingAdmissionPolicy) can produce
// it.
//
// Idea: a program is a set of pools, arrays of plain records of fixed width. Records name records
// of other pools by id (a position) or by range (a first one and how many). So a program is used
// where its bytes lie: a loaded bundle is not decoded, and what a decision reads stands close
// together.
//
//   const Rule& rule = program[id];                       // 24 bytes: all that most decisions read
//   for (const TextId scope : program[rule.needs_scopes]) Use(program[scope]);
//   std::string_view title = program[program.details(id).title];
//
// Programs are made by rules/build, or by rules/bundle from bytes. A `VerifiedProgram` (verify.h)
// is one whose every id and range has been proven; only that type can be evaluated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "rules/base/check.h"
#include "rules/base/ids.h"
#include "rules/base/source.h"
#include "rules/ir/node.h"
#include "rules/model/column_option.h"
#include "rules/model/signer_option.h"
#include "rules/model/target.h"

namespace writ {

using TextId = Id<struct TextTag>;
using ConstantId = Id<struct Constant>;
using SlotId = Id<struct Slot>;
using PolicyId = Id<struct Policy>;
using RuleId = Id<struct Rule>;
using SignerId = Id<struct Signer>;
using SpecId = Id<struct SpecTag>;
using LetId = Id<struct Let>;

// Items of one pool that stand in a row.
template <typename Item>
struct RangeOf {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  constexpr bool empty() const { return count == 0; }
  friend bool operator==(const RangeOf&, const RangeOf&) = default;
};

// Every text of a program stands once in its pool, and the pool is in byte order. So equal texts
// have equal ids, and this one, which says "none" where a text may be missing, comes first.
inline constexpr TextId kNoText{std::size_t{0}};

// ---- records ------------------------------------------------------------------------------------
// All are plain data without padding; what is called `unused` is 0. rules/ir/fields.h says of every
// field what it names, and the verifier, the builder and the bundle read that.

// One policy file, by its name.
struct File {
  TextId name;
};

// A static type (rules/model/type.h). The simple ones stand first (SimpleType); parameters and
// fields refer backwards.
struct TypeField {
  TextId name;
  TypeId type;
  bool optional = false;
  std::uint8_t unused[3] = {};
};
struct TypeRecord {
  TypeKind kind = TypeKind::kDyn;
  bool open = false;  // kRecord: members not listed are dyn
  std::uint8_t unused[2] = {};
  TextId name;
  RangeOf<TypeId> parameters;
  RangeOf<TypeField> fields;
};

// A literal, of any kind but kAbsent, kOptional and kUnknown. Lists and maps refer to earlier
// constants only, so a pool can be used front to back.
struct Constant {
  Kind kind = Kind::kNull;
  std::uint8_t unused = 0;
  std::uint16_t code = 0;   // kError: ValueError
  std::uint32_t nanos = 0;  // kTimestamp: [0, 1e9)
  std::uint64_t bits = 0;   // as one of the functions below reads it; 0 for kNull

  // kBool 0/1, kInt, kUint (bit pattern), kTimestamp seconds, kDuration nanoseconds.
  std::int64_t integer() const { return static_cast<std::int64_t>(bits); }
  double real() const;                                       // kDouble
  TextId text() const { return TextId(std::size_t{bits}); }  // kString, kType (name), kError (detail)
  RangeOf<std::byte> bytes() const { return As<std::byte>(); }
  RangeOf<ConstantId> items() const { return As<ConstantId>(); }  // kList: items; kMap: key, value, key, value, …
  template <typename Item>
  static std::uint64_t BitsOf(RangeOf<Item> range) {
    return range.first | std::uint64_t{range.count} << 32U;
  }

 private:
  template <typename Item>
  RangeOf<Item> As() const {
    return {static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32U)};
  }
};

// One node of the trie of attribute paths that the program reads: "principal" → "principal.tenant".
// A slot's parent comes before it. Roots are variables of targets (or free variables of a single
// expression).
struct Slot {
  SlotId parent;                             // invalid for a root
  TextId key;                                // the root's name, or the member's
  TypeId type = SimpleType(TypeKind::kDyn);  // what the reader enforces, if declared
  bool whole = false;                        // the value itself is read, not only what is below it
  std::uint8_t unused[3] = {};
};

// What a `let` stood for: only for people who read a dump or an explanation.
struct Let {
  TextId name;
  NodeId value;
};

// A message with holes: text, value, text, value, … `because "depth is {context.chain.depth}"`.
struct MessagePart {
  TextId text;   // literal text, when `value` is not valid
  NodeId value;  // to be shown by DisplayText
};

// What a rule must match before its guard is looked at: a pattern over the request's selector key
// (target.h rows say what the two halves are: server and tool, resource type and action, table and
// "", Kind.group and operation). '*' stays inside one '/' segment of its half, '**' crosses; both
// never cross the halves. `\` escapes the next byte.
struct Selector {
  TextId scope;  // server, resource type, table, Kind.group
  TextId name;   // tool, uri, prompt, action, operation
};

// A conjunct of a guard that the index can test by hash: the guard is certainly false unless the
// slot's value is one of the strings (kEquals), or is a list that holds one of them (kContains).
// Faults and absent values make the rule a candidate.
struct Discriminator {
  enum class Kind : std::uint8_t { kEquals, kContains };
  Kind kind = Kind::kEquals;
  std::uint8_t unused[3] = {};
  SlotId slot;
  RangeOf<TextId> strings;
};

enum class MaskKind : std::uint8_t { kKeepLast, kKeepFirst, kHash, kReplace, kNull };

// `mask` on a column, `redact` on JSON pointers of a tool's result.
struct MaskSpec {
  RangeOf<TextId> targets;  // column names, or JSON pointers where "*" is any element
  TextId text;              // kReplace: the replacement
  std::uint32_t count = 0;  // kKeepLast, kKeepFirst: characters kept
  MaskKind kind = MaskKind::kNull;
  std::uint8_t unused[3] = {};
};

// A value that names the bucket of a limit.
struct LimitKey {
  NodeId value;
};

// `limit … to COUNT per PERIOD by KEY`: at most `count` calls in a burst, refilled evenly over the
// period (GCRA).
struct LimitSpec {
  std::uint64_t count = 1;        // >= 1
  std::int64_t period_nanos = 1;  // >= 1
  RangeOf<LimitKey> keys;         // empty = one bucket for all
  // By what the limit is found again after a reload, inside its policy: `@id`, or else patterns and
  // key (rules/build/rule_key.h), never place, count or condition.
  TextId identity;
  std::uint32_t unused = 0;
};

// Which signatures an image must carry, in postfix order: kSigner pushes "signed by that signer";
// kAtLeast pops `operands` and pushes "at least `needed` of them hold" (and = all, or = 1).
struct SignerTerm {
  enum class Kind : std::uint8_t { kSigner, kAtLeast };
  Kind kind = Kind::kSigner;
  std::uint8_t unused[3] = {};
  SignerId signer;           // kSigner
  std::uint32_t needed = 0;  // kAtLeast, as below
  std::uint32_t operands = 0;
};

// What an image must carry: a signature, or an attestation of a type whose predicate meets a
// condition.
struct SignatureDemand {
  RangeOf<SignerTerm> signers;
  TextId predicate_type;  // kNoText = a signature proper, which no attestation is
  NodeId condition;       // over the root slot `predicate`; invalid = any attestation
};

// `require image EXPR signed by … attested …`: EXPR is an image reference or a list of them; every
// image meets every demand.
struct ImageSpec {
  NodeId image;
  RangeOf<SignatureDemand> demands;
};

// The root slot that holds an attestation's predicate while the condition of a demand runs. No
// request can set it.
inline constexpr std::string_view kPredicateRoot = "predicate";

// What rules want to know beyond the request: a fact of that kind, whose key an expression gives.
// It stands in a slot of its own, right below the root `facts`, which no request can set. A key may
// read facts that come before it.
inline constexpr std::string_view kFactsRoot = "facts";
struct FactSpec {
  TextId kind;
  NodeId key;  // a string
  SlotId slot;
};

// What every decision reads of a rule.
//
// kRequire without an image: the guard is the whole requirement. `require X when C unless U` is
// lowered to the guard `!(C) || U || X` by the front end, so that "not true" means "not met" for
// every kind of failure, errors in C included.
struct Rule {
  PolicyId policy;
  NodeId guard;                  // a bool; invalid = always
  RangeOf<TextId> needs_scopes;  // kAllow
  // What the verb is about: a MaskSpec (kMask, kRedact), a LimitSpec (kLimit), an ImageSpec
  // (kRequire; the guard then says when the requirement applies). Invalid: nothing more.
  SpecId spec;
  Verb verb = Verb::kDeny;
  std::uint8_t unused[3] = {};
};
static_assert(sizeof(Rule) == 24);

// The rest of a rule: what the index is made of, and what people are shown.
struct RuleDetails {
  TextId id;                    // "r4", or what @id says; unique inside the policy
  TextId severity, title, see;  // attributes, kNoText when not given
  std::uint32_t line = 0;       // in the policy's file
  std::uint32_t column = 0;
  RangeOf<Selector> selectors;  // any of them
  RangeOf<MessagePart> message;
  RangeOf<Discriminator> discriminators;
};

struct Policy {
  TextId name;
  TextId package;
  TextId severity, title, see;
  SourceLocation location;
  Target target = Target::kTools;
  PolicyMode mode = PolicyMode::kEnforce;
  std::uint8_t combining = 0;  // 0 = kNativeCombining, n = combinings[n - 1]
  std::uint8_t unused[1] = {};
};

// What something counts for that fails instead of being true or false.
enum class OnError : std::uint8_t {
  kSkip,  // nothing
  kDeny,  // a denial
};

// How the rules of all policies make one decision. A member more is a way more; today there is one.
enum class CombiningAlgorithm : std::uint8_t {
  kDenyOverrides,  // a denial denies; else an allow allows; else the target's default
};

// What outcomes of a policy's rules mean: a row of the table that policies name.
//
// Of each row a true allow allows, a true deny and a false requirement are denials, and a match
// condition comes first: where it is false, no rule of the policy applies, whatever else fails.
// Rows differ in what an error means. engine/decide/roles.h reads them.
struct Combining {
  CombiningAlgorithm algorithm = CombiningAlgorithm::kDenyOverrides;
  OnError allow = OnError::kSkip;  // of a guard, by the rule's verb
  OnError deny = OnError::kDeny;
  OnError require = OnError::kDeny;
  OnError match = OnError::kDeny;  // of the policy's match condition: a denial by each of its rules
  std::uint8_t unused[3] = {};
  friend bool operator==(const Combining&, const Combining&) = default;
};

// Writ's own, which is also that of a ValidatingAdmissionPolicy whose failurePolicy is Fail.
inline constexpr Combining kNativeCombining;
// What fails does not count: Cedar, and a failurePolicy of Ignore.
inline constexpr Combining kSkippingCombining{
    .allow = OnError::kSkip, .deny = OnError::kSkip, .require = OnError::kSkip, .match = OnError::kSkip};

// The condition that has to hold before the rules of a policy are looked at. Several are one,
// joined by `&&`: a false one decides, whatever others fail.
struct MatchCondition {
  PolicyId policy;
  NodeId condition;  // a bool
};

// By what a rule is known in logs, exceptions and coverage, wherever it stands:
// rules/build/rule_key.h. All zero = none.
struct RuleKey {
  std::uint8_t bytes[6] = {};
  friend auto operator<=>(const RuleKey&, const RuleKey&) = default;  // NOLINT(modernize-use-nullptr): see ids.h
};

// Returns the key as 12 hexadecimal digits, "" for none.
std::string RuleKeyText(const RuleKey& key);

struct Column {
  TextId name;
  TypeId type = SimpleType(TypeKind::kDyn);
};

// `items: many order_item on order_item.order_id = id`.
struct Relation {
  TextId name;
  TextId table;  // the other table
  TextId their_column, our_column;
  bool many = true;
  std::uint8_t unused[3] = {};
};

struct Table {
  TextId name;
  RangeOf<Column> columns;
  RangeOf<Relation> relations;
};

// What a database calls a table where the declaration says another name.
struct StoredName {
  Id<Table> table;
  TextId name;
  SqlDialect dialect = SqlDialect::kAny;
  std::uint8_t unused[3] = {};
};

// How a column is kept, beyond name and type (rules/model/column_option.h).
struct ColumnOption {
  Id<Column> column;
  TextId text;  // kName, kPointer, kLayout; else ""
  ColumnOptionKind kind = ColumnOptionKind::kName;
  SqlDialect dialect = SqlDialect::kAny;
  std::uint8_t unused[2] = {};
};

// What else holds of a relation's rows: `their_column` equals our column, or a constant (a bool,
// an int, a string or null).
struct RelationTerm {
  Id<Relation> relation;
  TextId their_column;
  TextId our_column;  // "" where there is a value
  ConstantId value;
};

struct SignerOption {
  SignerOptionKind kind = SignerOptionKind::kLog;
  std::uint8_t unused[3] = {};
  TextId name;  // pairs only
  TextId value;
};

// Whose signature counts. Paths are relative to the folder of the policy file, which `location` names.
struct Signer {
  enum class Kind : std::uint8_t { kKey, kKeyless, kOwnPki };
  TextId name;
  TextId issuer, subject;  // of the certificate; `*` stays inside one `/` segment
  // A path. kKeyless: trusted_root.json; kOwnPki: root certificates (PEM); kKey: of the log, or "".
  TextId trust;
  TextId trust_digest;  // "sha256:<hex>" that the file must have; "" = any
  TextId key;           // kKey: path of a PEM file
  RangeOf<SignerOption> options;
  SourceLocation location;
  Kind kind = Kind::kKey;
  std::uint8_t unused[3] = {};
};

// A name under `data`.
struct Import {
  TextId name;
};

// What an import stands for, compiled in. The JSON is read where policies are loaded.
struct ProgramData {
  TextId name;  // of the import
  TextId json;
};

// A byte of the places of conditions, which rules/ir/places.h reads.
enum class PlaceByte : std::uint8_t {};

// ---- pools --------------------------------------------------------------------------------------

// Number of the section in a bundle (never used again for anything else), name, record, what one is
// called in faults.
//
// INVARIANTS: texts are distinct and in byte order; text i is the bytes [begins[i], begins[i + 1]).
// Rules, their details and their keys have the same position; a program has no keys when an older
// writ compiled it. Rules stand in source order, and the rules of one policy in a row. Match
// conditions stand in the order of their policies, of which each has at most one. Facts stand in
// the order of their slots, of which each has at most one. Names of stored tables and options of
// columns stand in the order of what they are about, then of kind and dialect, and none is there
// twice; terms of relations in the order of their relations.
#define WRIT_POOLS(P)                                        \
  P(1, text_begins, std::uint32_t, "text")                   \
  P(2, text_bytes, char, "byte of text")                     \
  P(3, bytes, std::byte, "byte")                             \
  P(4, text_lists, TextId, "item of a list of texts")        \
  P(5, files, File, "file")                                  \
  P(6, type_parameters, TypeId, "parameter of a type")       \
  P(7, type_fields, TypeField, "field of a type")            \
  P(8, types, TypeRecord, "type")                            \
  P(9, constant_items, ConstantId, "item of a constant")     \
  P(10, constants, Constant, "constant")                     \
  P(11, slots, Slot, "slot")                                 \
  P(12, node_args, NodeId, "argument")                       \
  P(13, nodes, Node, "node")                                 \
  P(14, lets, Let, "let")                                    \
  P(15, policies, Policy, "policy")                          \
  P(16, rules, Rule, "rule")                                 \
  P(17, rule_details, RuleDetails, "details of rule")        \
  P(18, selectors, Selector, "selector")                     \
  P(19, message_parts, MessagePart, "part of a message")     \
  P(20, discriminators, Discriminator, "discriminator")      \
  P(21, masks, MaskSpec, "mask")                             \
  P(22, limits, LimitSpec, "limit")                          \
  P(23, limit_keys, LimitKey, "key of a limit")              \
  P(24, images, ImageSpec, "image requirement")              \
  P(25, demands, SignatureDemand, "demand")                  \
  P(26, signer_terms, SignerTerm, "signer term")             \
  P(27, columns, Column, "column")                           \
  P(28, relations, Relation, "relation")                     \
  P(29, tables, Table, "table")                              \
  P(30, signer_options, SignerOption, "signer option")       \
  P(31, signers, Signer, "signer")                           \
  P(32, imports, Import, "import")                           \
  P(33, data, ProgramData, "data")                           \
  P(34, places, PlaceByte, "byte of places")                 \
  P(35, combinings, Combining, "combining")                  \
  P(36, match_conditions, MatchCondition, "match condition") \
  P(37, rule_keys, RuleKey, "key of a rule")                 \
  P(38, facts, FactSpec, "fact")                             \
  P(39, stored_names, StoredName, "name of a stored table")  \
  P(40, column_options, ColumnOption, "option of a column")  \
  P(41, relation_terms, RelationTerm, "term of a relation")

template <template <typename> class Pool>
struct Pools {
#define WRIT_POOL(number, name, Record, what) Pool<Record> name;
  WRIT_POOLS(WRIT_POOL)
#undef WRIT_POOL
};

// No byte of a record is left to chance: equal programs are equal bytes.
#define WRIT_CHECK_RECORD(number, name, Record, what) \
  static_assert(std::is_trivially_copyable_v<Record> && std::has_unique_object_representations_v<Record> && alignof(Record) <= 8);
WRIT_POOLS(WRIT_CHECK_RECORD)
#undef WRIT_CHECK_RECORD

template <typename Record>
using ConstPool = std::span<const Record>;
template <typename Record>
using OwnPool = std::vector<Record>;

// The pools as they are built and, in tests, broken.
using ProgramParts = Pools<OwnPool>;

// Immutable, and cheap to copy: copies share the memory that the pools lie in. The accessors take
// ids and ranges of this program that are in range (verify.h proves them), and are O(1); what they
// return lives as long as one of the copies.
class Program : public Pools<ConstPool> {
 public:
  Program() = default;
  // Takes the parts over.
  explicit Program(ProgramParts parts);
  // Uses the pools where they lie, in memory that `owner` keeps.
  Program(const Pools<ConstPool>& pools, std::shared_ptr<const void> owner) : Pools<ConstPool>(pools), owner_(std::move(owner)) {}

  // How many records all pools have together.
  std::size_t record_count() const {
#define WRIT_COUNT(number, name, Record, what) +name.size()
    return 0 WRIT_POOLS(WRIT_COUNT);
#undef WRIT_COUNT
  }
  std::size_t text_count() const { return text_begins.empty() ? 0 : text_begins.size() - 1; }

  std::string_view operator[](TextId id) const {
    const std::uint32_t begin = text_begins[id.index];
    return {text_bytes.data() + begin, text_begins[id.index + 1] - begin};
  }
#define WRIT_ACCESS(number, name, Record, what)                                                                      \
  const Record& operator[](Id<Record> id) const { return name[id.index]; }                                           \
  std::span<const Record> operator[](RangeOf<Record> range) const { return name.subspan(range.first, range.count); } \
  std::span<const Record> pool(std::type_identity<Record> /*of*/) const { return name; }
  WRIT_POOLS(WRIT_ACCESS)
#undef WRIT_ACCESS

  std::span<const NodeId> args(const Node& node) const { return node_args.subspan(node.first_arg, node.arg_count); }
  std::span<const NodeId> args(NodeId id) const { return args(nodes[id.index]); }

  const RuleDetails& details(RuleId id) const { return rule_details[id.index]; }
  // Of a rule that stands in `rules`.
  const RuleDetails& details(const Rule& rule) const { return rule_details[static_cast<std::size_t>(&rule - rules.data())]; }
  const Policy& policy(const Rule& rule) const { return policies[rule.policy.index]; }
  const Combining& combining(const Rule& rule) const {
    const std::uint8_t number = policy(rule).combining;
    return number == 0 ? kNativeCombining : combinings[number - 1U];
  }
  // Invalid: the policy has none. O(log match conditions).
  NodeId match(PolicyId policy) const { return match_conditions.empty() ? NodeId() : FindMatch(policy); }
  RuleKey key(RuleId id) const { return rule_keys.empty() ? RuleKey() : rule_keys[id.index]; }
  // Invalid file: only in a program that nobody has verified.
  SourceLocation location(const Rule& rule) const { return {policy(rule).location.file, details(rule).line, details(rule).column}; }
  // What the rule's verb is about, or nullptr.
  const MaskSpec* mask(const Rule& rule) const { return IsMask(rule.verb) ? SpecOf(masks, rule) : nullptr; }
  const LimitSpec* limit(const Rule& rule) const { return rule.verb == Verb::kLimit ? SpecOf(limits, rule) : nullptr; }
  const ImageSpec* image(const Rule& rule) const { return rule.verb == Verb::kRequire ? SpecOf(images, rule) : nullptr; }

  static bool IsMask(Verb verb) { return verb == Verb::kMask || verb == Verb::kRedact; }

  // Are all pools the same bytes?
  friend bool operator==(const Program& a, const Program& b);

 private:
  NodeId FindMatch(PolicyId policy) const;
  template <typename Spec>
  static const Spec* SpecOf(std::span<const Spec> specs, const Rule& rule) {
    return rule.spec.valid() ? &specs[rule.spec.index] : nullptr;
  }

  std::shared_ptr<const void> owner_;
};

// Calls `visit(NodeId)` for each expression of the rule: its policy's match condition, guard,
// message, keys, image, conditions of demands.
template <typename Visit>
void ForEachExpression(const Program& program, RuleId id, Visit visit) {
  const Rule& rule = program[id];
  if (const NodeId match = program.match(rule.policy); match.valid()) visit(match);
  if (rule.guard.valid()) visit(rule.guard);
  for (const MessagePart& part : program[program.details(id).message]) {
    if (part.value.valid()) visit(part.value);
  }
  if (const LimitSpec* limit = program.limit(rule)) {
    for (const LimitKey& key : program[limit->keys]) visit(key.value);
  }
  const ImageSpec* image = program.image(rule);
  if (image == nullptr) return;
  visit(image->image);
  for (const SignatureDemand& demand : program[image->demands]) {
    if (demand.condition.valid()) visit(demand.condition);
  }
}

// Returns the types as rules/model/type.h has them, by TypeId. O(size of the types). Requires:
// ranges and texts are in range.
std::vector<Type> TypesOf(const Program& program);

// Returns "principal.claims.team" for a slot; the parts that are no identifiers are shown as ["…"]. Requires: in range.
std::string SlotPath(const Program& program, SlotId slot);

}  // namespace writ
