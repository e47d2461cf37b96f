// Holds `for admission of …` against the table of kinds (rules/model/kubernetes_kind.h): a kind that does not exist matches nothing, and
// a policy that matches nothing allows everything.
#pragma once

#include <string>

#include "dsl/check/expression_checker.h"
#include "dsl/check/typed_tree.h"

namespace writ::dsl {

// Reports kinds, groups, subresources and operations that cannot come. What custom resources may be called nobody knows: an unknown
// kind in an unknown group is a warning, and none when a test of the set admits such an object. Cost: linear in policies × table.
void CheckKinds(const TypedSet& set, ExpressionChecker& checker);

// Returns `Kind.group` of a literal object with apiVersion and kind, as policies name it; "" when it does not say.
std::string KindOfObject(const TypedSet& set, FileId file, ExprId object);

}  // namespace writ::dsl
