#include "engine/decide/images.h"

#include <algorithm>
#include <vector>

#include "rules/base/check.h"

namespace writ {

bool IsAmong(const std::vector<std::string_view>& names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

const ImageFact* TryFindFact(std::span<const ImageFact> facts, std::string_view image) {
  const auto found = std::lower_bound(facts.begin(), facts.end(), image,
                                      [](const ImageFact& fact, std::string_view wanted) { return fact.image < wanted; });
  return found == facts.end() || found->image != image ? nullptr : &*found;
}

Outcome SignedBy(const ImageFact* fact, std::string_view signer) {
  if (fact == nullptr) return Outcome::kUnknown;
  if (IsAmong(fact->refuted, signer)) return Outcome::kFalse;
  return IsAmong(fact->signed_by, signer) ? Outcome::kTrue : Outcome::kUnknown;
}

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
