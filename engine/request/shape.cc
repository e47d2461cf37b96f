#include "engine/request/shape.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "engine/request/required.h"
#include "rules/base/check.h"
#include "rules/model/target_types.h"

namespace writ {
namespace {

struct SelectorPaths {
  Target target;
  std::string_view scope, name;
};
// Where the selector key stands in a request; "" where the reader derives it (rows: the table; admission: kind and operation).
constexpr SelectorPaths kSelectorPaths[kTargetCount] = {
    {Target::kTools, "server.name", "tool.name"},
    {Target::kResources, "server.name", "resource.uri"},
    {Target::kPrompts, "server.name", "prompt.name"},
    {Target::kAccess, "resource.type", "action.name"},
    {Target::kRows, "", ""},
    {Target::kAdmission, "", "request.operation"},
    {Target::kSchemas, "server.name", "tool.name"},
};

// Roots that may be given as a bare string: `"tool": "search"` is `"tool": {"name": "search"}`.
struct Shorthand {
  Target target;
  std::string_view root, member;
};
constexpr Shorthand kShorthands[] = {
    {Target::kTools, "server", "name"},      {Target::kTools, "tool", "name"},     {Target::kResources, "server", "name"},
    {Target::kResources, "resource", "uri"}, {Target::kPrompts, "server", "name"}, {Target::kPrompts, "prompt", "name"},
    {Target::kSchemas, "server", "name"},    {Target::kSchemas, "tool", "name"},
};

// Callers that leave nothing out send "" for whom they do not know; it must not equal what has no owner.
constexpr std::string_view kIdentities[] = {"principal.id", "principal.tenant", "principal.type",   "subject.id",
                                            "subject.type", "context.session",  "context.source_ip"};

class Builder {
 public:
  Builder(const Program& program, const SlotTree& tree, TypeTable& types, Shape& shape)
      : program_(program), tree_(tree), types_(types), shape_(shape), info_(InfoOf(shape.target)) {}

  void Build() {
    shape_.node_of_slot.resize(program_.slots.size());
    for (const Member& member : info_.members) {
      if (member.is_root() && member.path != "data") AddRoot(member.path);
    }
    Link();
    SetNeeds(shape_);
    shape_.defaults.resize(program_.slots.size());
    for (const ShapeNodeId root : shape_.roots) FillDefaults(root, false);
    for (ShapeNode& node : shape_.nodes) {
      LookAround(node);
      shape_.heads.push_back(HeadOf(node.key));
    }
    Renew(shape_);
  }

 private:
  SlotId FindSlotBelow(SlotId parent, std::string_view key) const {
    return parent.valid() ? tree_.FindChild(program_, parent, key) : SlotId();
  }

  void AddRoot(std::string_view key) {
    const ShapeNodeId id = Add(std::string(key), "", tree_.FindChild(program_, SlotId(), key), nullptr);
    ShapeNode& node = shape_.nodes[id.index];
    const std::optional<TopLevel> top = TryFindTopLevel(key);
    WRIT_CHECK(top.has_value());  // top_level.h has every root of target.cc
    node.top = *top;
    for (const Shorthand& shorthand : kShorthands) {
      if (shorthand.target == shape_.target && shorthand.root == key) node.shorthand = shorthand.member;
    }
    shape_.roots.push_back(id);
    shape_.root_set |= BitOf(node.top);
    if (node.top == TopLevel::kTool) shape_.tool_root = id;
    if (shape_.target == Target::kRows && key == "row") shape_.row_node = id;
  }

  void LookAround(ShapeNode& node) const {
    if (!node.slot.valid()) return;
    node.has_slots_below = !tree_.children(node.slot).empty();
    node.is_above_given = true;
    for (SlotId above = program_[node.slot].parent; above.valid(); above = program_[above].parent) {
      node.is_above_given = node.is_above_given && !program_[above].whole && shape_.defaults[above.index].is(Kind::kMap);
    }
  }

