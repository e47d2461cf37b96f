// Typed expressions to graph nodes; see graph_builder.h.
//
// A fn's arguments are built once where it is called and stand in its body as nodes: since evaluation is pure and faults are
// values, that is the same as passing by name, and static paths go through (`f(principal)` with body `p.tenant` reads the slot
// principal.tenant).
// NOLINTBEGIN(misc-no-recursion): depth <= kMaxNodeDepth, checked in Node()
#include "dsl/lower/graph_builder.h"

#include <algorithm>

#include "rules/base/check.h"

namespace writ::dsl {
namespace {

// Static paths are no longer than this; what is longer goes on with nodes of members. JSON nests
// less deep (JsonLimits::max_depth), and VerifyProgram refuses slots below 250 others.
constexpr std::uint16_t kMaxSlotSteps = 120;

}  // namespace

GraphBuilder::GraphBuilder(const TypedSet& set, Graph& graph, const std::vector<LineIndex>& lines, const SourceLimits& limits,
                           bool simplify)
    : set_(set), graph_(graph), lines_(lines), limits_(limits), simplify_(simplify), let_values_(set.lets.size()), types_(set.types) {}

bool GraphBuilder::BuildLets(std::uint32_t& faulty) {
  for (const std::uint32_t index : set_.let_order) {
    const TypedLet& let = set_.lets[index];
    LetValue& value = let_values_[index];
    value.node = Build(let.file, let.decl->value, &value.places);
    if (fault_ != BuildFault::kNone) {
      faulty = index;
      return false;
    }
    const LetId other = LetOf(value.node, value.places);
    value.let = other.valid() ? other : LetId(index);
    graph_.MarkLet(value.node);
  }
  return true;
}

// Of expressions that became one node the first counts.
LetId GraphBuilder::LetOf(NodeId node, std::span<const PlacedNode> places) {
  const auto first = std::find_if(places.begin(), places.end(), [node](const PlacedNode& placed) { return placed.node == node; });
  return first == places.end() ? LetId() : first->let;
}

void GraphBuilder::Record(const Frame& frame, ExprId id, NodeId node) {
  if (places_ == nullptr || macro_depth_ > 0) return;
  if (frame.is_fn && ++fn_places_ > kMaxFnPlaces) return;
  const TypedExpr& info = set_.info(frame.file, id);
  places_->push_back({.node = node,
                      .place = lines_[frame.file.index].Locate(set_.expr(frame.file, id).span.begin),
                      .let = info.reference == ReferenceKind::kLet ? let_values_[info.index].let : LetId()});
}

NodeId GraphBuilder::Build(FileId file, ExprId root, std::vector<PlacedNode>* places) {
  places_ = places;
  fn_places_ = 0;
  fault_ = BuildFault::kNone;
  visited_ = 0;
  macro_depth_ = 0;
  fn_depth_ = 0;
  ready_.clear();
  Frame frame{file, {}, {}};
  const NodeId node = Node(frame, root);
  if (fault_ == BuildFault::kNone && graph_.facts(node).tree_size > limits_.max_inline_nodes) fault_ = BuildFault::kTooLarge;
  return node;
}

NodeId GraphBuilder::Failed(BuildFault fault) {
  if (fault_ == BuildFault::kNone) fault_ = fault;
  return graph_.Constant(Value::Null());
}

NodeId GraphBuilder::NoOverload(std::string_view name) { return graph_.Constant(Value::Error(ValueError::kNoMatchingOverload, name)); }

// Chains are walked in a loop from the inside out, as ExpressionChecker::CheckNode does: each link finds the node below it ready.
NodeId GraphBuilder::Node(Frame& frame, ExprId id) {
  if (!ready_.empty() && ready_.back().frame == &frame && ready_.back().id == id) return ready_.back().node;
  std::vector<ExprId> links;
  for (ExprId at = id; ContinuesChain(frame.file, at); at = set_.expr(frame.file, at).args[ChainOperand(set_.expr(frame.file, at))])
    links.push_back(at);
  if (links.empty()) return Link(frame, id);
  NodeId node = Link(frame, links.back());
  for (std::size_t i = links.size() - 1; i-- > 0;) {
    ready_.push_back({&frame, links[i + 1], node});
    node = Link(frame, links[i]);
    ready_.pop_back();
  }
  return node;
}

// Whether the expression is a link whose chain operand is evaluated: the parts of dotted names are not.
bool GraphBuilder::ContinuesChain(FileId file, ExprId id) const {
  const Expr& e = set_.expr(file, id);
  const TypedExpr& info = set_.info(file, id);
  if (ChainOperand(e) == kNoChain || info.namespaced) return false;
  return e.kind != ExprKind::kSelect || info.reference == ReferenceKind::kNone;
}

NodeId GraphBuilder::Link(Frame& frame, ExprId id) {
  const Expr& e = set_.expr(frame.file, id);
  if (fault_ != BuildFault::kNone || ++visited_ > limits_.max_inline_nodes) return Failed(BuildFault::kTooLarge);
  if (fn_depth_ >= kMaxNodeDepth) return Failed(BuildFault::kTooDeep);
  ++fn_depth_;
  const TypeId type = TypeOf(frame.file, id);
  NodeId node;
  switch (e.kind) {
    case ExprKind::kLiteral: node = graph_.Constant(e.value, type); break;
    case ExprKind::kIdent: node = Reference(frame, set_.info(frame.file, id)); break;
    case ExprKind::kSelect: {
      const TypedExpr& info = set_.info(frame.file, id);
      node = info.reference == ReferenceKind::kNone ? MemberNode(NodeKind::kSelect, Node(frame, e.args[0]), e.text, type)
                                                    : Reference(frame, info);
      break;
    }
    case ExprKind::kOptionalSelect: node = MemberNode(NodeKind::kOptionalSelect, Node(frame, e.args[0]), e.text, type); break;
    case ExprKind::kHas: node = MemberNode(NodeKind::kHasMember, Node(frame, e.args[0]), e.text, type); break;
    case ExprKind::kCall:
    case ExprKind::kUnary:
    case ExprKind::kBinary: node = Call(frame, id, e); break;
    case ExprKind::kAnd: node = graph_.Make(NodeKind::kAnd, Nodes(frame, e, 0), 0, type); break;
    case ExprKind::kOr: node = graph_.Make(NodeKind::kOr, Nodes(frame, e, 0), 0, type); break;
    case ExprKind::kConditional: node = graph_.Make(NodeKind::kConditional, Nodes(frame, e, 0), 0, type); break;
    case ExprKind::kList:
    case ExprKind::kMap: node = Aggregate(frame, id); break;
    case ExprKind::kStruct: node = NoOverload(e.text); break;
    case ExprKind::kMacro: node = Macro(frame, id); break;
  }
  --fn_depth_;
  Record(frame, id, node);
  if (graph_.facts(node).depth > kMaxNodeDepth) return Failed(BuildFault::kTooDeep);
  return node;
}

std::vector<NodeId> GraphBuilder::Nodes(Frame& frame, const Expr& e, std::size_t first) {
  std::vector<NodeId> nodes;
  for (std::size_t i = first; i < e.args.size(); ++i) nodes.push_back(Node(frame, e.args[i]));
  return nodes;
}

TypeId GraphBuilder::TypeOf(FileId file, ExprId id) { return types_.Settled(set_.info(file, id).type); }

NodeId GraphBuilder::Reference(Frame& frame, const TypedExpr& info) {
  switch (info.reference) {
    case ReferenceKind::kVariable: return graph_.Leaf(NodeKind::kSlot, graph_.Root(info.name).index, 0, types_.Settled(info.type));
    case ReferenceKind::kParameter: return frame.arguments[info.index];
    case ReferenceKind::kLet: return let_values_[info.index].node;
    case ReferenceKind::kTypeValue: return graph_.Constant(Value::Type(info.name), types_.Settled(info.type));
    case ReferenceKind::kIteration:
      for (auto it = frame.iterations.rbegin(); it != frame.iterations.rend(); ++it) {
        if (it->first == info.name) return graph_.Leaf(NodeKind::kVariable, it->second, 0, types_.Settled(info.type));
      }
      break;
    case ReferenceKind::kNone:
    case ReferenceKind::kFn:
    case ReferenceKind::kFunction:
    case ReferenceKind::kDeclared: break;
  }
  WRIT_CHECK(false);  // the checker resolves every name or reports it
}

std::uint16_t GraphBuilder::StepsAfterRoot(SlotId slot) const {
  std::uint16_t steps = 0;
  for (SlotId at = graph_.slots[slot.index].parent; at.valid(); at = graph_.slots[at.index].parent) ++steps;
  return steps;
}

// operand.member, operand.?member, has(operand.member): a step of a static path, or a node on a
// value.
NodeId GraphBuilder::MemberNode(NodeKind kind, NodeId operand, std::string_view member, TypeId type) {
  const ::writ::Node& on = graph_[operand];
  const auto index = on.index;
  if (on.kind == NodeKind::kSlot && StepsAfterRoot(SlotId(index)) < kMaxSlotSteps) {
    const std::uint16_t plain = StepsAfterRoot(SlotId(index));
    const SlotId slot = graph_.Child(SlotId(index), member);
    if (kind == NodeKind::kSelect) return graph_.Leaf(NodeKind::kSlot, slot.index, 0, type);
    if (kind == NodeKind::kHasMember) return graph_.Leaf(NodeKind::kHasSlot, slot.index, 0, type);
    return graph_.Leaf(NodeKind::kOptionalSlot, slot.index, plain, type);
  }
  if (on.kind == NodeKind::kOptionalSlot && kind != NodeKind::kHasMember && StepsAfterRoot(SlotId(index)) < kMaxSlotSteps) {
    const std::uint16_t plain = on.detail;
    return graph_.Leaf(NodeKind::kOptionalSlot, graph_.Child(SlotId(index), member).index, plain, type);
  }
  return graph_.Member(kind, operand, member, type);
}

NodeId GraphBuilder::FunctionNode(Function function, std::span<const NodeId> args, TypeId type) {
  if (!InfoOf(function).takes(args.size())) {
    return NoOverload(InfoOf(function).name);  // only without the checker
  }
  if (function == Function::kIndex || function == Function::kOptionalIndex) {
    const Value* key = graph_.TryValue(args[1]);
    const NodeKind on = graph_[args[0]].kind;
    if (key != nullptr && key->is(Kind::kString) && (on == NodeKind::kSlot || on == NodeKind::kOptionalSlot)) {
      return MemberNode(function == Function::kIndex ? NodeKind::kSelect : NodeKind::kOptionalSelect, args[0], key->string(), type);
    }
  }
  return graph_.Call(function, args, type);
}

NodeId GraphBuilder::Call(Frame& frame, ExprId id, const Expr& e) {
  const TypedExpr& info = set_.info(frame.file, id);
  if (info.reference == ReferenceKind::kFn) return FnCall(frame, e, info);
  if (info.reference != ReferenceKind::kFunction) return NoOverload(e.text);
  const std::vector<NodeId> args = Nodes(frame, e, info.namespaced ? 1 : 0);
  return FunctionNode(info.function, args, TypeOf(frame.file, id));
}

NodeId GraphBuilder::FnCall(Frame& frame, const Expr& e, const TypedExpr& info) {
  const std::vector<NodeId> arguments = Nodes(frame, e, 0);
  const TypedFn& fn = set_.fns[info.index];
  Frame inner{fn.file, arguments, {}, true};
  return Node(inner, fn.decl->body);
}

NodeId GraphBuilder::Aggregate(Frame& frame, ExprId id) {
  const Expr& e = set_.expr(frame.file, id);
  const bool is_list = e.kind == ExprKind::kList;
  std::vector<NodeId> entries = Nodes(frame, e, 0);
  for (std::size_t i = 0; i < e.optional.size(); ++i) {
    if (!e.optional[i]) continue;
    NodeId& entry = entries[is_list ? i : 2 * i + 1];
    const NodeId wrapped[] = {entry};
    entry = graph_.Make(NodeKind::kOptionalEntry, wrapped, 0, graph_[wrapped[0]].type);
  }
  return graph_.Make(is_list ? NodeKind::kList : NodeKind::kMap, entries, 0, TypeOf(frame.file, id));
}

NodeId GraphBuilder::Macro(Frame& frame, ExprId id) {
  const Expr& e = set_.expr(frame.file, id);
  std::vector<NodeId> args = {Node(frame, e.args[0])};
  const std::uint32_t depth = macro_depth_++;
  for (const std::string_view name : e.names) frame.iterations.emplace_back(name, depth);
  if (e.macro == Macro::kMap && e.args.size() == 2) args.emplace_back();  // no predicate
  for (const NodeId node : Nodes(frame, e, 1)) args.push_back(node);
  frame.iterations.resize(frame.iterations.size() - e.names.size());
  --macro_depth_;
  const auto make = [&](NodeKind kind) { return graph_.Make(kind, args, depth, TypeOf(frame.file, id)); };
  switch (e.macro) {
    case Macro::kAll: return make(NodeKind::kAll);
    case Macro::kExists: return make(NodeKind::kExists);
    case Macro::kExistsOne: return make(NodeKind::kExistsOne);
    case Macro::kMap: return make(NodeKind::kMapItems);
    case Macro::kFilter: return make(NodeKind::kFilter);
    case Macro::kOptMap: return make(NodeKind::kOptMap);
    case Macro::kOptFlatMap: return make(NodeKind::kOptFlatMap);
  }
  WRIT_CHECK(false);
}
// NOLINTEND(misc-no-recursion)

}  // namespace writ::dsl
