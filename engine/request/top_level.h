// The top level of a request: the names that its members may have, and one walk that finds them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/json/json_node.h"
#include "rules/model/target.h"

namespace writ {

// Members that tell the target of a request that does not name one come first: the first of them
// that the request has decides. X(name, member, target)
#define WRIT_TELLING_MEMBERS(X)                     \
  X(Table, "table", kRows)                          \
  X(Row, "row", kRows)                              \
  X(Subject, "subject", kAccess)                    \
  X(Action, "action", kAccess)                      \
  X(Object, "object", kAdmission)                   \
  X(OldObject, "oldObject", kAdmission)             \
  X(Request, "request", kAdmission)                 \
  X(NamespaceObject, "namespaceObject", kAdmission) \
  X(Schema, "schema", kSchemas)                     \
  X(Previous, "previous", kSchemas)                 \
  X(Resource, "resource", kResources)               \
  X(Prompt, "prompt", kPrompts)                     \
  X(Tool, "tool", kTools)                           \
  X(List, "list", kTools)                           \
  X(Server, "server", kTools)                       \
  X(Args, "args", kTools)
//  X(name, member)
#define WRIT_OTHER_MEMBERS(X) \
  X(Principal, "principal")   \
  X(Context, "context")       \
  X(Target, "target")         \
  X(Unknown, "unknown")       \
  X(Facts, "facts")           \
  X(Kind, "kind")             \
  X(ApiVersion, "apiVersion")

enum class TopLevel : std::uint8_t {
#define WRIT_TELLING(name, member, target) k##name,
#define WRIT_OTHER(name, member) k##name,
  WRIT_TELLING_MEMBERS(WRIT_TELLING) WRIT_OTHER_MEMBERS(WRIT_OTHER)
#undef WRIT_TELLING
#undef WRIT_OTHER
};
inline constexpr std::size_t kTopLevelCount = static_cast<std::size_t>(TopLevel::kApiVersion) + 1;

std::string_view TopLevelName(TopLevel member);
// Returns the member of that name, or nothing. O(1).
std::optional<TopLevel> TryFindTopLevel(std::string_view name);

// A set of members.
using TopLevelSet = std::uint32_t;
constexpr TopLevelSet BitOf(TopLevel member) { return TopLevelSet{1} << static_cast<unsigned>(member); }
inline constexpr TopLevelSet kTellingMembers = BitOf(TopLevel::kPrincipal) - 1;

// The members that one request has.
class TopMembers {
 public:
  void Clear() {
    seen_ = 0;
    has_others_ = false;
  }
  // Takes the members of `document`, an object. One walk.
  void Read(JsonNode document);
  // Sets one, or removes it where `node` is invalid.
  void Set(TopLevel member, JsonNode node);

  // Returns an invalid node for a member that the request does not have.
  JsonNode operator[](TopLevel member) const { return Has(BitOf(member)) ? nodes_[static_cast<std::size_t>(member)] : JsonNode(); }
  bool Has(TopLevelSet members) const { return (seen_ & members) != 0; }
  // Has it a member that is not in `allowed`, or none of TopLevel at all?
  bool HasBeside(TopLevelSet allowed) const { return has_others_ || (seen_ & ~allowed) != 0; }
  // What its members tell.
  std::optional<Target> TellTarget() const;

 private:
  TopLevelSet seen_ = 0;
  bool has_others_ = false;
  std::array<JsonNode, kTopLevelCount> nodes_;  // valid where `seen_` says so
};

}  // namespace writ
