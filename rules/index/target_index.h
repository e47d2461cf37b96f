// The index of one target's rules. Private to rules/index; index.h says what is promised.
//
// Three steps narrow the rules down:
//   1. Selectors. Rules with equal selectors share an entry. Entries whose halves are each literal or only stars are found by
//      hash: (scope, name), (scope, any), (any, name); entries for anything are always looked at; all others by the automaton,
//      through one literal run of "START scope SEP name END" each, the run that fewest entries have. Then confirmed.
//   2. Inside an entry: rules without discriminators, a few to be checked one by one, and groups that discriminate on one slot.
//   3. Inside a group: rules by hash of the slot's string, or of each string in the slot's list.
// A rule of several discriminators is found through its rarest string and then checked for the
// others, except for those of more than kMostStringsChecked strings: the rule is then a candidate,
// and its guard says no.
//
// Memory: 56 bytes an entry and about 8 for its hash; 4 a posting, of which a rule has one a
// selector, or one a string that it is found by; 16 a key of a group and 16 to 32 for its hash.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/index/aho_corasick.h"
#include "rules/index/hash.h"
#include "rules/ir/program.h"
#include "rules/model/value.h"

namespace writ {

// One search: what it looks at, what it found, and what it may still cost. Nothing more is found once steps_left is 0.
struct IndexSearch {
  std::span<const Value> slots;
  std::vector<RuleId>& candidates;
  std::uint64_t& steps_left;

  bool Charge(std::uint64_t steps) {
    steps_left -= std::min(steps, steps_left);
    return steps_left > 0;
  }
};

// A rule that can be found by a selector.
struct IndexedSelector {
  TextId scope;
  std::uint32_t name = 0;  // of a text, or of a name that is given beside the program
  RuleId rule;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the defaulted <=> for a 0
  friend auto operator<=>(const IndexedSelector&, const IndexedSelector&) = default;
};

// Immutable after construction; thread-safe.
class TargetIndex {
 public:
  TargetIndex() = default;
  // Indexes rules of `program` by these selectors. Names are texts of the program, or of `names`
  // when there are any: distinct ones. Both are borrowed. O(selectors * log selectors + total
  // length of their texts).
  TargetIndex(const Program& program, std::vector<IndexedSelector> selectors, std::span<const std::string> names = {});

  // Appends candidates in no order, perhaps twice.
  void FindCandidates(std::string_view scope, std::string_view name, IndexSearch& search) const;
  void FindApplying(std::string_view scope, std::string_view name, std::vector<RuleId>& candidates) const;

 private:
  friend class TargetIndexBuilder;

  static constexpr std::size_t kMostStringsChecked = 16;

  // Half-open range of a vector.
  struct Range {
    std::uint32_t begin = 0, end = 0;
  };
  // One half of a selector.
  struct Half {
    enum class Shape : std::uint32_t { kLiteral, kStar, kDoubleStar, kPattern };
    const char* data = nullptr;
    std::uint32_t size = 0;
    Shape shape = Shape::kLiteral;
    // kLiteral: the text itself, unescaped; kPattern: the pattern.
    std::string_view text() const { return {data, size}; }
  };
  // Every rule of an entry is in one of the three.
  struct Entry {
    Half scope, name;
    Range plain;    // of postings_: rules without discriminators
    Range checked;  // of postings_: rules whose discriminators are checked one by one
    Range groups;   // of groups_: all other rules
  };
  // Rules of one entry that discriminate on the same slot in the same way.
  struct Group {
    SlotId slot;
    Discriminator::Kind kind = Discriminator::Kind::kEquals;
    Range rules;  // of postings_: all rules of the group, for when the slot does not tell
  };
  struct Key {
    TextId text;
    std::uint32_t group = 0;
    std::uint32_t begin = 0, end = 0;  // of postings_
  };
  // A rule's index; kHasMore says that discriminators other than the one it was found by are to be checked.
  using Posting = std::uint32_t;
  static constexpr Posting kHasMore = Posting{1} << 31U;

  template <typename Visit>
  void ForEachEntry(std::string_view scope, std::string_view name, std::uint64_t& steps_left, Visit visit) const;
  template <typename Visit>
  void RunAutomaton(std::string_view scope, std::string_view name, Visit visit) const;
  static bool Matches(const Half& half, std::string_view text);
  static std::uint64_t StepsOf(const Half& half, std::string_view text);
  static bool Matches(const Entry& entry, std::string_view scope, std::string_view name) {
    return Matches(entry.scope, scope) && Matches(entry.name, name);
  }

  void AddGroup(std::uint32_t group, IndexSearch& search) const;
  void AddKey(std::uint32_t group, std::string_view text, IndexSearch& search) const;
  void AddPostings(Range range, IndexSearch& search) const;
  bool IsExcluded(RuleId rule, IndexSearch& search) const;
  bool Excludes(const Discriminator& discriminator, const Value& value) const;

  static std::uint64_t HashPair(std::string_view scope, std::string_view name) { return MixHash(HashBytes(scope), HashBytes(name)); }
  static std::uint64_t HashKeyOf(std::uint32_t group, std::string_view text) { return MixHash(HashBytes(text), group); }

  const Program* program_ = nullptr;
  std::vector<Entry> entries_;
  HashTable by_both_, by_scope_, by_name_;  // of entries_
  std::vector<std::uint32_t> always_;       // of entries_
  AhoCorasick automaton_;
  std::vector<Range> run_entries_;  // by string of the automaton: range of automaton_entries_
  std::vector<std::uint32_t> automaton_entries_;
  std::vector<Group> groups_;
  std::vector<Key> keys_;
  HashTable by_key_;  // of keys_
  std::vector<Posting> postings_;
  std::deque<std::string> unescaped_;  // texts of literal halves that had a '\'
};

}  // namespace writ
