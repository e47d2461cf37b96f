// Builds a TargetIndex: selectors to entries, entries to tables and automaton, discriminators to groups.
#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

#include "rules/index/glob.h"
#include "rules/index/target_index.h"

namespace writ {
namespace {

constexpr std::size_t kHashFrom = 4;  // rules in a group from which a lookup beats checking them one by one

// The bytes around the halves in the automaton's text: a run that begins with kStart is a prefix of the scope, and so on.
constexpr char kStart = '\x1e', kSeparator = '\x1f', kEnd = '\x1d';

bool IsOnlyFrame(std::string_view run) {
  return std::all_of(run.begin(), run.end(), [](char byte) { return byte == kStart || byte == kSeparator || byte == kEnd; });
}

// Appends the literal bytes of `pattern` to the last of `runs`, beginning a new one at each star.
void AppendRuns(std::string_view pattern, std::vector<std::string>& runs) {
  GlobReader reader(pattern);
  for (GlobToken token; reader.Next(token);) {
    if (token.kind == GlobToken::Kind::kByte) {
      runs.back() += token.byte;
    } else {
      runs.emplace_back();
    }
  }
}

}  // namespace

class TargetIndexBuilder {
 public:
  TargetIndexBuilder(TargetIndex& index, const Program& program, std::vector<IndexedSelector> selectors, std::span<const std::string> names)
      : index_(index), program_(program), selectors_(std::move(selectors)), names_(names) {}

  void Build() {
    CollectEntries();
    BuildTables();
    BuildAutomaton();
    for (std::size_t i = 0; i < index_.entries_.size(); ++i) BuildPostings(index_.entries_[i], selectors_of_[i]);
    index_.groups_.shrink_to_fit();
    index_.keys_.shrink_to_fit();
    index_.postings_.shrink_to_fit();
    index_.by_key_.Reserve(index_.keys_.size());
    for (std::uint32_t i = 0; i < index_.keys_.size(); ++i) {
      index_.by_key_.Insert(TargetIndex::HashKeyOf(index_.keys_[i].group, program_[index_.keys_[i].text]), i);
    }
  }

 private:
  using Half = TargetIndex::Half;
  using Shape = Half::Shape;
  using Entry = TargetIndex::Entry;
  using Range = TargetIndex::Range;
  using Posting = TargetIndex::Posting;
  using Selectors = std::span<const IndexedSelector>;  // of one entry: each rule once, ascending

  std::string_view NameOf(const IndexedSelector& selector) const {
    return names_.empty() ? program_[TextId(selector.name)] : std::string_view(names_[selector.name]);
  }

