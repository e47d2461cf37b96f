// Rows of targets as types; see target_types.h.
#include "rules/model/target_types.h"

namespace writ {

// NOLINTNEXTLINE(misc-no-recursion): depth of the table of targets, 3
TypeId TypeOfMember(TypeTable& types, const TargetInfo& target, const Member& member, std::span<const std::string> imports) {
  if (!member.is_record()) return TypeOfText(member.type, types);
  std::vector<RecordField> fields;
  for (const Member& row : target.members) {
    const std::string_view name = NameBelow(member, row);
    if (!name.empty())
      fields.push_back({std::string(name), TypeOfMember(types, target, row, imports), row.if_absent == MemberDefault::kAbsent});
  }
  if (member.path == "data") {
    for (const std::string& name : imports) fields.push_back({name, SimpleType(TypeKind::kDyn), true});
  }
  return types.Record(member.path, target.name, std::move(fields), member.unlisted == Unlisted::kDyn);
}

}  // namespace writ
