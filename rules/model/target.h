// The targets of policies: what a policy can be about. One table row a target (docs/language.md, "Targets"): its variables
// with the types of their members, its verbs, and what holds when no rule speaks. Adding a target is adding rows here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace writ {

enum class Target : std::uint8_t { kTools, kResources, kPrompts, kAccess, kRows, kAdmission, kSchemas };
inline constexpr std::size_t kTargetCount = 7;

enum class Verb : std::uint8_t { kAllow, kDeny, kRequire, kWarn, kNote, kLimit, kRedact, kMask };

// How a policy's denials count. kEnforce is the default.
enum class PolicyMode : std::uint8_t { kEnforce, kShadow, kWarn };

// A member's static type as the reader enforces and converts it. kDyn: anything.
enum class MemberType : std::uint8_t {
  kDyn,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kStringList,
  kDynMap,
  kDynList,
  kRecord
};

// What a member is when the caller leaves it out. kAbsent: using it is an error.
enum class MemberDefault : std::uint8_t { kAbsent, kFalse, kTrue, kEmptyList, kEmptyMap, kChainDepth, kNow, kNull };

// One member that a target's request may have: "principal.tenant". Members of kRecord rows follow as rows of their own.
struct Member {
  std::string_view path;
  MemberType type;
  MemberDefault if_absent;
  bool open = false;  // kRecord only: members not listed are allowed and dyn
  // kDynMap only: what Kubernetes' own types have there, by spaces. A policy may name nothing else; what a request has is not checked.
  std::string_view fields = {};
};

struct TargetInfo {
  Target target;
  std::string_view name;            // "tools"
  std::string_view selector_word;   // "on", "to", "of"; what follows `for NAME`
  std::span<const Member> members;  // roots first; a root's name is its path
  std::span<const Verb> verbs;
  bool allow_by_default;  // what "nothing said" means
};

// Returns the table row. O(1).
const TargetInfo& InfoOf(Target target);
// Returns the target of that name, or nothing.
std::optional<Target> TryFindTarget(std::string_view name);
// Returns the member with exactly this path, or nullptr. O(members).
const Member* TryFindMember(const TargetInfo& target, std::string_view path);

// Returns "allow", "deny", …
std::string_view VerbName(Verb verb);
std::string_view PolicyModeName(PolicyMode mode);
std::string_view MemberTypeName(MemberType type);

}  // namespace writ
