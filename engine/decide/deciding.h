// The state of one decision, which all topics of this folder share:
//
//   candidates.h  which rules are asked              evaluate.h      what each comes to
//   scopes.h      `needs scope`                      image_requirement.h  `require image`
//   combine.h     from outcomes to the effect        texts.h         messages, warnings, notes
//   limits.h      what is charged                    row.h           masks, and the row with them
//   remaining.h   what is left when it is unknown    hiding.h        what nobody may be shown
//   needs.h       what is to be found out first      explain.h       why
//   decide.h      all of it, in order
#pragma once

#include "engine/decide/context.h"
#include "engine/decide/policy_set.h"
#include "engine/request/request.h"
#include "writ/engine.h"

namespace writ {

// Made anew for each decision about the request that stands in `context`; borrows everything.
// Functions that take it read the request, write `context.candidates`, `context.results` and
// `context.charges`, and spend the evaluator's budget. Not thread-safe.
struct Deciding {
  Deciding(const PolicySet::Impl& policy_set, Context::Impl& state, const DecideOptions& decide_options)
      : policies(policy_set),
        program(policy_set.runtime.program()),
        context(state),
        request(state.reading.request),
        options(decide_options) {}

  const PolicySet::Impl& policies;
  const Program& program;
  Context::Impl& context;
  const Request& request;
  const DecideOptions& options;
  const MapData* scope_set = nullptr;  // the principal's scopes, when there are many and some rule asked (scopes.h)
};

inline const Rule& RuleOf(const Deciding& deciding, const RuleResult& result) { return deciding.program.rules[result.rule.index]; }
inline PolicyMode ModeOf(const Deciding& deciding, const RuleResult& result) {
  return deciding.program.policies[RuleOf(deciding, result).policy.index].mode;
}

}  // namespace writ
