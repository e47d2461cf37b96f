// The verifier: proves, once, what the evaluator then relies on without asking.
//
// Proven: every id is in range; every block ends in Return and jumps stay inside it; only Loop jumps backwards; registers are
// below the block's register_count and are written before they are read on every path; cells load only smaller cells and
// nest at most BundleLimits::max_cell_depth deep; cursors (IterateBegin) are used only by IterateNext; builders only by
// Append/Put; function calls have a legal argument count; constants refer backwards; slots' parents come before them;
// regexes compile; rules belong to their policies and carry what their verb needs; strings are valid UTF-8.
#pragma once

#include <memory>

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

// Checks `program` and returns it as verified. O(size of the program).
// Errors: kCorrupt, with the first thing found wrong and its place ("block 3, instruction 17: register 9 is read before it is written").
Result<VerifiedProgram> VerifyProgram(Program program, const BundleLimits& limits = {});

}  // namespace writ
