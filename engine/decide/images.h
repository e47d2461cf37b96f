// `require image … signed by …`, answered from the facts that the host gathered.
#pragma once

#include <span>
#include <string_view>

#include "engine/request/request.h"
#include "rules/ir/program.h"
#include "writ/engine.h"

namespace writ {

// Returns whether `image` carries the wanted signatures: kTrue, kFalse (refuted) or kUnknown. An image without a fact, and a
// signer that its fact does not name, are unknown. Images are matched by their exact reference.
Outcome CheckSignatures(const Program& program, std::span<const SignerTerm> signers, std::span<const ImageFact> facts,
                        std::string_view image);

}  // namespace writ
