#include "engine/decide/rule_text.h"

#include <vector>

#include "rules/base/check.h"
#include "rules/base/utf8.h"
#include "rules/ir/text.h"

namespace writ {

RuleOutcome DescribeRule(const PolicySet::Impl& policies, RuleId id, Outcome outcome) {
  const Program& program = policies.runtime.program();
  const Rule& rule = program[id];
  const Policy& policy = program.policy(rule);
  RuleOutcome described;
  described.rule = id;
  described.package = program[policy.package];
  described.policy = program[policy.name];
  described.shown_policy = policies.shown_policies[rule.policy.index];
  described.rule_id = program[program.details(id).id];
  described.key = program.key(id);
  described.verb = rule.verb;
  described.file = program[program[policy.location.file].name];
  described.line = program.details(id).line;
  described.outcome = outcome;
  return described;
}

std::string QualifiedRuleName(const PolicySet::Impl& policies, const Rule& rule) {
  const Program& program = policies.runtime.program();
  return policies.shown_policies[rule.policy.index] + "." + std::string(program[program.details(rule).id]);
}

std::string RenderMessage(const Program& program, RangeOf<MessagePart> message, Evaluator& evaluator) {
  std::string out;
  for (const MessagePart& part : program[message]) {
    if (out.size() > kMaxOneTextBytes) break;
    if (part.value.valid())
      out += DisplayText(evaluator.Run(part.value), kMaxOneTextBytes);
    else
      out += program[part.text];
  }
  return Shorten(out, kMaxOneTextBytes);
}

std::string CountedRules(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text + (count == 1 ? " rule" : " rules");
}

std::string SignersText(const Program& program, std::span<const SignerTerm> signers) {
  struct Part {
    std::string text;
    bool is_compound;
  };
  std::vector<Part> stack;
  for (const SignerTerm& term : signers) {
    if (term.kind == SignerTerm::Kind::kSigner) {
      stack.push_back({std::string(program[program[term.signer].name]), false});
      continue;
    }
    WRIT_CHECK(term.operands <= stack.size());  // SAFETY: VerifyProgram has run the postfix expression
    const bool all = term.needed == term.operands, any = term.needed == 1;
    const std::string_view joint = all ? " and " : any ? " or " : ", ";
    std::string text = all || any ? "" : "at least " + std::to_string(term.needed) + " of ";
    for (std::size_t i = stack.size() - term.operands; i < stack.size(); ++i) {
      if (i > stack.size() - term.operands) text += joint;
      text += stack[i].is_compound ? "(" + stack[i].text + ")" : stack[i].text;
    }
    const bool is_compound = term.operands > 1;
    stack.resize(stack.size() - term.operands);
    stack.push_back({std::move(text), is_compound});
  }
  return stack.empty() ? "" : stack.back().text;
}

std::string ScopeText(std::string_view scope) { return LiteralText(Value::String(scope)) + " in principal.scopes"; }

std::string PeriodText(std::int64_t nanos) {
  struct PeriodUnit {
    std::int64_t nanos;
    const char* name;
  };
  constexpr PeriodUnit kUnits[] = {{3'600'000'000'000, "h"}, {60'000'000'000, "m"}, {1'000'000'000, "s"},
                                   {1'000'000, "ms"},        {1'000, "us"},         {1, "ns"}};
  std::string out;
  for (const PeriodUnit& unit : kUnits) {
    if (nanos < unit.nanos) continue;
    out += std::to_string(nanos / unit.nanos) + unit.name;
    nanos %= unit.nanos;
  }
  return out.empty() ? "0s" : out;
}

std::string DemandText(const Program& program, const SignatureDemand& demand) {
  const std::string signers = SignersText(program, program[demand.signers]);
  if (demand.predicate_type == kNoText) return "signed by " + signers;
  const std::string condition = demand.condition.valid() ? " where " + ShownNodeText(program, demand.condition) : "";
  return "attested " + LiteralText(Value::String(program[demand.predicate_type])) + " by " + signers + condition;
}

}  // namespace writ
