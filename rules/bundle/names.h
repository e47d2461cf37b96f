// Enumerators in a bundle: the records hold numbers that only this file knows, and a section of
// names says what they are. So functions, verbs and other members of the named lists
// (rules/ir/enums.h) may be added and reordered without a new version of the format. Private to
// rules/bundle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "rules/ir/enums.h"
#include "rules/ir/fields.h"

namespace writ {

// The number of the enum's list in a bundle; 0 for enums whose members are written as they are.
template <typename Enum>
inline constexpr std::size_t kListNumber = 0;
#define WRIT_LIST_NUMBER(number, Enum, count, name, what) \
  template <>                                             \
  inline constexpr std::size_t kListNumber<Enum> = number;
WRIT_NAMED_ENUMS(WRIT_LIST_NUMBER)
#undef WRIT_LIST_NUMBER

#define WRIT_COUNT(number, Enum, count, name, what) +1
inline constexpr std::size_t kListCount = 0 WRIT_NAMED_ENUMS(WRIT_COUNT);
#undef WRIT_COUNT

// Numbers of one list: `to[from]`, or kNoNumber.
inline constexpr std::uint16_t kNoNumber = 0xFFFF;
// By number of the list; the first is not used.
using NumberLists = std::array<std::vector<std::uint16_t>, kListCount + 1>;

// Gives members their numbers in a file, in order of first use.
class NameWriter {
 public:
  NameWriter();
  // Replaces an enumerator by its number in the file.
  template <typename Enum>
  void operator()(Enum& member) {
    const std::size_t list = kListNumber<Enum>;
    std::uint16_t& number = numbers_[list][static_cast<std::size_t>(member)];
    if (number == kNoNumber) {
      number = used_[list]++;
      AppendName(list, MemberName(member));
    }
    member = static_cast<Enum>(number);
  }
  // The section of names.
  const std::string& section() const { return section_; }

 private:
  void AppendName(std::size_t list, std::string_view name);

  NumberLists numbers_;
  std::array<std::uint16_t, kListCount + 1> used_ = {};
  std::string section_;
};

// Turns numbers of a file back into members.
class NameReader {
 public:
  // Errors: kCorrupt; kVersionUnknown for a name that this program does not know, naming it.
  static Result<NameReader> Read(std::string_view section);

  template <typename Enum>
  void operator()(Enum& member) {
    const std::vector<std::uint16_t>& members = members_[kListNumber<Enum>];
    const auto number = static_cast<std::size_t>(member);
    is_good_ = is_good_ && number < members.size();
    if (is_good_) member = static_cast<Enum>(members[number]);
  }
  // False once a number had no name.
  bool is_good() const { return is_good_; }

 private:
  NumberLists members_;  // by number in the file
  bool is_good_ = true;
};

// Passes on to `visit` the enumerators of a record that are written by name. For ForEachField, and
// ForEachDependentField where the record's kind is a member, not a number of a file.
template <typename Visit>
struct OnlyNamed {
  Visit& visit;
  template <typename Member>
  void operator()(const char* /*name*/, Member& member, FieldUse /*use*/) const {
    if constexpr (std::is_enum_v<Member>) {
      if constexpr (kListNumber<Member> != 0) visit(member);
    }
  }
};

}  // namespace writ
