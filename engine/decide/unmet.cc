// The walk through a condition that did not hold; see unmet.h.
#include "engine/decide/unmet.h"

#include <algorithm>

#include "engine/decide/decider.h"

namespace writ {

void ReadRecorder::OnRead(SlotId slot, const Value& value) {
  const auto same = [slot](const auto& read) { return read.first == slot; };
  if (std::none_of(reads.begin(), reads.end(), same)) reads.emplace_back(slot, value);
}

std::size_t SizeOf(const UnmetCondition& part) {
  std::size_t bytes = part.condition.size() + part.let.size();
  for (const auto& [path, value] : part.reads) bytes += path.size() + value.size();
  return bytes;
}

std::vector<UnmetCondition> UnmetFinder::Find(NodeId guard, std::size_t max_bytes) {
  parts_.clear();
  visited_.clear();
  bytes_left_ = max_bytes;
  is_full_ = false;
  const Tried tried = Try(guard);
  if (!is_done() && tried.outcome != Outcome::kTrue) Visit(guard, tried, {});
  return std::move(parts_);
}

UnmetFinder::Tried UnmetFinder::Try(NodeId node) {
  Tried tried;
  Value value = evaluator_.Run(node, &tried.recorder);
  tried.outcome = OutcomeOf(value);
  return tried;
}

// NOLINTNEXTLINE(misc-no-recursion): depth <= BundleLimits::max_node_depth
void UnmetFinder::Visit(NodeId node, const Tried& tried, Place place) {
  const std::string_view name = texts_.LetName(node);
  if (!name.empty()) {
    Add({.condition = std::string(name), .let = std::string(place.let), .depth = place.depth, .outcome = tried.outcome, .reads = {}});
    place = {name, place.depth + 1};
  }
  VisitBody(node, tried, place);
}

// NOLINTNEXTLINE(misc-no-recursion): see Visit
void UnmetFinder::VisitBody(NodeId node, const Tried& tried, Place place) {
  const NodeKind kind = program_.nodes[node.index].kind;
  if (kind != NodeKind::kAnd && kind != NodeKind::kOr) {
    UnmetCondition part{.condition = texts_.ShownBody(node, kMaxOneTextBytes),
                        .let = std::string(place.let),
                        .depth = place.depth,
                        .outcome = tried.outcome,
                        .reads = {}};
    for (const auto& [slot, value] : tried.recorder.reads) part.reads.emplace_back(SlotPath(program_, slot), show_(slot, value));
    return Add(std::move(part));
  }
  // What failed beside a false operand of `&&` did not matter.
  const bool only_false = kind == NodeKind::kAnd && tried.outcome == Outcome::kFalse;
  for (const NodeId operand : program_.args(node)) {
    if (is_done()) return;
    const Tried part = Try(operand);
    if (is_done() || part.outcome == Outcome::kTrue || (only_false && part.outcome != Outcome::kFalse)) continue;
    if (visited_.insert(operand.index).second) Visit(operand, part, place);
  }
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
