// Facts in slots; see known_facts.h.
#include "engine/decide/known_facts.h"

namespace writ {
namespace {

Value FactFor(const Deciding& deciding, const FactSpec& fact, const Value& key, const Value& untold) {
  if (key.is_fault()) return key.is(Kind::kUnknown) ? Value::Unknown() : key;
  const Value* known = key.is(Kind::kString) ? deciding.context.facts.TryFind(deciding.program[fact.kind], key.string()) : nullptr;
  if (known != nullptr) return *known;
  return untold.is(Kind::kAbsent) ? UntoldFact(deciding.program, fact) : untold;
}

}  // namespace

Value UntoldFor(const Deciding& deciding) {
  const bool is_open = deciding.request.is_listing() || !deciding.context.reading.unknown_paths.empty();
  return is_open ? Value::Unknown() : Value();
}

void BindFacts(Deciding& deciding, const Value& untold) {
  Context::Impl& context = deciding.context;
  for (const FactSpec& fact : deciding.program.facts) {
    const Value key = context.evaluator.Run(fact.key);
    context.slot_writer.Fill(deciding.program, deciding.policies.shapes.tree, fact.slot, FactFor(deciding, fact, key, untold));
    context.evaluator.ForgetShared();
  }
}

}  // namespace writ
