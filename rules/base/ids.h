// Typed indices: a RuleId cannot be passed where a SlotId is wanted. An id is a position in the vector that owns the things.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace writ {

template <typename Tag>
struct Id {
  static constexpr std::uint32_t kNone = ~0U;
  std::uint32_t index = kNone;

  constexpr Id() = default;
  constexpr explicit Id(std::size_t position) : index(static_cast<std::uint32_t>(position)) {}

  // False for the default value, which names nothing.
  constexpr bool valid() const { return index != kNone; }
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the defaulted <=> for a 0
  friend constexpr auto operator<=>(Id, Id) = default;
};

}  // namespace writ

template <typename Tag>
struct std::hash<writ::Id<Tag>> {
  std::size_t operator()(writ::Id<Tag> id) const noexcept { return std::hash<std::uint32_t>{}(id.index); }
};
