// The expression graph and the simplifications made while it is built. Constant folding:
//   in:  2 * 30 → 60;  ["a", "b"] → one constant list;  true ? a : b → a;  false && x → false
//   out: 1 / 0 stays a call: whether its error counts is decided at run time, by what stands around it
// `true && x` keeps its `true` unless x is certainly a bool: `true && 5` is an error.
#include "rules/opt/graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "rules/function/fold.h"

namespace writ {
namespace {

constexpr std::uint32_t kUnknownDepth = 63;

std::uint64_t DepthBit(std::uint32_t depth) { return std::uint64_t{1} << std::min(depth, kUnknownDepth); }

template <typename T>
void AppendRaw(std::string& key, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  key.append(bytes, sizeof(T));
}

// A key that tells constants apart exactly: 1, 1u and 1.0 differ, 0.0 and -0.0 differ.
// NOLINTNEXTLINE(misc-no-recursion): constants are nested at most as deep as the expressions that they come from
void AppendKey(std::string& key, const Value& value) {
  key += static_cast<char>('A' + static_cast<int>(value.kind));
  switch (value.kind) {
    case Kind::kBool: AppendRaw(key, value.boolean); return;
    case Kind::kTimestamp: AppendRaw(key, value.size); [[fallthrough]];
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDuration: AppendRaw(key, value.integer); return;
    case Kind::kDouble: AppendRaw(key, value.real); return;
    case Kind::kError: AppendRaw(key, value.code); [[fallthrough]];
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      AppendRaw(key, value.size);
      key.append(value.string());
      return;
    case Kind::kList:
      AppendRaw(key, value.size);
      for (std::uint32_t i = 0; i < value.size; ++i) AppendKey(key, value.items[i]);
      return;
    case Kind::kMap:
      AppendRaw(key, value.map->size);
      for (std::uint32_t i = 0; i < value.map->size; ++i) {
        AppendKey(key, value.map->entries[i].key);
        AppendKey(key, value.map->entries[i].value);
      }
      return;
    case Kind::kAbsent:
    case Kind::kNull:
    case Kind::kOptional:
    case Kind::kUnknown: return;
  }
}

// No literal is infinite or no number.
bool MayStandAsConstant(const Value& value) { return !value.is(Kind::kDouble) || std::isfinite(value.real); }

}  // namespace

TypeKind LiteralTypeOf(Kind kind) {
  const TypeKind own = TypeKindOf(kind);
  return own <= TypeKind::kDuration ? own : TypeKind::kDyn;
}

std::uint32_t Graph::InternConstant(const Value& value) {
  std::string key;
  AppendKey(key, value);
  const auto [found, is_new] = constant_index_.emplace(std::move(key), static_cast<std::uint32_t>(constants_.size()));
  if (is_new) {
    const Value copy = CopyValue(arena_, value);
    ok_ = ok_ && !copy.is(Kind::kAbsent);
    constants_.push_back(copy.is(Kind::kAbsent) ? Value::Null() : copy);
  }
  return found->second;
}

NodeId Graph::Constant(const Value& value, TypeId type) { return Leaf(NodeKind::kConstant, InternConstant(value), 0, type); }

NodeId Graph::Constant(const Value& value) { return Constant(value, SimpleType(LiteralTypeOf(value.kind))); }

SlotId Graph::Root(std::string_view name) { return Child(SlotId(), name); }

SlotId Graph::Child(SlotId parent, std::string_view key) {
  std::string path;
  AppendRaw(path, parent.index);
  path += key;
  const auto [found, is_new] = slot_index_.emplace(std::move(path), SlotId(slots.size()));
  if (is_new) slots.push_back({parent, std::string(key), SimpleType(TypeKind::kDyn), false});
  return found->second;
}

NodeId Graph::Intern(Node node, NodeFacts facts, std::span<const NodeId> args) {
  std::string key;
  AppendRaw(key, node.kind);
  AppendRaw(key, node.detail);
  AppendRaw(key, node.index);
  AppendRaw(key, node.type.index);
  std::uint64_t size = 1;
  const std::size_t body = BindsVariable(node.kind) ? 1 : args.size();  // args from here on are inside the binder
  for (std::size_t i = 0; i < args.size(); ++i) {
    AppendRaw(key, args[i].index);
    if (!args[i].valid()) continue;
    const NodeFacts& arg = facts_[args[i].index];
    size += arg.is_let ? 1 : arg.tree_size;
    facts.depth = std::max(facts.depth, arg.depth + 1);
    std::uint64_t depths = arg.free_depths;
    if (i >= body && node.index < kUnknownDepth) depths &= ~DepthBit(node.index);
    facts.free_depths |= depths;
  }
  const auto [found, is_new] = interned_.emplace(std::move(key), NodeId(nodes_.size()));
  if (!is_new) return found->second;
  facts.tree_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(size, std::numeric_limits<std::uint32_t>::max()));
  node.first_arg = static_cast<std::uint32_t>(args_.size());
  node.arg_count = static_cast<std::uint32_t>(args.size());
  args_.insert(args_.end(), args.begin(), args.end());
  nodes_.push_back(node);
  facts_.push_back(facts);
  return found->second;
}

NodeId Graph::Leaf(NodeKind kind, std::uint32_t index, std::uint16_t detail, TypeId type) {
  NodeFacts facts;
  if (kind == NodeKind::kVariable) facts.free_depths = DepthBit(index);
  return Intern({.kind = kind, .detail = detail, .index = index, .type = type}, facts, {});
}

