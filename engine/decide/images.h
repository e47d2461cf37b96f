// `require image … signed by …`: how many signers are enough.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "rules/ir/program.h"
#include "writ/engine.h"

namespace writ {

// Returns whether enough of the signers hold: kTrue, kFalse or kUnknown, which is also what `holds` answers for each signer.
// Requires: a verified expression.
Outcome CombineSigners(const Program& program, std::span<const SignerTerm> signers,
                       const std::function<Outcome(std::string_view signer)>& holds);

}  // namespace writ
