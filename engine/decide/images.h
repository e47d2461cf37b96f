// `require image … signed by …`, answered from the facts that the host gathered.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "engine/request/request.h"
#include "rules/ir/program.h"
#include "writ/engine.h"

namespace writ {

// Returns the fact about exactly this reference, or nullptr. Requires: SortFacts. O(log facts).
const ImageFact* TryFindFact(std::span<const ImageFact> facts, std::string_view image);

// Requires: `names` is sorted. O(log names).
bool IsAmong(const std::vector<std::string_view>& names, std::string_view name);

// Returns whether the signer has signed: kTrue, kFalse (refuted) or kUnknown, which is what no fact names.
Outcome SignedBy(const ImageFact* fact, std::string_view signer);

// Returns whether enough of the signers hold: kTrue, kFalse or kUnknown, which is also what `holds` answers for each signer.
// Requires: a verified expression.
Outcome CombineSigners(const Program& program, std::span<const SignerTerm> signers,
                       const std::function<Outcome(std::string_view signer)>& holds);

}  // namespace writ
