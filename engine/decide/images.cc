#include "engine/decide/images.h"

#include <algorithm>
#include <vector>

#include "rules/base/check.h"

namespace writ {
namespace {

Outcome SignedBy(const ImageFact* fact, std::string_view signer) {
  if (fact == nullptr) return Outcome::kUnknown;
  const auto names = [signer](const std::vector<std::string_view>& list) {
    return std::find(list.begin(), list.end(), signer) != list.end();
  };
  if (names(fact->refuted)) return Outcome::kFalse;
  return names(fact->signed_by) ? Outcome::kTrue : Outcome::kUnknown;
}

}  // namespace

Outcome CheckSignatures(const Program& program, std::span<const SignerTerm> signers, std::span<const ImageFact> facts,
                        std::string_view image) {
  const auto found = std::find_if(facts.begin(), facts.end(), [image](const ImageFact& fact) { return fact.image == image; });
  const ImageFact* fact = found == facts.end() ? nullptr : &*found;
  std::vector<Outcome> stack;
  for (const SignerTerm& term : signers) {
    if (term.kind == SignerTerm::Kind::kSigner) {
      stack.push_back(SignedBy(fact, program.signers[term.signer.index].name));
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
