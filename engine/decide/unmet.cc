// The walk through a condition that did not hold; see unmet.h.
#include "engine/decide/unmet.h"

#include <algorithm>

#include "engine/decide/evaluate.h"

namespace writ {
namespace {

// How far NameFailed goes into a condition. Each level runs its arguments, so that a chain of a
// thousand operators would run a thousand times, and leave as much code.
constexpr int kMaxFailedLevels = 32;

}  // namespace

void ReadRecorder::OnRead(SlotId slot, const Value& value) {
  const auto same = [slot](const auto& read) { return read.first == slot; };
  if (std::none_of(reads.begin(), reads.end(), same)) reads.emplace_back(slot, value);
}

std::size_t SizeOf(const UnmetCondition& part) {
  std::size_t bytes = part.condition.size() + part.let.size() + part.place.file.size() + part.failed.size() + part.failed_place.file.size();
  for (const auto& [path, value] : part.reads) bytes += path.size() + value.size();
  return bytes;
}

std::vector<UnmetCondition> UnmetFinder::Find(RuleId rule, std::size_t max_bytes) {
  parts_.clear();
  visited_.clear();
  bytes_left_ = max_bytes;
  is_full_ = false;
  const NodeId guard = program_[rule].guard;
  const Tried tried = Try(guard);
  if (!is_done() && tried.outcome != Outcome::kTrue) Visit(guard, tried, {.let = {}, .depth = 0, .scope = ScopeOf(program_, rule)});
  return std::move(parts_);
}

UnmetFinder::Tried UnmetFinder::Try(NodeId node) {
  Tried tried;
  Value value = evaluator_.Run(node, &tried.recorder);
  tried.outcome = OutcomeOf(value);
  return tried;
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= BundleLimits::max_node_depth
void UnmetFinder::Visit(NodeId node, const Tried& tried, Inside inside) {
  const std::string_view name = texts_.LetName(node);
  if (!name.empty()) {
    UnmetCondition part = PartOf(node, tried, inside);
    part.condition = name;
    Add(std::move(part));
    inside = {name, inside.depth + 1, ScopeOfParts(inside.scope, node)};
  }
  VisitBody(node, tried, inside);
}

// NOLINTNEXTLINE(misc-no-recursion): see Visit
void UnmetFinder::VisitBody(NodeId node, const Tried& tried, Inside inside) {
  const NodeKind kind = program_.nodes[node.index].kind;
  if (kind != NodeKind::kAnd && kind != NodeKind::kOr) {
    UnmetCondition part = PartOf(node, tried, inside);
    part.condition = texts_.ShownBody(node, kMaxOneTextBytes);
    for (const auto& [slot, value] : tried.recorder.reads) part.reads.emplace_back(SlotPath(program_, slot), show_(slot, value));
    if (tried.outcome == Outcome::kError) NameFailed(node, inside.scope, part);
    return Add(std::move(part));
  }
  // What failed beside a false operand of `&&` did not matter.
  const bool only_false = kind == NodeKind::kAnd && tried.outcome == Outcome::kFalse;
  for (const NodeId operand : program_.args(node)) {
    if (is_done()) return;
    const Tried part = Try(operand);
    if (is_done() || part.outcome == Outcome::kTrue || (only_false && part.outcome != Outcome::kFalse)) continue;
    if (visited_.insert(operand.index).second) Visit(operand, part, inside);
  }
}

UnmetCondition UnmetFinder::PartOf(NodeId node, const Tried& tried, const Inside& inside) {
  UnmetCondition part;
  part.let = inside.let;
  part.depth = inside.depth;
  part.outcome = tried.outcome;
  part.place = PlaceOf(inside.scope, node);
  return part;
}

void UnmetFinder::NameFailed(NodeId node, PlaceScope scope, UnmetCondition& part) {
  NodeId failed = node;
  for (int level = 0; level < kMaxFailedLevels; ++level) {
    const NodeId next = TryFindFailedArgument(failed);
    if (!next.valid()) break;
    scope = ScopeOfParts(scope, failed);
    failed = next;
  }
  if (failed == node) return;
  part.failed = texts_.ShownText(failed, kMaxOneTextBytes);
  part.failed_place = PlaceOf(scope, failed);
}

// What is observed is not kept.
Value UnmetFinder::Observe(NodeId node) {
  ReadRecorder unused;
  return evaluator_.Run(node, &unused);
}

// Arguments that have a value by themselves and were evaluated: not what a macro repeats, nor the
// branch that was not taken.
std::span<const NodeId> UnmetFinder::EvaluatedArgs(NodeId id) {
  const Node& node = program_[id];
  const std::span<const NodeId> args = program_.args(node);
  if (BindsVariable(node.kind)) return args.first(1);
  if (node.kind != NodeKind::kConditional) return args;
  const Value condition = Observe(args[0]);
  return condition.is(Kind::kBool) ? args.subspan(condition.boolean ? 1 : 2, 1) : args.first(1);
}

// Returns the first argument of a node that failed which fails itself, invalid when none does.
NodeId UnmetFinder::TryFindFailedArgument(NodeId id) {
  const NodeKind kind = program_[id].kind;
  const bool wants_bools = kind == NodeKind::kAnd || kind == NodeKind::kOr;
  for (const NodeId argument : EvaluatedArgs(id)) {
    if (program_[argument].kind == NodeKind::kConstant) continue;
    // An entry is not an expression by itself.
    const bool is_entry = program_[argument].kind == NodeKind::kOptionalEntry;
    const NodeId arg = is_entry ? program_.args(argument)[0] : argument;
    Value value = Observe(arg);
    if (is_done()) return {};
    if (wants_bools ? OutcomeOf(value) == Outcome::kError : value.is(Kind::kError)) return arg;
  }
  return {};
}

ExpressionPlace UnmetFinder::PlaceOf(PlaceScope scope, NodeId node) {
  const SourceLocation place = places_.Find(scope, node).place;
  if (place.line == 0) return {};
  return {.file = std::string(program_[program_[place.file].name]), .line = place.line, .column = place.column};
}

// Whose places the parts of a node in a scope have: those of the let that is named there.
PlaceScope UnmetFinder::ScopeOfParts(PlaceScope scope, NodeId node) {
  const LetId let = places_.Find(scope, node).let;
  return let.valid() ? ScopeOf(program_, let) : scope;
}

void UnmetFinder::Add(UnmetCondition part) {
  const std::size_t bytes = SizeOf(part);
  if (is_full_ || bytes > bytes_left_ || parts_.size() == kMaxUnmet) {
    is_full_ = true;
    return;
  }
  bytes_left_ -= bytes;
  parts_.push_back(std::move(part));
}

}  // namespace writ
