// A program while somebody writes it: records hold their texts and lists themselves, in vectors that
// may still grow. Front ends and tests fill a draft; build.h makes the program of it.
//
//   draft::Program draft;
//   draft.policies.push_back({.name = "tools", .package = "acme"});
//   draft::Rule& rule = draft.rules.emplace_back();
//   rule.selectors = {{"slack", "delete_*"}};
//
// The records mean what those of the same name in rules/ir/program.h mean, and are described there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rules/ir/places.h"
#include "rules/ir/program.h"
#include "rules/model/type.h"

namespace writ::draft {

struct Constant {
  Kind kind = Kind::kNull;
  std::uint16_t code = 0;         // kError
  std::int64_t integer = 0;       // of kBool to kUint, kTimestamp, kDuration
  double real = 0;                // kDouble
  std::uint32_t nanos = 0;        // kTimestamp
  std::string text;               // kString, kBytes, kType, kError
  std::vector<ConstantId> items;  // kList, kMap
};

struct Slot {
  SlotId parent;
  std::string key;
  TypeId type = SimpleType(TypeKind::kDyn);
  bool whole = false;
};

struct Let {
  std::string name;
  NodeId value;
  std::vector<PlacedNode> places = {};  // of parts of the value
};

struct MessagePart {
  std::string text;
  NodeId value;
};

struct Selector {
  std::string scope = "**";
  std::string name = "**";
};

struct Discriminator {
  writ::Discriminator::Kind kind = writ::Discriminator::Kind::kEquals;
  SlotId slot;
  std::vector<std::string> strings;
};

struct MaskSpec {
  std::vector<std::string> targets;
  MaskKind kind = MaskKind::kNull;
  std::uint32_t count = 0;
  std::string text;
};

struct LimitSpec {
  std::uint64_t count = 1;
  std::int64_t period_nanos = 1;
  std::vector<NodeId> keys;
  std::string identity;  // "": the builder finds one, and orders the keys (rule_key.h)
};

struct SignatureDemand {
  std::vector<SignerTerm> signers;
  std::string predicate_type;
  NodeId condition;
};

struct ImageSpec {
  NodeId image;
  std::vector<SignatureDemand> demands;
};

// A rule and its details.
struct Rule {
  PolicyId policy;
  Verb verb = Verb::kDeny;
  std::string id;
  std::string severity, title, see;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::vector<Selector> selectors;
  NodeId guard;
  std::vector<MessagePart> message;
  std::vector<std::string> needs_scopes;
  std::vector<Discriminator> discriminators;
  std::vector<PlacedNode> places;  // of parts of the guard
  // At most one, as the verb wants.
  std::optional<MaskSpec> mask;
  std::optional<LimitSpec> limit;
  std::optional<ImageSpec> image;
};

struct Policy {
  std::string name;
  std::string package;
  Target target = Target::kTools;
  PolicyMode mode = PolicyMode::kEnforce;
  std::string severity, title, see;
  SourceLocation location;
  Combining combining = kNativeCombining;
  NodeId match;  // of MatchCondition; invalid = none
};

// What rules want to know beyond the request; `slot` is a child of the root kFactsRoot.
struct FactSpec {
  std::string kind;
  NodeId key;
  SlotId slot;
};

struct ColumnOption {
  ColumnOptionKind kind = ColumnOptionKind::kName;
  SqlDialect dialect = SqlDialect::kAny;
  std::string text;
  friend auto operator<=>(const ColumnOption&, const ColumnOption&) = default;  // NOLINT(modernize-use-nullptr): see ids.h
};

struct Column {
  std::string name;
  TypeId type = SimpleType(TypeKind::kDyn);
  std::vector<ColumnOption> options;  // in ascending order
  friend bool operator==(const Column&, const Column&) = default;
};

struct RelationTerm {
  std::string their_column;
  std::string our_column;  // "" where there is a value
  ConstantId value;
};

struct Relation {
  std::string name;
  bool many = true;
  std::string table;
  std::string their_column, our_column;
  std::vector<RelationTerm> terms;
};

struct StoredName {
  SqlDialect dialect = SqlDialect::kAny;
  std::string name;
  friend auto operator<=>(const StoredName&, const StoredName&) = default;  // NOLINT(modernize-use-nullptr): see ids.h
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::vector<Relation> relations;
  std::vector<StoredName> stored;  // in ascending order
};

struct SignerOption {
  SignerOptionKind kind = SignerOptionKind::kLog;
  std::string name;
  std::string value;
};

struct Signer {
  std::string name;
  writ::Signer::Kind kind = writ::Signer::Kind::kKey;
  std::string issuer, subject;
  std::string trust;
  std::string trust_digest;
  std::string key;
  std::vector<SignerOption> options;
  SourceLocation location;
};

struct Data {
  std::string name;
  std::string json;
};

// INVARIANT: what a node, constant or type refers to stands before it; rules stand in source order,
// and the rules of one policy in a row. The verifier checks it (rules/ir/verify.h).
struct Program {
  std::vector<std::string> files;
  std::vector<Type> types;  // the simple ones first
  std::vector<Constant> constants;
  std::vector<Slot> slots;
  std::vector<Node> nodes;
  std::vector<NodeId> node_args;  // of all nodes, each node's in a row
  std::vector<Let> lets;
  std::vector<Policy> policies;
  std::vector<Rule> rules;
  std::vector<Table> tables;
  std::vector<Signer> signers;
  std::vector<std::string> imports;
  std::vector<Data> data;
  std::vector<FactSpec> facts;  // in the order of their slots
};

}  // namespace writ::draft
