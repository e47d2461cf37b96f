// The typed expression graph: what conditions, messages, keys and images of a program are made of.
//
// Idea: a program holds one pool of nodes, and equal expressions are one node. Kind, detail, index,
// arguments and type make a node what it is. Arguments come before the nodes that use them, so
// every analysis is one pass over the pool, without recursion. The bundle stores the pool, the
// verifier checks it, engine/emit makes code of it, text.h prints it.
//
//   principal.tenant == "acme"                         as `writ dump` shows it:
//     node n0: string slot s1(principal.tenant)
//     node n1: string constant k0(string "acme")
//     node n2: bool call _==_ n0 n1
//
//   in:  what a condition computes, with its static types; one pool for the rules of all policies
//   out: names of lets and fns (the body takes their place), places in the text (places.h), and how
//        it is evaluated: code, registers, regexes
//
// `&&` and `||` keep the order of their operands and have two or more.
//
// Variables of macros are named by the depth that binds them. In `a.all(x, b.exists(y, x == y))` x
// is v0 and y is v1, whatever they were called. So `a.all(p, p > 1)` and `a.all(q, q > 1)` are one
// node, and a node is closed exactly when it mentions no depth that is not bound inside it.
//
// Types say what is known before a request comes. They choose no evaluation: a value is the same
// with and without them.
//
// Cost: 20 bytes a node and 4 an argument. What stands in a thousand rules is stored once, but an
// expression written out can be exponentially larger than its nodes: walk nodes, or bound the walk.
#pragma once

#include <cstdint>
#include <string_view>

#include "rules/base/ids.h"
#include "rules/model/type.h"

namespace writ {

using NodeId = Id<struct Node>;

// What a node's `index` names.
enum class NodeIndex : std::uint8_t {
  kNothing,   // 0
  kConstant,  // constants[index]
  kMember,    // constants[index], a string
  kSlot,      // slots[index]
  kDepth,     // the variable that a macro binds, or that it is
};

inline constexpr std::uint32_t kAnyCount = 0xFFFFFFFF;

// Kind, name in dumps and bundles, fewest and most arguments, what the index names, whether it puts
// values into a list, map or optional that its arguments are not in, what it is.
#define WRIT_NODE_KINDS(N)                                                                                                     \
  N(Constant, "constant", 0, 0, kConstant, false, "constants[index]")                                                          \
  N(Slot, "slot", 0, 0, kSlot, false, "value of slots[index], or the error of its first missing step")                         \
  N(HasSlot, "has_slot", 0, 0, kSlot, false, "has(path of slots[index])")                                                      \
  N(OptionalSlot, "optional_slot", 0, 0, kSlot, true, "optional of the path; the first `detail` steps are plain selects")      \
  N(Variable, "variable", 0, 0, kDepth, false, "variable of the macro that binds depth `index`")                               \
  N(Select, "select", 1, 1, kMember, false, "args[0] . constants[index]")                                                      \
  N(HasMember, "has", 1, 1, kMember, false, "has(args[0] . constants[index])")                                                 \
  N(OptionalSelect, "optional_select", 1, 1, kMember, true, "args[0] .? constants[index]")                                     \
  N(Call, "call", 0, 31, kNothing, false, "function `detail` of args; which nest values is known of functions")                \
  N(And, "and", 2, kAnyCount, kNothing, false, "args")                                                                         \
  N(Or, "or", 2, kAnyCount, kNothing, false, "args")                                                                           \
  N(Conditional, "conditional", 3, 3, kNothing, false, "condition, then, else")                                                \
  N(List, "list", 0, kAnyCount, kNothing, true, "items")                                                                       \
  N(Map, "map", 0, kAnyCount, kNothing, true, "key, value, key, value, ...")                                                   \
  N(OptionalEntry, "optional_entry", 1, 1, kNothing, false, "item of a list, value of a map: an optional's inside or nothing") \
  N(All, "all", 2, 2, kDepth, false, "range, predicate; `index`: the depth that it binds, as for all macros below")            \
  N(Exists, "exists", 2, 2, kDepth, false, "range, predicate")                                                                 \
  N(ExistsOne, "exists_one", 2, 2, kDepth, false, "range, predicate")                                                          \
  N(MapItems, "map_items", 3, 3, kDepth, true, "range, predicate or none, transform")                                          \
  N(Filter, "filter", 2, 2, kDepth, true, "range, predicate")                                                                  \
  N(OptMap, "opt_map", 2, 2, kDepth, true, "optional, transform")                                                              \
  N(OptFlatMap, "opt_flat_map", 2, 2, kDepth, false, "optional, transform")

enum class NodeKind : std::uint8_t {
#define WRIT_ENUM(id, name, least, most, index, nests, what) k##id,
  WRIT_NODE_KINDS(WRIT_ENUM)
#undef WRIT_ENUM
};

#define WRIT_COUNT(id, name, least, most, index, nests, what) +1
inline constexpr std::size_t kNodeKindCount = 0 WRIT_NODE_KINDS(WRIT_COUNT);
#undef WRIT_COUNT

struct NodeKindInfo {
  std::string_view name;
  std::uint32_t least_args, most_args;
  NodeIndex index;
  bool nests;
};

// Plain data, 20 bytes.
struct Node {
  NodeKind kind = NodeKind::kConstant;
  // A hint of the compiler's: the value is worth keeping for the rest of the decision. No part of
  // what the node is.
  bool shared = false;
  std::uint16_t detail = 0;
  std::uint32_t index = 0;
  std::uint32_t first_arg = 0;  // into the pool of arguments
  std::uint32_t arg_count = 0;
  TypeId type;
  friend bool operator==(const Node&, const Node&) = default;
};

// Does the node bind a variable? All arguments but the first are then inside.
constexpr bool BindsVariable(NodeKind kind) { return kind >= NodeKind::kAll; }

inline constexpr NodeKindInfo kNodeKindInfo[] = {
#define WRIT_INFO(id, name, least, most, index, nests, what) {name, least, most, NodeIndex::index, nests},
    WRIT_NODE_KINDS(WRIT_INFO)
#undef WRIT_INFO
};

// Returns the row of the list. O(1). Requires: a kind that is one.
constexpr const NodeKindInfo& InfoOf(NodeKind kind) { return kNodeKindInfo[static_cast<std::size_t>(kind)]; }
// Returns "slot", "call", …
inline std::string_view NodeKindName(NodeKind kind) { return InfoOf(kind).name; }

}  // namespace writ
