// What a PolicySet holds behind its public face.
#pragma once

#include <string>
#include <vector>

#include "engine/eval/evaluator.h"
#include "engine/request/request.h"
#include "rules/base/arena.h"
#include "rules/index/index.h"
#include "writ/engine.h"

namespace writ {

// Immutable after PolicySet::Load.
struct PolicySet::Impl {
  Impl(VerifiedProgram program, std::string bundle_digest)
      : digest(std::move(bundle_digest)), runtime(std::move(program)), index(runtime.verified()), shapes(BuildShapes(runtime.program())) {}

  std::string digest;
  RuntimeProgram runtime;
  RuleIndex index;
  std::vector<std::string> shown_policies;  // by PolicyId: "policy", or "package.policy" where several packages have one of that name
  RequestShapes shapes;                     // their defaults include the data
  Arena data_arena;                         // what data slots point into
  SlotId scopes_slot;                       // principal.scopes; invalid when no rule reads it
  SlotId predicate_slot;                    // root of attestations' predicates; invalid when no rule reads it
  bool needs_scopes = false;                // some allow needs a scope
};

}  // namespace writ
