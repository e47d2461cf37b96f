// Compiled patterns; see regex_pool.h.
#include "engine/emit/regex_pool.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "rules/function/function.h"
#include "rules/function/regex.h"

namespace writ {
namespace {

// What all regexes together may take, as long as each has its least; large ones take more. RE2
// fills what it may take with the states that texts make it build, and texts come with requests.
constexpr std::int64_t kRegexesMaxMemory = std::int64_t{128} * 1024 * 1024;
constexpr std::int64_t kLeastRegexMemory = std::int64_t{256} * 1024;

std::size_t CountPatterns(const Program& program) {
  std::unordered_set<std::uint32_t> patterns;
  for (const Node& node : program.nodes) {
    if (node.kind != NodeKind::kCall || static_cast<Function>(node.detail) != Function::kMatches) continue;
    const Node& pattern = program.nodes[program.args(node)[1].index];
    if (pattern.kind == NodeKind::kConstant) patterns.insert(pattern.index);
  }
  return patterns.size();
}

}  // namespace

RegexPool::RegexPool(const Program& program)
    : memory_each_(std::clamp(kRegexesMaxMemory / static_cast<std::int64_t>(std::max<std::size_t>(CountPatterns(program), 1)),
                              kLeastRegexMemory, kRegexMaxMemory)) {}

const CompiledRegex* RegexPool::Of(ConstantId pattern, std::string_view text) {
  const auto [place, is_new] = by_constant_.emplace(pattern.index, nullptr);
  // Twice: the checker lets the one pattern pass that passes its limit.
  if (!is_new || instructions_ > 2 * kMaxRegexInstructions) return place->second;
  const re2::StringPiece piece(text.data(), text.size());
  auto regex = std::make_unique<RE2>(piece, RegexOptions(memory_each_));
  if (!regex->ok()) regex = std::make_unique<RE2>(piece, RegexOptions());  // a large one
  instructions_ += regex->ok() ? regex->ProgramSize() : kRefusedRegexInstructions;
  if (!regex->ok()) return nullptr;
  const std::uint32_t size = RegexProgramSize(*regex);
  std::unique_ptr<const RegexFilter> filter = RegexFilter::TryMake(*regex);
  return place->second = &compiled_.emplace_back(CompiledRegex{std::move(regex), size, std::move(filter)});
}

}  // namespace writ