  // Adds the node of `key` below `parent_path` with everything below it. `row_of`: the table that
  // what is above is a row of, or nullptr.
  // NOLINTNEXTLINE(misc-no-recursion): depth of the slot trie, that of expressions
  ShapeNodeId Add(std::string key, const std::string& parent_path, SlotId slot, const Table* row_of) {
    const ShapeNodeId id(shape_.nodes.size());
    ShapeNode node;
    node.path = parent_path.empty() ? key : parent_path + "." + key;
    node.key = std::move(key);
    node.slot = slot;
    if (slot.valid()) {
      node.whole = program_.slots[slot.index].whole;
      shape_.node_of_slot[slot.index] = id;
    }
    Declare(node, row_of);
    const Table* table = node.path == "row" && shape_.target == Target::kRows ? shape_.table : RelatedTable(node.relation);
    shape_.has_whole_records = shape_.has_whole_records || (node.whole && node.kind == TypeKind::kRecord);
    shape_.nodes.push_back(node);
    std::vector<ShapeNodeId> children;
    for (const std::string& name : ChildNames(node)) children.push_back(Add(name, node.path, FindSlotBelow(slot, name), table));
    shape_.nodes[id.index].children = std::move(children);
    return id;
  }

  // The table of the one row that the relation leads to, or nullptr.
  const Table* RelatedTable(const Relation* relation) const {
    if (relation == nullptr || relation->many) return nullptr;
    const auto found =
        std::find_if(program_.tables.begin(), program_.tables.end(), [&](const Table& table) { return table.name == relation->table; });
    return found == program_.tables.end() ? nullptr : &*found;
  }

  void Declare(ShapeNode& node, const Table* row_of) const {
    if (node.key.find('.') != std::string::npos) return;  // context["chain.depth"] is not context.chain.depth
    if (const Member* member = TryFindMember(info_, node.path)) {
      SetType(node, TypeOfMember(types_, info_, *member, {}));
      if (member->unlisted == Unlisted::kUnread) node.kind = TypeKind::kMap;
      node.if_absent = member->if_absent;
      node.open = member->unlisted == Unlisted::kDyn;
      node.is_foreign = node.path == "tool" || node.path == "tool.annotations";
      node.is_identity = std::find(std::begin(kIdentities), std::end(kIdentities), node.path) != std::end(kIdentities);
    }
    if (shape_.target != Target::kRows) return;
    if (node.path == "row") {
      node.kind = TypeKind::kRecord;
    } else if (row_of != nullptr) {
      DeclareColumn(node, *row_of);
    }
  }

  void DeclareColumn(ShapeNode& node, const Table& table) const {
    for (const Column& column : program_[table.columns]) {
      if (program_[column.name] == node.key) SetType(node, column.type);
    }
    for (const Relation& relation : program_[table.relations]) {
      if (program_[relation.name] != node.key) continue;
      SetType(node, TypeOfText(relation.many ? "list(dyn)" : "map(string, dyn)", types_));
      node.relation = &relation;
    }
    if (&table == shape_.table && node.path == "row." + node.key) return;
    // Below a relation: only what rules read stands here, and a related row may hold what its table
    // does not declare.
    node.is_related = node.declared;
    node.declared = false;
    node.kind = TypeKind::kDyn;
  }

  void SetType(ShapeNode& node, TypeId type) const {
    node.declared = true;
    node.type = types_.WithoutNull(type);
    node.kind = types_[node.type].kind;
    node.nullable = node.type != type || node.kind == TypeKind::kDyn;
  }

