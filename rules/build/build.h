// From drafts to programs: the one place where pools are filled (rules/ir/program.h), for the
// compiler, for residuals, for tests.
#pragma once

#include <vector>

#include "rules/build/draft.h"
#include "rules/ir/program.h"

namespace writ {

// Returns the program of a draft. Equal drafts give equal programs, byte for byte. It is not
// verified, and a draft that is wrong gives a program that the verifier refuses. Ids of the draft
// stay what they are. O(size of the draft + texts * log texts). Thread-safe.
Program BuildProgram(const draft::Program& draft);

// Returns a copy of the program's pools, to change them. O(size of the program).
ProgramParts PartsOf(const Program& program);

// Returns the program with `data` compiled in, in the place of what it had. O(size of the program).
Program WithData(const Program& program, const std::vector<draft::Data>& data);

}  // namespace writ
