// The types of targets' members, made of the rows of target.cc. Checker, lowerer and reader all ask
// here.
#pragma once

#include <span>
#include <string>

#include "rules/model/target.h"
#include "rules/model/type.h"

namespace writ {

// Returns the type of a member in `types`; of a record, a record type with its path as name and the
// rows below it as fields. `imports`: the members of `data`. O(rows of the target) for each record.
TypeId TypeOfMember(TypeTable& types, const TargetInfo& target, const Member& member, std::span<const std::string> imports);

}  // namespace writ
