// The parts of the verifier; verify.cc runs them in this order. Each returns kCorrupt with the first thing found wrong.
// Private to rules/ir.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rules/base/limits.h"
#include "rules/base/result.h"
#include "rules/ir/program.h"

namespace writ::verify {

// How deeply lists, maps and optionals can be nested in a value of a verified program. It bounds every recursion over values
// (equality, printing, copying) whoever wrote the bundle. What requests bring in is bounded by JsonLimits::max_depth.
inline constexpr std::uint32_t kMaxValueDepth = 1000;
inline constexpr std::uint32_t kRequestValueDepth = JsonLimits{}.max_depth;

Error Corrupt(std::string message);

// Returns "policy 3", for messages.
std::string Place(const char* what, std::size_t index);

// Constants refer backwards and are well-formed; sets `depths[i]` to the nesting of constant i (0 for a scalar).
Status CheckConstants(const Program& program, std::vector<std::uint32_t>& depths);
Status CheckTypes(const Program& program);
Status CheckSlots(const Program& program);
// Files, tables, signers, imports.
Status CheckDeclarations(const Program& program);
// Nodes; sets `is_root[i]` to whether node i can be evaluated by itself. Requires: constants, types
// and slots are checked.
Status CheckNodes(const Program& program, const std::vector<std::uint32_t>& constant_depths, const BundleLimits& limits,
                  std::vector<bool>& is_root);
// Lets, policies and rules. Requires: everything else is checked.
Status CheckRules(const Program& program, const std::vector<bool>& is_root);

// A location with a file in range; `kOptional` also allows the file to be missing.
enum class FileUse : std::uint8_t { kRequired, kOptional };
bool IsGoodLocation(const Program& program, const SourceLocation& location, FileUse use);

}  // namespace writ::verify
