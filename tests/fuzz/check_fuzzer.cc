// Checker and lowerer on arbitrary text. Invariants: no crash; a program exactly when there is no error; every program verifies,
// optimised or not, and both have the same rules.
#include <cstddef>
#include <cstdint>
#include <string>

#include "dsl/compiler.h"
#include "rules/base/check.h"
#include "rules/ir/verify.h"

namespace {

constexpr std::size_t kMaxBytes = 1 << 15;  // longer inputs find nothing new and run slowly

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMaxBytes) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::size_t rules = 0;
  for (const bool optimize : {true, false}) {
    writ::dsl::CompileOptions options;
    options.optimize = optimize;
    options.limits.max_inline_nodes = 20'000;
    const writ::dsl::Compilation compilation = writ::dsl::CompilePolicies({{"fuzz.writ", text}}, options);
    WRIT_CHECK(compilation.program.has_value() == (compilation.error_count == 0));
    for (const writ::dsl::Diagnostic& diagnostic : compilation.diagnostics) {
      WRIT_CHECK(diagnostic.span.begin <= diagnostic.span.end && diagnostic.span.end <= text.size());
      WRIT_CHECK(!RenderDiagnostic(diagnostic, compilation.files, false).empty());
    }
    if (!compilation.program) return 0;
    WRIT_CHECK(writ::VerifyProgram(*compilation.program).ok());
    if (optimize) rules = compilation.program->rules.size();
    WRIT_CHECK(compilation.program->rules.size() == rules);
  }
  return 0;
}
