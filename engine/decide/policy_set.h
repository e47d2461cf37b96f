// What a PolicySet holds behind its public face.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "engine/eval/evaluator.h"
#include "engine/request/request.h"
#include "rules/base/arena.h"
#include "rules/index/index.h"
#include "writ/engine.h"

namespace writ {

inline constexpr std::uint32_t kNoFact = 0xFFFFFFFF;

// What sets of the same policies share, whatever their data. Immutable after PolicySet::Load.
struct LoadedProgram {
  LoadedProgram(VerifiedProgram program, std::string bundle_digest)
      : digest(std::move(bundle_digest)), runtime(std::move(program)), index(runtime.verified()), shapes(BuildShapes(runtime.program())) {}

  std::string digest;
  RuntimeProgram runtime;
  RuleIndex index;
  RequestShapes shapes;                     // without data
  std::vector<std::string> shown_policies;  // by PolicyId: "policy", or "package.policy" where several packages have one of that name
  std::vector<std::pair<RuleId, std::string>> limits;  // by rule: LimitCharge::limit
  // By SlotId: the position of the fact at or above it, or kNoFact; empty without facts.
  std::vector<std::uint32_t> fact_of_slot;
  std::vector<std::string_view> fact_kinds;         // that policies name
  SlotId scopes_slot;                               // principal.scopes; invalid when no rule reads it
  SlotId predicate_slot;                            // root of attestations' predicates; invalid when no rule reads it
  bool needs_scopes = false;                        // some allow needs a scope
  std::array<bool, kTargetCount> wants_facts = {};  // by Target: some rule about it wants to know something
};

// Returns the position of a `limit` rule in LoadedProgram::limits, or their number for any other
// rule. O(log limits).
std::size_t LimitPosition(const LoadedProgram& loaded, RuleId rule);

// Immutable after PolicySet::Load.
struct PolicySet::Impl {
  static std::uint64_t NextSerial();
  explicit Impl(std::shared_ptr<const LoadedProgram> program)
      : loaded(std::move(program)),
        serial(NextSerial()),
        digest(loaded->digest),
        runtime(loaded->runtime),
        index(loaded->index),
        shown_policies(loaded->shown_policies),
        shapes(loaded->shapes),
        scopes_slot(loaded->scopes_slot),
        predicate_slot(loaded->predicate_slot),
        needs_scopes(loaded->needs_scopes) {}

  std::shared_ptr<const LoadedProgram> loaded;
  const std::uint64_t serial;  // another one for each set that there ever was in the process; never 0
  const std::string& digest;
  const RuntimeProgram& runtime;
  const RuleIndex& index;
  const std::vector<std::string>& shown_policies;
  RequestShapes shapes;  // their defaults include the data
  Arena data_arena;      // what data slots point into
  SlotId scopes_slot, predicate_slot;
  bool needs_scopes;
};

}  // namespace writ
