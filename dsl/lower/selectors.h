// What requests a rule is about, as the index matches it: patterns of policy and rule put together.
#pragma once

#include <vector>

#include "dsl/syntax/tree.h"
#include "rules/build/draft.h"

namespace writ::dsl {

// Returns the selectors of a rule: every scope of the policy with every name of the rule.
//   tools, resources, prompts, schemas: server and tool, uri, prompt;  access: resource type and action;  rows: table and nothing
//   admission: "Kind.group" (or "Kind.group/subresource") and the operation in capitals. A plain kind is of the core group;
//   `Kind.*` is the kind in any group, the core group too; no pattern matches a subresource that it does not name.
std::vector<draft::Selector> SelectorsOf(const PolicyDecl& policy, const RuleDecl& rule);

}  // namespace writ::dsl
