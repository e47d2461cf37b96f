// A verified program with the code that is made of it.
#include "engine/eval/evaluator.h"

namespace writ {

RuntimeProgram::RuntimeProgram(VerifiedProgram program) : program_(std::move(program)), code_(program_) {}

}  // namespace writ
