#include "engine/decide/images.h"

#include <algorithm>
#include <vector>

#include "rules/base/check.h"

namespace writ {

Outcome CombineSigners(const Program& program, std::span<const SignerTerm> signers,
                       const std::function<Outcome(std::string_view signer)>& holds) {
  std::vector<Outcome> stack;
  for (const SignerTerm& term : signers) {
    if (term.kind == SignerTerm::Kind::kSigner) {
      stack.push_back(holds(program[program[term.signer].name]));
      continue;
    }
    WRIT_CHECK(term.operands <= stack.size());  // SAFETY: VerifyProgram has run the postfix expression
    const auto begin = stack.end() - static_cast<std::ptrdiff_t>(term.operands);
    const auto held = static_cast<std::uint32_t>(std::count(begin, stack.end(), Outcome::kTrue));
    const auto open = static_cast<std::uint32_t>(std::count(begin, stack.end(), Outcome::kUnknown));
    stack.erase(begin, stack.end());
    stack.push_back(held >= term.needed ? Outcome::kTrue : held + open >= term.needed ? Outcome::kUnknown : Outcome::kFalse);
  }
  return stack.empty() ? Outcome::kUnknown : stack.back();
}

}  // namespace writ
