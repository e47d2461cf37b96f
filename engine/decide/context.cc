// What a context keeps from one request to the next; see context.h.
#include "engine/decide/context.h"

#include "rules/base/utf8.h"

namespace writ {

void Context::Impl::Clear() {
  policies_serial = 0;
  reading.request = Request();
  root = JsonNode();
  refusal = Reason::kBadRequest;
  fault.clear();
  if (!facts.empty()) facts.Clear();
  needs.clear();
  told_needs.clear();
  need_rounds = 0;
  charges.clear();
  decision.Clear();
  arena.Trim(kKeptArenaBytes);
  evaluator.Trim();
  document.Trim();
  reading.Trim();
  facts_reader.Trim();
}

void Context::Impl::Refuse(Reason reason, const Error& error) {
  refusal = reason;
  fault = Shorten(error.message, kMaxOneTextBytes);
  if (fault.empty()) fault = "the request cannot be read";
}

Context::Context(const EvalLimits& limits, const JsonLimits& json_limits) : impl_(std::make_unique<Impl>(limits, json_limits)) {}
Context::~Context() = default;
Context::Context(Context&&) noexcept = default;
Context& Context::operator=(Context&&) noexcept = default;

void Context::Clear() { impl_->Clear(); }

}  // namespace writ
