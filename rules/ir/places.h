// Where the parts of conditions stand in the policy files: a cold section of a program, read only to
// explain a decision.
//
// Idea: nodes are shared, so a place belongs to a node as one rule, or one `let`, has it. Their
// conditions are walked in a fixed order (WalkPlaced in places.cc), and the places of the nodes
// stand in that order, each as the difference to the one before. So no node is named, and most
// places take one byte; docs/bundle_format.md has the bytes.
//
//   allow read_* when on_call && args.n < 3    places of `on_call`, which stands for a let,
//                                              of `args.n < 3` and of `args.n`
//
//   in:  the parts of guards and lets by `&&` and `||`, and what of them can fail by itself
//   out: constants, `&&` and `||` themselves, what macros repeat; a let's inside, which has its own;
//        what no text of a rule became
//
// The bytes are not verified: what they say wrongly is a wrong place, or none, and nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rules/base/source.h"
#include "rules/ir/program.h"

namespace writ {

// A node, and where the expression begins that became it.
struct PlacedNode {
  NodeId node;
  SourceLocation place = {};  // line 0: not known
  LetId let = {};             // named there; its scope has the places of its parts
  friend bool operator==(const PlacedNode&, const PlacedNode&) = default;
};

// A rule's guard or a let's value. Rules come first.
using PlaceScope = Id<struct PlaceScopeTag>;
inline PlaceScope ScopeOf(const Program& /*program*/, RuleId rule) { return PlaceScope(rule.index); }
inline PlaceScope ScopeOf(const Program& program, LetId let) { return PlaceScope(program.rules.size() + let.index); }

// The first nodes of the walk may have a place: one large condition may be that of every rule.
inline constexpr std::size_t kMaxPlacedNodes = 1'024;

// Returns the pool of places. `known`: by scope, in any order; of a node that is there twice the
// first counts. Requires: one entry a rule and a let of a program whose nodes are good.
// O(kMaxPlacedNodes) a rule and let.
std::vector<PlaceByte> PackPlaces(const Program& program, const std::vector<std::span<const PlacedNode>>& known);

// Reads places of one program, which is borrowed. Not thread-safe.
class Places {
 public:
  // O(lets). Requires: a verified program.
  explicit Places(const Program& program);

  // Returns the known places of a scope in the order of the walk. O(kMaxPlacedNodes).
  std::vector<PlacedNode> Read(PlaceScope scope) const;

  // Returns the node's place in a scope; line 0 when it is not known. The first call for a scope
  // costs Read, the others O(1).
  PlacedNode Find(PlaceScope scope, NodeId node);

 private:
  const Program& program_;
  std::unordered_set<std::uint32_t> let_nodes_;
  std::unordered_map<std::uint32_t, std::unordered_map<std::uint32_t, PlacedNode>> scopes_;
};

}  // namespace writ
