#include "rules/index/target_index.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "rules/index/index.h"

namespace writ {
namespace {

// What a slot's value says about a discriminator by its kind alone.
enum class SlotAnswer : std::uint8_t {
  kPasses,    // the value does not tell: the rule is a candidate
  kExcluded,  // the guard is certainly false
  kLook,      // the strings decide
};

// kEquals: a value of another kind is unequal to every string. kContains: `in` over anything but a list finds map keys or is an
// error, so only lists tell.
SlotAnswer AnswerByKind(Discriminator::Kind discriminator, Kind kind) {
  if (discriminator == Discriminator::Kind::kContains) return kind == Kind::kList ? SlotAnswer::kLook : SlotAnswer::kPasses;
  switch (kind) {
    case Kind::kString: return SlotAnswer::kLook;
    case Kind::kAbsent:
    case Kind::kOptional:
    case Kind::kError:
    case Kind::kUnknown: return SlotAnswer::kPasses;
    case Kind::kNull:
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kBytes:
    case Kind::kTimestamp:
    case Kind::kDuration:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kType: return SlotAnswer::kExcluded;
  }
  return SlotAnswer::kPasses;
}

const Value& SlotValue(std::span<const Value> slots, SlotId slot) {
  static constexpr Value kNothing;
  return slot.index < slots.size() ? slots[slot.index] : kNothing;
}

// Names of one list are often of one length and differ at their end: a look at the last byte saves
// most calls of memcmp.
bool Holds(std::span<const Value> items, std::string_view text) {
  return std::any_of(items.begin(), items.end(), [&](const Value& item) {
    if (!item.is(Kind::kString) || item.size != text.size()) return false;
    return text.empty() || (item.text[item.size - 1] == text.back() && std::memcmp(item.text, text.data(), text.size()) == 0);
  });
}

bool HasUntold(std::span<const Value> items) {
  return std::any_of(items.begin(), items.end(), [](const Value& item) { return item.is_fault() || item.is(Kind::kAbsent); });
}

}  // namespace

bool TargetIndex::Matches(const Half& half, std::string_view text) {
  switch (half.shape) {
    case Half::Shape::kLiteral: return half.text() == text;
    case Half::Shape::kStar: return text.find('/') == std::string_view::npos;
    case Half::Shape::kDoubleStar: return true;
    case Half::Shape::kPattern: return GlobMatches(half.text(), text);
  }
  return false;
}

// Only patterns are held against the text byte by byte.
std::uint64_t TargetIndex::StepsOf(const Half& half, std::string_view text) {
  return half.shape == Half::Shape::kPattern ? (1 + half.size / 16) * (1 + text.size() / 16) : 0;
}

template <typename Visit>
void TargetIndex::ForEachEntry(std::string_view scope, std::string_view name, std::uint64_t& steps_left, Visit visit) const {
  const auto visit_if = [&](std::uint32_t index) {
    const Entry& entry = entries_[index];
    // A long name that repeats many runs comes here again and again.
    steps_left -= std::min(steps_left, 1 + StepsOf(entry.scope, scope) + StepsOf(entry.name, name));
    if (steps_left == 0) return;
    if (Matches(entry, scope, name)) visit(entry);
  };
  if (!by_both_.empty()) by_both_.ForEach(HashPair(scope, name), visit_if);
  if (!by_scope_.empty()) by_scope_.ForEach(HashBytes(scope), visit_if);
  if (!by_name_.empty()) by_name_.ForEach(HashBytes(name), visit_if);
  for (const std::uint32_t index : always_) visit_if(index);
  if (!run_entries_.empty()) RunAutomaton(scope, name, visit_if);
}

template <typename Visit>
void TargetIndex::RunAutomaton(std::string_view scope, std::string_view name, Visit visit) const {
  // A run that a name repeats ("aXaXaX" and the run "X") is found each time; the last few are remembered, so that their entries
  // are confirmed once. Rules found twice all the same are merged by the caller.
  std::array<std::uint32_t, 8> recent;
  recent.fill(HashTable::kNone);
  std::size_t turn = 0;
  std::uint32_t state = AhoCorasick::kRoot;
  const auto feed = [&](char byte) {
    state = automaton_.Next(state, byte);
    automaton_.ForEachFound(state, [&](std::uint32_t run) {
      if (std::find(recent.begin(), recent.end(), run) != recent.end()) return;
      recent[turn++ % recent.size()] = run;
      for (std::uint32_t i = run_entries_[run].begin; i < run_entries_[run].end; ++i) visit(automaton_entries_[i]);
    });
  };
  // A name may hold these bytes too: then a run is found where it does not stand, and confirming it says no.
  feed('\x1e');
  for (const char byte : scope) feed(byte);
  feed('\x1f');
  for (const char byte : name) feed(byte);
  feed('\x1d');
}

bool TargetIndex::Excludes(const Discriminator& discriminator, const Value& value) const {
  const SlotAnswer answer = AnswerByKind(discriminator.kind, value.kind);
  if (answer != SlotAnswer::kLook) return answer == SlotAnswer::kExcluded;
  const bool is_one = discriminator.kind == Discriminator::Kind::kEquals;
  const std::span<const Value> items = is_one ? std::span(&value, 1) : std::span(value.items, value.size);
  for (const TextId text : (*program_)[discriminator.strings]) {
    if (Holds(items, (*program_)[text])) return false;
  }
  return is_one || !HasUntold(items);
}

bool TargetIndex::IsExcluded(RuleId rule, IndexSearch& search) const {
  for (const Discriminator& discriminator : (*program_)[program_->details(rule).discriminators]) {
    const Value& value = SlotValue(search.slots, discriminator.slot);
    if (value.is(Kind::kList) && !search.Charge(value.size)) return true;
    if (discriminator.strings.count <= kMostStringsChecked && Excludes(discriminator, value)) return true;
  }
  return false;
}

void TargetIndex::AddPostings(Range range, IndexSearch& search) const {
  for (std::uint32_t i = range.begin; i < range.end; ++i) {
    const RuleId rule(postings_[i] & ~kHasMore);
    if ((postings_[i] & kHasMore) != 0 && IsExcluded(rule, search)) continue;
    search.candidates.push_back(rule);
  }
}

void TargetIndex::AddKey(std::uint32_t group, std::string_view text, IndexSearch& search) const {
  by_key_.ForEach(HashKeyOf(group, text), [&](std::uint32_t index) {
    const Key& key = keys_[index];
    if (key.group == group && (*program_)[key.text] == text) AddPostings({key.begin, key.end}, search);
  });
}

void TargetIndex::AddGroup(std::uint32_t index, IndexSearch& search) const {
  const Group& group = groups_[index];
  const Value& value = SlotValue(search.slots, group.slot);
  const SlotAnswer answer = AnswerByKind(group.kind, value.kind);
  if (answer == SlotAnswer::kExcluded) return;
  if (answer == SlotAnswer::kPasses) return AddPostings(group.rules, search);
  if (group.kind == Discriminator::Kind::kEquals) {
    if (search.Charge(value.size / 32)) AddKey(index, value.string(), search);
    return;
  }
  if (!search.Charge(value.size)) return;
  const std::span<const Value> items(value.items, value.size);
  if (HasUntold(items)) return AddPostings(group.rules, search);
  for (const Value& item : items) {
    if (!item.is(Kind::kString)) continue;
    if (!search.Charge(item.size / 32)) return;
    AddKey(index, item.string(), search);
  }
}

void TargetIndex::FindCandidates(std::string_view scope, std::string_view name, IndexSearch& search) const {
  ForEachEntry(scope, name, search.steps_left, [&](const Entry& entry) {
    AddPostings(entry.plain, search);
    AddPostings(entry.checked, search);
    for (std::uint32_t group = entry.groups.begin; group < entry.groups.end; ++group) AddGroup(group, search);
  });
}

void TargetIndex::FindApplying(std::string_view scope, std::string_view name, std::vector<RuleId>& candidates) const {
  std::uint64_t unlimited = ~std::uint64_t{0};
  const auto add = [&](Range range) {
    for (std::uint32_t i = range.begin; i < range.end; ++i) candidates.emplace_back(std::size_t{postings_[i] & ~kHasMore});
  };
  ForEachEntry(scope, name, unlimited, [&](const Entry& entry) {
    add(entry.plain);
    add(entry.checked);
    for (std::uint32_t group = entry.groups.begin; group < entry.groups.end; ++group) add(groups_[group].rules);
  });
}

}  // namespace writ
