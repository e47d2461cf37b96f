// Shapes: what a request of one target (or a row of one table) may look like, joined with what the program reads of it.
// Built once per policy set from the rows of rules/model/target.h, the tables and the slot trie; the reader walks JSON and
// shape together.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/request/top_level.h"
#include "rules/ir/program.h"
#include "rules/model/target.h"
#include "rules/model/value.h"

namespace writ {

using ShapeNodeId = Id<struct ShapeNodeTag>;

// Which slots stand below which. Immutable after construction.
class SlotTree {
 public:
  SlotTree() = default;
  // O(slots * log slots).
  explicit SlotTree(const Program& program);

  // Returns the slots right below `slot`, or the roots for an invalid one, sorted by key.
  std::span<const SlotId> children(SlotId slot) const {
    const std::size_t at = slot.valid() ? std::size_t{slot.index} + 1 : 0;
    return std::span(children_).subspan(begins_[at], begins_[at + 1] - begins_[at]);
  }
  // Returns the slot of `key` right below `parent` (or the root of that name), or an invalid id.
  // O(log children).
  SlotId FindChild(const Program& program, SlotId parent, std::string_view key) const;

 private:
  std::vector<std::uint32_t> begins_ = {0, 0};  // [0]: of the roots; [slot + 1]: of its children; in `children_`
  std::vector<SlotId> children_;
};

struct ShapeNode {
  std::string key;                           // "tenant"
  std::string path;                          // "principal.tenant"
  TypeId type = SimpleType(TypeKind::kDyn);  // of RequestShapes::types, without null
  TypeKind kind = TypeKind::kDyn;            // as it is read: a record that nobody checks is a map
  MemberDefault if_absent = MemberDefault::kAbsent;
  bool declared = false;     // a member or column; else only a path that some rule reads inside a dyn value
  bool open = false;         // a record: members that are not declared are allowed
  bool nullable = false;     // null is a value of it; elsewhere null means "not given"
  bool is_foreign = false;   // a record of MCP's, whose next version may add members; near misses are refused
  bool is_identity = false;  // says who: a text that is empty or of blanks alone means "not given"
  bool whole = false;        // the value itself is read: it must be materialised
  bool is_related = false;   // a column of a row that the row brings along; not declared, yet its type is known
  bool is_named = false;     // one of the nodes that Shape names and SetLeaf (fill.h) looks at
  // A text that rules compare and servers normalise: only one spelling of it is taken (docs/language.md, "Names and URIs").
  enum class Spelling : std::uint8_t { kAny, kName, kUri };
  Spelling spelling = Spelling::kAny;
  bool has_slots_below = false;        // its slot has others below it
  bool is_above_given = false;         // what is above its slot is a map before anything is given, and none of it is read as a whole
  std::uint8_t needs_met = 0;          // of Shape::needs: those that a request meets which gives this node
  TopLevel top = TopLevel::kTarget;    // of a root
  std::string_view shorthand;          // of a root that may be given as a bare string: the member that this is; else ""
  const Relation* relation = nullptr;  // of rows: what rows of another table this holds
  SlotId slot;                         // invalid when no rule reads it
  std::vector<ShapeNodeId> children;   // sorted by key
};

// The size of a key and its first eight bytes, by which most keys are told apart without a look at
// their nodes. Of a key of at most eight bytes this is all.
struct KeyHead {
  static constexpr std::size_t kBytes = 8;
  std::uint64_t bytes = 0;
  std::uint64_t size = 0;
  friend bool operator==(const KeyHead&, const KeyHead&) = default;
};

inline KeyHead HeadOf(std::string_view key) {
  constexpr std::size_t kHalf = KeyHead::kBytes / 2;
  const auto byte = [key](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(key[at])}; };
  KeyHead head{.size = key.size()};
  if (key.size() >= KeyHead::kBytes) {
    std::memcpy(&head.bytes, key.data(), KeyHead::kBytes);
  } else if (key.size() >= kHalf) {  // two halves that overlap
    std::uint32_t first = 0, last = 0;
    std::memcpy(&first, key.data(), kHalf);
    std::memcpy(&last, key.data() + key.size() - kHalf, kHalf);
    head.bytes = first | std::uint64_t{last} << 32U;
  } else if (!key.empty()) {
    head.bytes = byte(0) | byte(key.size() / 2) << 8U | byte(key.size() - 1) << 16U;
  }
  return head;
}

// Immutable after BuildShape.
struct Shape {
  Target target = Target::kTools;
  const Table* table = nullptr;  // kRows
  std::vector<ShapeNode> nodes;
  std::vector<KeyHead> heads;          // of the nodes' keys
  std::vector<ShapeNodeId> roots;      // in the order of target.h, so that principal comes before context; without data
  std::uint8_t needs = 0;              // what a request must give, a bit for each (required.h)
  TopLevelSet root_set = 0;            // the same as a set
  ShapeNodeId tool_root;               // kTools
  ShapeNodeId row_node;                // kRows
  ShapeNodeId scope_node, name_node;   // whose strings are the selector key; invalid where they come from elsewhere
  ShapeNodeId folded_node;             // kResources: resource.folded
  ShapeNodeId scopes_node, time_node;  // invalid when the target has no such member
  // The call chain: principal.actors, context.chain.actors, context.chain.depth, principal.claims; and the claim's `act` if it has a slot.
  ShapeNodeId actors_node, chain_actors_node, depth_node, claims_node, act_node;
  bool has_scoped_rules = false;          // some rule is about certain scopes, so a request must name its own
  bool has_chain_slots = false;           // some rule reads a member that can tell the call chain
  bool has_whole_records = false;         // some record is read as a whole: defaults must be put into maps
  std::uint64_t serial = 0;               // another one for each set of defaults that there ever was in the process
  std::vector<Value> defaults;            // slot values of a request that gives nothing (without data and time)
  std::vector<SlotId> default_slots;      // those that are not absent, without data
  std::vector<ShapeNodeId> node_of_slot;  // by SlotId; invalid for slots of other targets
  std::vector<SlotId> tool_slots;         // `tool` and everything below; what a listing resets between tools

  const ShapeNode& operator[](ShapeNodeId id) const { return nodes[id.index]; }
};

// Returns the shape of `target`; of one table for kRows (nullptr: a row without columns). `types`
// begins with the program's and gets the target's. O((slots + members) * log slots).
Shape BuildShape(const Program& program, const SlotTree& tree, TypeTable& types, Target target, const Table* table);
// Gives the shape a serial of its own: for whoever changes its defaults.
void Renew(Shape& shape);
// Returns another serial each time, for defaults that are no shape's.
std::uint64_t NextShapeSerial();

// Is `path` equal to `above`, or a member somewhere below it?
bool IsPathAtOrBelow(std::string_view path, std::string_view above);

// Is `text` empty, or of blanks and line ends alone? Such a text names nobody.
bool IsBlank(std::string_view text);

// Returns the child with that key, or an invalid id. O(log children).
ShapeNodeId FindChild(const Shape& shape, const std::vector<ShapeNodeId>& children, std::string_view key);

// Returns the node of a dotted path such as "args.query", or the deepest node on the way to it (`rest` is then what is left).
// Invalid when not even the root is known.
ShapeNodeId FindPath(const Shape& shape, std::string_view path, std::string_view& rest);

// The value of a member that is left out; kAbsent for those that have none or depend on the request (time, depth).
// Records give a map without entries.
Value DefaultOf(MemberDefault if_absent);

}  // namespace writ
