// Pools that a program owns, and pools compared; see program.h.
#include "rules/ir/program.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "rules/base/encoding.h"

namespace writ {
namespace {

template <typename Record>
bool HaveSameBytes(std::span<const Record> a, std::span<const Record> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

}  // namespace

double Constant::real() const { return std::bit_cast<double>(bits); }

Program::Program(ProgramParts parts) {
  auto owned = std::make_shared<ProgramParts>(std::move(parts));
#define WRIT_VIEW(number, name, Record, what) name = owned->name;
  WRIT_POOLS(WRIT_VIEW)
#undef WRIT_VIEW
  owner_ = std::move(owned);
}

NodeId Program::FindMatch(PolicyId policy) const {
  const auto found = std::lower_bound(match_conditions.begin(), match_conditions.end(), policy,
                                      [](const MatchCondition& match, PolicyId wanted) { return match.policy < wanted; });
  return found == match_conditions.end() || found->policy != policy ? NodeId() : found->condition;
}

std::string RuleKeyText(const RuleKey& key) {
  if (key == RuleKey()) return "";
  return EncodeHex({reinterpret_cast<const char*>(key.bytes), sizeof(key.bytes)});
}

bool operator==(const Program& a, const Program& b) {
#define WRIT_SAME(number, name, Record, what) HaveSameBytes(a.name, b.name)&&
  return WRIT_POOLS(WRIT_SAME) true;
#undef WRIT_SAME
}

std::vector<Type> TypesOf(const Program& program) {
  std::vector<Type> types;
  types.reserve(program.types.size());
  for (const TypeRecord& record : program.types) {
    Type& type = types.emplace_back();
    type.kind = record.kind;
    type.name = program[record.name];
    const std::span<const TypeId> parameters = program[record.parameters];
    type.parameters.assign(parameters.begin(), parameters.end());
    for (const TypeField& field : program[record.fields])
      type.fields.push_back({std::string(program[field.name]), field.type, field.optional});
    type.open = record.open;
  }
  return types;
}

}  // namespace writ
