// Decisions that are used again; see writ/decision.h.
#include "writ/decision.h"

namespace writ {

void Decision::Clear() {
  effect = Effect::kDeny;
  reason = Reason::kDefault;
  target = Target::kTools;
  rules.clear();
  messages.clear();
  warnings.clear();
  message_sources.clear();
  warning_sources.clear();
  errors.clear();
  more = {};
  needs_scopes.clear();
  needs_all.clear();
  needs_alternatives.clear();
  obligations.clear();
  notes.clear();
  shadow.clear();
  retry_after_seconds.reset();
  visible.reset();
  row_json.reset();
  residual.reset();
  residual_too_large = false;
  needs_facts.clear();
  limits.clear();
  explained.clear();
  admission_uid.clear();
  covered = true;
  bundle_digest = {};
}

}  // namespace writ
