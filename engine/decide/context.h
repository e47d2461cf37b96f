// What one thread reuses from decision to decision: the request that was read last, its facts, and
// its decision.
#pragma once

#include <span>
#include <vector>

#include "engine/decide/policy_set.h"
#include "engine/decide/roles.h"
#include "engine/eval/evaluator.h"
#include "engine/fact/fact_table.h"
#include "engine/json/json_document.h"
#include "engine/json/json_reader.h"
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
  // kError's value, or of what failed beside it: an image, a match condition that is skipped;
  // kAbsent otherwise
  Value error;
  Roles roles;  // what it counts for, were its policy enforced
};

class ResidualGraph;

// Takes what is left of a decision as nodes, instead of the text that people read: engine/filter.
class ResidualReader {
 public:
  virtual ~ResidualReader() = default;
  // The graph lives during the call.
  virtual void Read(const ResidualGraph& graph, NodeId root) = 0;
};

struct Context::Impl {
  Impl(const EvalLimits& eval_limits, const JsonLimits& json_limits)
      : limits(eval_limits), document(json_limits), facts_reader(json_limits), evaluator(eval_limits), arena(eval_limits.max_arena_bytes) {}

  // Forgets the request, its facts and the decision. What was large is given back.
  void Clear();
  // Makes the request one that is denied for that reason.
  [[gnu::cold]] void Refuse(Reason reason, const Error& error);

  EvalLimits limits;
  JsonDocument document;
  JsonReader facts_reader;  // of facts that the host gives
  Evaluator evaluator;
  Arena arena;  // of the request's values
  std::vector<Value> slots;
  SlotWriter slot_writer{slots};

  // The request that was read.
  std::uint64_t policies_serial = 0;  // of the policy set that it was read for; 0 = nothing was read
  RequestState reading{limits, arena, slot_writer};
  JsonNode root;                         // of the document
  Reason refusal = Reason::kBadRequest;  // why it is none, when `fault` is not empty
  std::string fault;
  ReadRequest handle{*this};

  FactTable facts;
  std::vector<Need> needs;       // of the last round
  std::vector<Need> told_needs;  // of all rounds
  std::size_t need_rounds = 0;

  // Its decision.
  std::vector<RuleId> candidates;
  std::vector<RuleResult> results;
  std::vector<LimitCharge> charges;
  ChargeMode charge_mode = ChargeMode::kLook;
  bool explains = false;
  ResidualReader* residual_reader = nullptr;  // borrowed for one decision
  Decision decision;
};

}  // namespace writ
