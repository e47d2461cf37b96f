// Identities of rules and limits, which survive a move, another file name, message or mode.
//
// Idea: hash what a rule is about and when it applies, and leave out where it stands and what it
// says. What two rules have in common besides is told apart by a number among equals.
//
//   @id("no-pii")        package, policy and id alone
//   otherwise            package, policy, verb, patterns, and the condition after folding
//
// docs/bundle_format.md, "Keys of rules", has the bytes that are hashed.
#pragma once

#include <string>
#include <vector>

#include "rules/ir/program.h"

namespace writ {

// Returns the key of each rule; all are different. Requires: a program that verifies (verify.h).
// O(texts of the conditions).
std::vector<RuleKey> RuleKeysOf(const Program& program);

// By what a limit is found again after a reload, inside its policy: LimitSpec::identity.
struct LimitIdentity {
  std::string text;            // "@fair", or "slack/post, slack/search by principal.id"
  std::vector<LimitKey> keys;  // of the limit, in the order of their texts
};

// Returns the identity of each limit; those of one policy are different. Requires: as above.
std::vector<LimitIdentity> LimitIdentitiesOf(const Program& program);

}  // namespace writ
