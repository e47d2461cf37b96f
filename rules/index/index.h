// The rule index: from a request's selector key and slot values to the rules that could speak, without walking the others.
//
// Per target: rules whose selector is literal in both halves are found by one hash lookup of "scope\x1fname"; all other
// selectors by an Aho-Corasick automaton over their longest literal run (so `delete_*` on server "slack" is found through
// "slack\x1fdelete_"), then confirmed by a glob match. Inside a bucket, rules with a discriminator (program.h) are found by a
// hash of the slot's value. Cost: O(length of the key + candidates), independent of the number of rules.
//
// Resources have two names, the URI as it was given and its folded form (rules/model/resource_uri.h), and two such indexes: a denial or
// limit is found by either name, an allow only by a pattern that matches both.
// Source: A. V. Aho, M. J. Corasick, "Efficient string matching", CACM 18(6), 1975.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rules/ir/verify.h"
#include "rules/model/value.h"

namespace writ {

// What selectors are compared with.
struct SelectorKey {
  std::string_view scope, name;
  std::string_view folded = {};  // kResources: FoldUri(name); "" for other targets
};

// Immutable after construction; thread-safe.
class RuleIndex {
 public:
  // `program` is borrowed and must outlive the index. O(total length of selectors).
  explicit RuleIndex(const VerifiedProgram& program);
  ~RuleIndex();
  RuleIndex(RuleIndex&&) noexcept;
  RuleIndex& operator=(RuleIndex&&) noexcept;

  // Replaces `candidates` by the rules of `target` whose selector matches and whose discriminators do not exclude them,
  // ascending and without duplicates. `slots[i]` is the value of SlotId i (kAbsent when missing: then the rule is a candidate).
  // `steps_left` is charged for what grows with the request: names that patterns are held against, and lists whose items are looked up.
  // When it reaches 0, candidates are missing: the caller must not decide.
  void FindCandidates(Target target, const SelectorKey& key, std::span<const Value> slots, std::vector<RuleId>& candidates,
                      std::uint64_t& steps_left) const;
  // The same without a limit.
  void FindCandidates(Target target, const SelectorKey& key, std::span<const Value> slots, std::vector<RuleId>& candidates) const;

  // The same without looking at discriminators: every applying rule, for `explain`.
  void FindApplying(Target target, const SelectorKey& key, std::vector<RuleId>& candidates) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Does `pattern` match all of `text`? `*` is anything inside a `/` segment, `**` anything, `**/` where a segment begins (though not
// behind `://`) any number of folders, none included; `\` escapes. O(pattern * text) worst case.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace writ