  // Declared members, columns and slots below `node`, sorted, each once.
  std::vector<std::string> ChildNames(const ShapeNode& node) const {
    std::vector<std::string> names;
    if (const Member* record = TryFindMember(info_, node.path)) {
      for (const Member& member : info_.members) {
        if (const std::string_view name = NameBelow(*record, member); !name.empty()) names.emplace_back(name);
      }
    }
    if (node.path == "row" && shape_.table != nullptr) {
      for (const Column& column : program_[shape_.table->columns]) names.emplace_back(program_[column.name]);
      for (const Relation& relation : program_[shape_.table->relations]) names.emplace_back(program_[relation.name]);
    }
    if (node.slot.valid()) {
      for (const SlotId child : tree_.children(node.slot)) names.emplace_back(program_[program_[child].key]);
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  void Link() {
    for (const SelectorPaths& paths : kSelectorPaths) {
      if (paths.target != shape_.target) continue;
      shape_.scope_node = Exactly(paths.scope);
      shape_.name_node = Exactly(paths.name);
    }
    LinkSpellings();
    shape_.scopes_node = Exactly("principal.scopes");
    shape_.actors_node = Exactly("principal.actors");
    shape_.chain_actors_node = Exactly("context.chain.actors");
    shape_.claims_node = Exactly("principal.claims");
    shape_.depth_node = Exactly("context.chain.depth");
    shape_.time_node = Exactly("context.time");
    for (std::size_t i = 0; i < shape_.nodes.size(); ++i) {
      if (shape_.nodes[i].slot.valid() && shape_.nodes[i].path == "principal.claims.act") shape_.act_node = ShapeNodeId(i);
    }
    for (const ShapeNodeId id : {shape_.scope_node, shape_.name_node, shape_.scopes_node, shape_.actors_node, shape_.chain_actors_node,
                                 shape_.depth_node, shape_.time_node}) {
      if (id.valid()) shape_.nodes[id.index].is_named = true;
    }
    for (const ShapeNodeId id : {shape_.actors_node, shape_.chain_actors_node, shape_.depth_node, shape_.claims_node, shape_.act_node}) {
      shape_.has_chain_slots |= id.valid() && shape_[id].slot.valid();
    }
    for (const ShapeNode& node : shape_.nodes) {
      if (node.slot.valid() && (node.path == "tool" || node.path.starts_with("tool."))) shape_.tool_slots.push_back(node.slot);
    }
  }
  void LinkSpellings() {
    using Spelling = ShapeNode::Spelling;
    const auto set = [this](ShapeNodeId id, Spelling spelling) {
      if (id.valid()) shape_.nodes[id.index].spelling = spelling;
    };
    const bool is_resource = shape_.target == Target::kResources;
    set(shape_.scope_node, Spelling::kName);
    if (shape_.target != Target::kAdmission) set(shape_.name_node, is_resource ? Spelling::kUri : Spelling::kName);
    if (shape_.target == Target::kAccess) set(Exactly("subject.type"), Spelling::kName);
    if (is_resource) shape_.folded_node = Exactly("resource.folded");
  }
  ShapeNodeId Exactly(std::string_view path) const {
    for (std::size_t i = 0; i < shape_.nodes.size(); ++i) {
      if (shape_.nodes[i].declared && shape_.nodes[i].path == path) return ShapeNodeId(i);
    }
    return {};
  }

  // Members of something absent are absent; only records have defaults inside.
  void FillDefaults(ShapeNodeId id, bool parent_is_absent) {  // NOLINT(misc-no-recursion): depth of the slot trie
    const ShapeNode& node = shape_[id];
    Value value = parent_is_absent || !node.declared ? Value() : DefaultOf(node.if_absent);
    if (node.if_absent == MemberDefault::kChainDepth) value = Value::Int(0);
    if (node.slot.valid()) shape_.defaults[node.slot.index] = value;
    if (node.slot.valid() && !value.is(Kind::kAbsent)) shape_.default_slots.push_back(node.slot);
    for (const ShapeNodeId child : node.children) FillDefaults(child, node.kind != TypeKind::kRecord || value.is(Kind::kAbsent));
  }

  const Program& program_;
  const SlotTree& tree_;
  TypeTable& types_;
  Shape& shape_;
  const TargetInfo& info_;
};

// An empty map that is known to have no members: whole members need one that can be walked.
const MapData kEmptyMapData = {};

}  // namespace

Value DefaultOf(MemberDefault if_absent) {
  switch (if_absent) {
    case MemberDefault::kAbsent:
    case MemberDefault::kChainDepth:
    case MemberDefault::kNow: return {};
    case MemberDefault::kFalse: return Value::Bool(false);
    case MemberDefault::kTrue: return Value::Bool(true);
    case MemberDefault::kEmptyList: return Value::List(nullptr, 0);
    case MemberDefault::kEmptyMap: return Value::Map(&kEmptyMapData);
    case MemberDefault::kNull: return Value::Null();
  }
  WRIT_CHECK(false);
}

bool IsPathAtOrBelow(std::string_view path, std::string_view above) {
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '.');
}

bool IsBlank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); });
}

