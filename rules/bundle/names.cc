// The section of names; see names.h.
#include "rules/bundle/names.h"

#include <optional>

#include "rules/base/check.h"

namespace writ {
namespace {

// What a member of a list is called, and the members' names by number.
struct NamedList {
  std::string_view what;
  std::size_t count = 0;
  std::string_view (*name)(std::size_t member) = nullptr;
};

const NamedList& ListOf(std::size_t number) {
  static constexpr NamedList kLists[] = {{},
#define WRIT_LIST(number, Enum, count, name, what) {what, count, [](std::size_t each) { return MemberName(static_cast<Enum>(each)); }},
                                         WRIT_NAMED_ENUMS(WRIT_LIST)
#undef WRIT_LIST
  };
  return kLists[number];
}

std::optional<std::uint16_t> TryFindMember(const NamedList& list, std::string_view name) {
  for (std::size_t i = 0; i < list.count; ++i) {
    if (list.name(i) == name) return static_cast<std::uint16_t>(i);
  }
  return std::nullopt;
}

}  // namespace

NameWriter::NameWriter() {
  for (std::size_t list = 1; list <= kListCount; ++list) numbers_[list].assign(ListOf(list).count, kNoNumber);
}

void NameWriter::AppendName(std::size_t list, std::string_view name) {
  WRIT_CHECK(name.size() <= 0xFF);
  section_ += static_cast<char>(list);
  section_ += static_cast<char>(name.size());
  section_ += name;
}

Result<NameReader> NameReader::Read(std::string_view section) {
  NameReader reader;
  while (!section.empty()) {
    const std::size_t list = static_cast<unsigned char>(section[0]);
    const std::size_t size = section.size() < 2 ? section.size() : static_cast<unsigned char>(section[1]);
    if (section.size() < 2 + size || list == 0 || list > kListCount) return Error{ErrorCode::kCorrupt, "the bundle's names are damaged"};
    const std::string_view name = section.substr(2, size);
    const std::optional<std::uint16_t> member = TryFindMember(ListOf(list), name);
    if (!member) {
      return Error{ErrorCode::kVersionUnknown, "the bundle uses the " + std::string(ListOf(list).what) + " `" + std::string(name) +
                                                   "`, which this version of writ does not know"};
    }
    reader.members_[list].push_back(*member);
    section.remove_prefix(2 + size);
  }
  return reader;
}

}  // namespace writ
