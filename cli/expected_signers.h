// Whom `verify-image` expects to have signed: one signer that the flags describe, or an expression over signers that policies declare.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "rules/ir/program.h"
#include "webhook/image/facts/signer_set.h"
#include "webhook/image/verify/verdict.h"

namespace writ::cli {

struct ExpectedSigners {
  std::vector<image::LoadedSigner> signers;  // each once
  std::vector<SignerTerm> terms;             // postfix; SignerIds are indices of `signers`
  std::string expression;                    // as given; "" = from flags
};

// Reads what the flags name. Nothing when something is wrong, which is printed: flags that do not go together, policies that do not
// compile, a signer that they do not declare, a file that is not what its place wants.
std::optional<ExpectedSigners> LoadExpectedSigners(const VerifyImageOptions& options, const Console& console);

// Returns what the expression comes to, given what each signer comes to: unknown when unknown ones could still turn it.
// Requires: `kinds[i]` is that of `signers[i]`.
image::VerdictKind CombineVerdicts(std::span<const SignerTerm> terms, std::span<const image::VerdictKind> kinds);

}  // namespace writ::cli