SlotTree::SlotTree(const Program& program) : begins_(program.slots.size() + 2, 0), children_(program.slots.size()) {
  const auto place_of = [&](std::size_t slot) {
    const SlotId parent = program.slots[slot].parent;
    return parent.valid() ? std::size_t{parent.index} + 1 : 0;
  };
  for (std::size_t i = 0; i < children_.size(); ++i) ++begins_[place_of(i) + 1];
  for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
  std::vector<std::uint32_t> next = begins_;
  for (std::size_t i = 0; i < children_.size(); ++i) children_[next[place_of(i)]++] = SlotId(i);
  const auto by_key = [&](SlotId a, SlotId b) { return program[a].key < program[b].key; };  // texts are in order
  for (std::size_t i = 0; i + 1 < begins_.size(); ++i)
    std::sort(children_.begin() + begins_[i], children_.begin() + begins_[i + 1], by_key);
}

SlotId SlotTree::FindChild(const Program& program, SlotId parent, std::string_view key) const {
  const std::span<const SlotId> below = children(parent);
  const auto found = std::lower_bound(below.begin(), below.end(), key,
                                      [&](SlotId child, std::string_view wanted) { return program[program[child].key] < wanted; });
  return found != below.end() && program[program[*found].key] == key ? *found : SlotId();
}

void Renew(Shape& shape) { shape.serial = NextShapeSerial(); }

std::uint64_t NextShapeSerial() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

Shape BuildShape(const Program& program, const SlotTree& tree, TypeTable& types, Target target, const Table* table) {
  Shape shape;
  shape.target = target;
  shape.table = table;
  Builder(program, tree, types, shape).Build();
  return shape;
}

ShapeNodeId FindChild(const Shape& shape, const std::vector<ShapeNodeId>& children, std::string_view key) {
  constexpr std::size_t kLinear = 12;
  if (children.size() <= kLinear) {
    const KeyHead head = HeadOf(key);
    for (const ShapeNodeId child : children) {
      if (shape.heads[child.index] == head && (key.size() <= KeyHead::kBytes || shape[child].key == key)) return child;
    }
    return {};
  }
  const auto found = std::lower_bound(children.begin(), children.end(), key,
                                      [&](ShapeNodeId child, std::string_view wanted) { return shape[child].key < wanted; });
  return found != children.end() && shape[*found].key == key ? *found : ShapeNodeId();
}

ShapeNodeId FindPath(const Shape& shape, std::string_view path, std::string_view& rest) {
  ShapeNodeId at;
  rest = path;
  const std::vector<ShapeNodeId>* children = nullptr;
  while (!rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view key = rest.substr(0, dot);
    ShapeNodeId next;
    if (children != nullptr) {
      next = FindChild(shape, *children, key);
    } else {
      for (const ShapeNodeId root : shape.roots) {
        if (shape[root].key == key) next = root;
      }
    }
    if (!next.valid()) break;
    at = next;
    children = &shape[at].children;
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  return at;
}

}  // namespace writ
