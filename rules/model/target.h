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

// What a member is when the caller leaves it out. kAbsent: using it is an error.
enum class MemberDefault : std::uint8_t { kAbsent, kFalse, kTrue, kEmptyList, kEmptyMap, kChainDepth, kNow, kNull };

// What members of a record are that no row lists.
enum class Unlisted : std::uint8_t {
  kRefused,  // an error, in requests and in policies
  kDyn,      // allowed, of any type
  kUnread,   // allowed in requests, whose writer may be newer; a policy may not name them
};

// The type of a member whose members are rows of their own, behind it.
inline constexpr std::string_view kRecordRow = "record";

// One member that a target's request may have: "principal.tenant".
struct Member {
  std::string_view path;
  std::string_view type;  // kRecordRow, or what ReadType takes (type.h): "list(string)"
  MemberDefault if_absent;
  Unlisted unlisted = Unlisted::kRefused;  // records only

  constexpr bool is_record() const { return type == kRecordRow; }
  constexpr bool is_root() const { return path.find('.') == std::string_view::npos; }
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
// Returns the name of `member` when it stands right below `record`, else "". "tenant" of
// principal.tenant and principal.
std::string_view NameBelow(const Member& record, const Member& member);
// Returns the member with exactly this path, or nullptr. O(members).
const Member* TryFindMember(const TargetInfo& target, std::string_view path);

// Returns "allow", "deny", …
std::string_view VerbName(Verb verb);
std::string_view PolicyModeName(PolicyMode mode);

}  // namespace writ
