// What one thread reuses from decision to decision.
#pragma once

#include <vector>

#include "engine/decide/roles.h"
#include "engine/eval/evaluator.h"
#include "engine/json/json_document.h"
#include "engine/json/json_reader.h"
#include "engine/limit/quota_table.h"
#include "engine/request/request_state.h"
#include "engine/request/slot_writer.h"
#include "rules/base/arena.h"
#include "writ/engine.h"

namespace writ {

// One candidate rule after its guard has run.
struct RuleResult {
  RuleId rule;
  Outcome outcome = Outcome::kFalse;
  std::uint16_t possible = kAnyOutcome;  // kUnknown only: what it can still come to
  bool certain = true;  // kUnknown only: false when it hangs on what the caller declared unknown, true when on a missing fact
  // kError's value, or of what failed beside it: an image, a match condition that is skipped; kAbsent otherwise
  Value error;
  Roles roles;  // what it counts for, were its policy enforced
};

struct Context::Impl {
  Impl(const EvalLimits& eval_limits, const JsonLimits& json_limits)
      : limits(eval_limits), document(json_limits), predicates(json_limits), evaluator(eval_limits), arena(eval_limits.max_arena_bytes) {}

  void Trim() {
    arena.Trim(kKeptArenaBytes);
    evaluator.Trim();
    document.Trim();
    predicates.Trim();
    reading.Trim();
  }

  EvalLimits limits;
  JsonDocument document;
  JsonReader predicates;  // of attestations that the host gives
  Evaluator evaluator;
  Arena arena;  // of the request's values
  std::vector<Value> slots;
  SlotWriter slot_writer{slots};
  RequestState reading{limits, arena, slot_writer};
  std::vector<RuleId> candidates;
  std::vector<RuleResult> results;
  std::vector<QuotaCharge> charges;
  std::vector<RuleId> charged_rules;  // of `charges`
};

}  // namespace writ
