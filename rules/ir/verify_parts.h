// The parts of the verifier; verify.cc runs them in this order. Each returns kCorrupt with the
// first thing found wrong. Private to rules/ir.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

// Calls `fault_of(i)` for each of `count` things until one has a fault, which is the error "rule 3
// has no id".
template <typename FaultOf>
Status CheckEach(const char* what, std::size_t count, FaultOf fault_of) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view fault = fault_of(i);
    if (!fault.empty()) return Corrupt(std::string(what) + " " + std::to_string(i) + " " + std::string(fault));
  }
  return OkStatus();
}

// Which texts were given to whom, to find a name that is given twice.
class GivenNames {
 public:
  explicit GivenNames(const Program& program) : owners_(program.text_count(), 0) {}
  // Returns whether `owner` has not given it before. Owners come one after the other.
  bool Give(TextId name, std::uint32_t owner = 0) { return std::exchange(owners_[name.index], owner + 1) != owner + 1; }

 private:
  std::vector<std::uint32_t> owners_;  // by text: the last, plus one
};

// Texts are what a pool of texts has to be, and every field names something (fields.h).
Status CheckFields(const Program& program);
// Types refer backwards and have the parts that their kinds have.
Status CheckTypes(const Program& program);
// Constants refer backwards and are well-formed; sets `depths[i]` to the nesting of constant i (0 for a scalar).
Status CheckConstants(const Program& program, std::vector<std::uint32_t>& depths);
Status CheckSlots(const Program& program);
// Tables, signers, imports, data.
Status CheckDeclarations(const Program& program);
// Nodes; sets `is_root[i]` to whether node i can be evaluated by itself.
Status CheckNodes(const Program& program, const std::vector<std::uint32_t>& constant_depths, const BundleLimits& limits,
                  std::vector<bool>& is_root);
// What is not a node names nodes that can be evaluated by themselves.
Status CheckRoots(const Program& program, const std::vector<bool>& is_root);
Status CheckRules(const Program& program);

}  // namespace writ::verify
