// The members of the top level; see top_level.h.
#include "engine/request/top_level.h"

#include "rules/base/check.h"

namespace writ {
namespace {

constexpr std::string_view kNames[] = {
#define WRIT_TELLING(name, member, target) member,
#define WRIT_OTHER(name, member) member,
    WRIT_TELLING_MEMBERS(WRIT_TELLING) WRIT_OTHER_MEMBERS(WRIT_OTHER)
#undef WRIT_TELLING
#undef WRIT_OTHER
};
static_assert(std::size(kNames) == kTopLevelCount);

constexpr Target kTold[] = {
#define WRIT_TELLING(name, member, target) Target::target,
    WRIT_TELLING_MEMBERS(WRIT_TELLING)
#undef WRIT_TELLING
};

// A table in which every name has a place of its own, found by its size and its first and last
// letter. The factors are tried when this is compiled.
struct NameTable {
  static constexpr std::size_t kPlaces = 64;
  unsigned first = 0, last = 0;
  std::array<std::uint8_t, kPlaces> members = {};  // 1 + TopLevel; 0 = no name

  constexpr std::size_t PlaceOf(std::string_view name) const {
    return (name.size() + static_cast<unsigned char>(name.front()) * first + static_cast<unsigned char>(name.back()) * last) % kPlaces;
  }
};

constexpr bool TryFill(NameTable& table) {
  table.members = {};
  for (std::size_t i = 0; i < kTopLevelCount; ++i) {
    std::uint8_t& place = table.members[table.PlaceOf(kNames[i])];
    if (place != 0) return false;
    place = static_cast<std::uint8_t>(i + 1);
  }
  return true;
}

constexpr NameTable MakeNameTable() {
  NameTable table;
  for (table.first = 1; table.first < NameTable::kPlaces; ++table.first) {
    for (table.last = 1; table.last < NameTable::kPlaces; ++table.last) {
      if (TryFill(table)) return table;
    }
  }
  return table;
}

constexpr NameTable kNameTable = MakeNameTable();
static_assert(kNameTable.first < NameTable::kPlaces, "no factors keep the names apart: take a larger table");

}  // namespace

std::string_view TopLevelName(TopLevel member) { return kNames[static_cast<std::size_t>(member)]; }

std::optional<TopLevel> TryFindTopLevel(std::string_view name) {
  if (name.empty()) return std::nullopt;
  const std::uint8_t found = kNameTable.members[kNameTable.PlaceOf(name)];
  if (found == 0 || kNames[found - 1U] != name) return std::nullopt;
  return static_cast<TopLevel>(found - 1U);
}

void TopMembers::Read(JsonNode document) {
  Clear();
  for (const JsonMember& member : document.members()) {
    if (const std::optional<TopLevel> found = TryFindTopLevel(member.key)) {
      Set(*found, member.value);
    } else {
      has_others_ = true;
    }
  }
}

void TopMembers::Set(TopLevel member, JsonNode node) {
  nodes_[static_cast<std::size_t>(member)] = node;
  seen_ = node.valid() ? seen_ | BitOf(member) : seen_ & ~BitOf(member);
}

std::optional<Target> TopMembers::TellTarget() const {
  if (!Has(kTellingMembers)) return std::nullopt;
  return kTold[std::countr_zero(seen_)];
}

}  // namespace writ
