// Lowering: a checked policy set becomes a decision program.
#pragma once

#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dsl/check/typed_tree.h"
#include "dsl/diagnostics/diagnostic.h"
#include "rules/base/limits.h"
#include "rules/base/source.h"
#include "rules/build/draft.h"

namespace writ::dsl {

struct LowerOptions {
  SourceLimits limits = {};
  bool optimize = true;  // folding, shared nodes, discriminators
};

// Returns the draft of the program of `set` (rules/build/build.h). Requires: the checker found no
// errors; `files[i]` is the text of FileId(i). What is too large to lower (InlinedTooLarge,
// ProgramTooLarge) is reported; the program is then not to be used. Deterministic: equal files give
// equal programs. Cost: linear in the text with fns inlined.
draft::Program LowerPolicies(const TypedSet& set, std::span<const SourceFile> files, const LowerOptions& options, DiagnosticSink& sink);

// Appends `signers` in postfix order. Requires: `ids` knows every name in it.
void WriteSigners(const SignerExpr& signers, const std::unordered_map<std::string_view, SignerId>& ids, std::vector<SignerTerm>& terms);

}  // namespace writ::dsl
