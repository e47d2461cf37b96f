// The verifier: proves, once, what the evaluator then relies on without asking.
//
// Proven: what rules/ir/fields.h says of each field (ids are in range, texts are valid UTF-8, slots
// that are read are whole, rules carry what their verb needs); arguments stand before the nodes that
// use them, as many as their kind and function take; what rules, messages and lets name mentions no
// variable that it does not bind; shared nodes mention none at all; optional entries stand in lists
// and maps only; nodes, shared nodes, values and types nest at most so deep, and no expression is
// too large when written out (BundleLimits); constants and types refer backwards; rules belong to
// their policies.
#pragma once

#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/ir/program.h"

namespace writ {

// A program that VerifyProgram has accepted. Immutable; may be shared between threads.
class VerifiedProgram {
 public:
  const Program& program() const { return program_; }

 private:
  friend Result<VerifiedProgram> VerifyProgram(Program program, const BundleLimits& limits);
  explicit VerifiedProgram(Program program) : program_(std::move(program)) {}
  Program program_;
};

// Returns the program as text: stable, one line per item, greppable (`writ dump`).
std::string DumpProgram(const VerifiedProgram& program);

// Checks `program` and returns it as verified. O(size of the program).
// Errors: kCorrupt, with the first thing found wrong and its place ("node 17: has an argument that
// does not stand before it").
Result<VerifiedProgram> VerifyProgram(Program program, const BundleLimits& limits = {});

}  // namespace writ