NodeId Graph::Member(NodeKind kind, NodeId operand, std::string_view member, TypeId type) {
  const NodeId args[] = {operand};
  return Intern({.kind = kind, .index = InternConstant(Value::String(member)), .type = type}, {}, args);
}

void Graph::MarkLet(NodeId id) {
  const NodeKind kind = nodes_[id.index].kind;
  facts_[id.index].is_let = kind != NodeKind::kConstant && kind != NodeKind::kSlot;  // those are as cheap as what is kept
}

const Value* Graph::TryValue(NodeId id) const {
  if (!id.valid() || nodes_[id.index].kind != NodeKind::kConstant) return nullptr;
  return &constants_[nodes_[id.index].index];
}

bool Graph::IsLogical(NodeId id) const {
  const Node& node = nodes_[id.index];
  switch (node.kind) {
    case NodeKind::kConstant: return constants_[node.index].is(Kind::kBool) || constants_[node.index].is_fault();
    case NodeKind::kHasSlot:
    case NodeKind::kHasMember:
    case NodeKind::kAnd:
    case NodeKind::kOr:
    case NodeKind::kAll:
    case NodeKind::kExists:
    case NodeKind::kExistsOne: return true;
    case NodeKind::kCall: return InfoOf(static_cast<Function>(node.detail)).gives_only_bools();
    case NodeKind::kSlot:
    case NodeKind::kOptionalSlot:
    case NodeKind::kVariable:
    case NodeKind::kSelect:
    case NodeKind::kOptionalSelect:
    case NodeKind::kConditional:
    case NodeKind::kList:
    case NodeKind::kMap:
    case NodeKind::kOptionalEntry:
    case NodeKind::kMapItems:
    case NodeKind::kFilter:
    case NodeKind::kOptMap:
    case NodeKind::kOptFlatMap: return false;
  }
  return false;
}

NodeId Graph::Call(Function function, std::span<const NodeId> args, TypeId type) {
  if (fold_) {
    std::vector<Value> values;
    for (const NodeId arg : args) {
      const Value* value = TryValue(arg);
      if (value == nullptr || value->is_fault()) break;
      values.push_back(*value);
    }
    if (values.size() == args.size() && !values.empty()) {
      Arena room;
      const std::optional<Value> result = FoldCall(function, values, room);
      if (result && !result->is_fault() && MayStandAsConstant(*result)) return Constant(*result, type);
    }
  }
  return Intern({.kind = NodeKind::kCall, .detail = static_cast<std::uint16_t>(function), .type = type}, {}, args);
}

// A deciding operand decides; operands that decide nothing go, as long as what is left is still certain to be a bool or a fault.
NodeId Graph::FoldLogic(NodeKind kind, std::span<const NodeId> args) {
  const bool deciding = kind == NodeKind::kOr;
  std::vector<NodeId> kept;
  for (const NodeId arg : args) {
    const Value* value = TryValue(arg);
    if (value != nullptr && value->is(Kind::kBool)) {
      if (value->boolean == deciding) return Constant(Value::Bool(deciding));
    } else {
      kept.push_back(arg);
    }
  }
  if (kept.size() == args.size()) return NodeId();
  if (kept.empty()) return Constant(Value::Bool(!deciding));
  if (kept.size() == 1) {
    if (IsLogical(kept[0])) return kept[0];
    kept.push_back(Constant(Value::Bool(!deciding)));
    if (kept.size() == args.size() && std::equal(kept.begin(), kept.end(), args.begin())) return NodeId();
  }
  return Intern({.kind = kind, .type = SimpleType(TypeKind::kBool)}, {}, kept);
}

NodeId Graph::FoldAggregate(NodeKind kind, std::span<const NodeId> args, TypeId type) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Value* value = TryValue(args[i]);
    if (value == nullptr || value->is_fault()) return NodeId();
    if (kind == NodeKind::kMap && i % 2 == 0 && !IsKeyKind(value->kind)) return NodeId();
  }
  Arena room;
  if (kind == NodeKind::kList) {
    std::vector<Value> items;
    for (const NodeId arg : args) items.push_back(*TryValue(arg));
    return Constant(Value::List(items.data(), static_cast<std::uint32_t>(items.size())), type);
  }
  std::vector<MapEntry> entries;
  for (std::size_t i = 0; i < args.size(); i += 2) entries.push_back({*TryValue(args[i]), *TryValue(args[i + 1])});
  const MapData* map = MakeMap(room, entries.data(), static_cast<std::uint32_t>(entries.size()));
  if (map == nullptr || FindDuplicateKey(*map) != nullptr) return NodeId();
  return Constant(Value::Map(map), type);
}

NodeId Graph::Make(NodeKind kind, std::span<const NodeId> args, std::uint32_t index, TypeId type) {
  if (fold_) {
    NodeId folded;
    if (kind == NodeKind::kAnd || kind == NodeKind::kOr) folded = FoldLogic(kind, args);
    if (kind == NodeKind::kList || kind == NodeKind::kMap) folded = FoldAggregate(kind, args, type);
    if (kind == NodeKind::kConditional) {
      const Value* condition = TryValue(args[0]);
      if (condition != nullptr && condition->is(Kind::kBool)) folded = args[condition->boolean ? 1 : 2];
    }
    if (folded.valid()) return folded;
  }
  return Intern({.kind = kind, .index = index, .type = type}, {}, args);
}

}  // namespace writ