  void CollectEntries() {
    std::sort(selectors_.begin(), selectors_.end());
    selectors_.erase(std::unique(selectors_.begin(), selectors_.end()), selectors_.end());
    for (Selectors rest = selectors_; !rest.empty();) {
      const IndexedSelector& first = rest.front();
      const auto is_other = [&](const IndexedSelector& each) { return each.scope != first.scope || each.name != first.name; };
      const Selectors same = rest.first(static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), is_other) - rest.begin()));
      index_.entries_.push_back(
          {.scope = ShapeOf(program_[first.scope]), .name = ShapeOf(NameOf(first)), .plain = {}, .checked = {}, .groups = {}});
      selectors_of_.push_back(same);
      rest = rest.subspan(same.size());
    }
    index_.entries_.shrink_to_fit();
  }

  static Half MakeHalf(std::string_view text, Shape shape) { return {text.data(), static_cast<std::uint32_t>(text.size()), shape}; }

  Half ShapeOf(std::string_view pattern) {
    bool has_byte = false, has_star = false, has_double_star = false;
    GlobReader reader(pattern);
    for (GlobToken token; reader.Next(token);) {
      has_byte |= token.kind == GlobToken::Kind::kByte || token.kind == GlobToken::Kind::kFolders;
      has_star |= token.kind == GlobToken::Kind::kStar;
      has_double_star |= token.kind == GlobToken::Kind::kDoubleStar || token.kind == GlobToken::Kind::kFolders;
    }
    if (!has_star && !has_double_star) return MakeHalf(LiteralText(pattern), Shape::kLiteral);
    if (has_byte) return MakeHalf(pattern, Shape::kPattern);
    return MakeHalf({}, has_double_star ? Shape::kDoubleStar : Shape::kStar);
  }

  std::string_view LiteralText(std::string_view pattern) {
    if (pattern.find('\\') == std::string_view::npos) return pattern;
    std::vector<std::string> runs(1);
    AppendRuns(pattern, runs);
    return index_.unescaped_.emplace_back(std::move(runs.front()));
  }

  enum class Way : std::uint8_t { kBoth, kScope, kName, kAlways, kAutomaton };

  static Way WayTo(const Entry& entry) {
    const auto is_any = [](const Half& half) { return half.shape == Shape::kStar || half.shape == Shape::kDoubleStar; };
    const bool scope_literal = entry.scope.shape == Shape::kLiteral, name_literal = entry.name.shape == Shape::kLiteral;
    if (scope_literal && name_literal) return Way::kBoth;
    if (scope_literal && is_any(entry.name)) return Way::kScope;
    if (is_any(entry.scope) && name_literal) return Way::kName;
    return is_any(entry.scope) && is_any(entry.name) ? Way::kAlways : Way::kAutomaton;
  }

  void BuildTables() {
    std::map<Way, std::size_t> counts;
    for (const Entry& entry : index_.entries_) ++counts[WayTo(entry)];
    index_.by_both_.Reserve(counts[Way::kBoth]);
    index_.by_scope_.Reserve(counts[Way::kScope]);
    index_.by_name_.Reserve(counts[Way::kName]);
    for (std::uint32_t i = 0; i < index_.entries_.size(); ++i) {
      const Entry& entry = index_.entries_[i];
      switch (WayTo(entry)) {
        case Way::kBoth: index_.by_both_.Insert(TargetIndex::HashPair(entry.scope.text(), entry.name.text()), i); break;
        case Way::kScope: index_.by_scope_.Insert(HashBytes(entry.scope.text()), i); break;
        case Way::kName: index_.by_name_.Insert(HashBytes(entry.name.text()), i); break;
        case Way::kAlways: index_.always_.push_back(i); break;
        case Way::kAutomaton: automaton_entries_.push_back(i); break;
      }
    }
  }

  // The literal runs of a selector, framed. "slack" "delete_*" gives "\x1eslack\x1fdelete_" and "\x1d".
  std::vector<std::string> RunsOf(std::uint32_t entry) const {
    const IndexedSelector& selector = selectors_of_[entry].front();
    std::vector<std::string> runs = {std::string(1, kStart)};
    AppendRuns(program_[selector.scope], runs);
    runs.back() += kSeparator;
    AppendRuns(NameOf(selector), runs);
    runs.back() += kEnd;
    std::vector<std::string> telling;
    std::copy_if(runs.begin(), runs.end(), std::back_inserter(telling), [](const std::string& run) { return !IsOnlyFrame(run); });
    return telling.empty() ? std::vector<std::string>{runs.front()} : telling;  // empty: a pattern of nothing but such bytes
  }

  void BuildAutomaton() {
    std::unordered_map<std::string, std::uint32_t> frequency;  // entries that have the run
    for (const std::uint32_t entry : automaton_entries_) {
      for (const std::string& run : RunsOf(entry)) ++frequency[run];
    }
    std::vector<std::pair<std::string, std::uint32_t>> chosen;  // run, entry
    for (const std::uint32_t entry : automaton_entries_) {
      std::vector<std::string> runs = RunsOf(entry);
      const auto best = std::min_element(runs.begin(), runs.end(), [&](const std::string& a, const std::string& b) {
        const std::uint32_t fa = frequency[a], fb = frequency[b];
        return fa != fb ? fa < fb : a.size() > b.size();
      });
      chosen.emplace_back(std::move(*best), entry);
    }
    std::sort(chosen.begin(), chosen.end());
    std::vector<std::string> strings;
    for (auto& [run, entry] : chosen) {
      const auto at = static_cast<std::uint32_t>(index_.automaton_entries_.size());
      if (strings.empty() || strings.back() != run) {
        strings.push_back(std::move(run));
        index_.run_entries_.push_back({at, at});
      }
      index_.automaton_entries_.push_back(entry);
      ++index_.run_entries_.back().end;
    }
    index_.automaton_ = AhoCorasick(strings);
  }

  Range Append(const std::vector<Posting>& postings) {
    const auto begin = static_cast<std::uint32_t>(index_.postings_.size());
    index_.postings_.insert(index_.postings_.end(), postings.begin(), postings.end());
    return {begin, static_cast<std::uint32_t>(index_.postings_.size())};
  }

  using GroupKey = std::pair<Discriminator::Kind, SlotId>;
  struct Found {  // a rule and the discriminator that it is found by
    std::uint32_t rule;
    const Discriminator* by;
  };

  std::span<const Discriminator> DiscriminatorsOf(RuleId rule) const { return program_[program_.details(rule).discriminators]; }

  void BuildPostings(Entry& entry, Selectors selectors) {
    std::vector<Posting> plain, checked;
    std::vector<RuleId> discriminated;
    for (const IndexedSelector& selector : selectors) {
      if (DiscriminatorsOf(selector.rule).empty())
        plain.push_back(selector.rule.index);
      else
        discriminated.push_back(selector.rule);
    }
    entry.plain = Append(plain);
    entry.groups.begin = static_cast<std::uint32_t>(index_.groups_.size());
    for (const auto& [key, found] : Choose(discriminated)) {
      const bool is_small = found.size() < kHashFrom && std::all_of(found.begin(), found.end(), [](const Found& item) {
                              return item.by->strings.count <= TargetIndex::kMostStringsChecked;
                            });
      if (!is_small) {
        BuildGroup(key, found);
        continue;
      }
      for (const Found& item : found) checked.push_back(item.rule | TargetIndex::kHasMore);
    }
    entry.groups.end = static_cast<std::uint32_t>(index_.groups_.size());
    entry.checked = Append(checked);
  }

  // Chooses for each rule the discriminator whose most frequent string fewest rules of the entry share.
  std::map<GroupKey, std::vector<Found>> Choose(const std::vector<RuleId>& rules) const {
    std::map<GroupKey, std::unordered_map<TextId, std::uint32_t>> frequency;
    for (const RuleId rule : rules) {
      for (const Discriminator& discriminator : DiscriminatorsOf(rule)) {
        auto& counts = frequency[{discriminator.kind, discriminator.slot}];
        for (const TextId text : program_[discriminator.strings]) ++counts[text];
      }
    }
    std::map<GroupKey, std::vector<Found>> groups;
    for (const RuleId rule : rules) {
      const Discriminator* best = nullptr;
      std::uint32_t best_frequency = 0;
      for (const Discriminator& discriminator : DiscriminatorsOf(rule)) {
        const auto& counts = frequency[{discriminator.kind, discriminator.slot}];
        std::uint32_t most = 0;
        for (const TextId text : program_[discriminator.strings]) most = std::max(most, counts.at(text));
        if (best == nullptr || most < best_frequency) {
          best = &discriminator;
          best_frequency = most;
        }
      }
      groups[{best->kind, best->slot}].push_back({rule.index, best});
    }
    return groups;
  }

  void BuildGroup(const GroupKey& key, const std::vector<Found>& found) {
    const auto group = static_cast<std::uint32_t>(index_.groups_.size());
    std::vector<Posting> all;
    std::map<TextId, std::vector<Posting>> by_text;
    for (const Found& item : found) {
      const bool has_more = DiscriminatorsOf(RuleId(item.rule)).size() > 1;
      const Posting posting = item.rule | (has_more ? TargetIndex::kHasMore : 0);
      all.push_back(posting);
      for (const TextId text : program_[item.by->strings]) {
        std::vector<Posting>& postings = by_text[text];
        if (postings.empty() || postings.back() != posting) postings.push_back(posting);
      }
    }
    const auto begin = static_cast<std::uint32_t>(index_.postings_.size());
    for (const auto& [text, postings] : by_text) {
      const Range range = Append(postings);
      index_.keys_.push_back({text, group, range.begin, range.end});
    }
    // Where each rule has one string, the keys' postings are all rules.
    const auto end = static_cast<std::uint32_t>(index_.postings_.size());
    index_.groups_.push_back({.slot = key.second, .kind = key.first, .rules = end - begin == all.size() ? Range{begin, end} : Append(all)});
  }

  TargetIndex& index_;
  const Program& program_;
  std::vector<IndexedSelector> selectors_;        // sorted
  std::span<const std::string> names_;            // of selectors; empty: they are the program's
  std::vector<Selectors> selectors_of_;           // by entry
  std::vector<std::uint32_t> automaton_entries_;  // entries that only the automaton finds
};

TargetIndex::TargetIndex(const Program& program, std::vector<IndexedSelector> selectors, std::span<const std::string> names)
    : program_(&program) {
  TargetIndexBuilder(*this, program, std::move(selectors), names).Build();
}

}  // namespace writ
