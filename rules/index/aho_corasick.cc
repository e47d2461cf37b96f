#include "rules/index/aho_corasick.h"

#include "rules/base/check.h"

namespace writ {

AhoCorasick::AhoCorasick(const std::vector<std::string>& strings) {
  BuildTrie(strings);
  BuildRows();
  BuildSuffixes();
}

// Breadth first over ranges of the sorted strings: the strings [begin, end) share their first `depth` bytes, which lead to one
// state. Every byte of every string is looked at once.
void AhoCorasick::BuildTrie(const std::vector<std::string>& strings) {
  struct Range {
    std::uint32_t begin, end;
  };
  std::vector<Range> level = {{0, static_cast<std::uint32_t>(strings.size())}}, next_level;
  states_.emplace_back();
  labels_.push_back(0);
  std::size_t state = 0;  // the state of level[i]; states of one level are consecutive
  for (std::size_t depth = 0; !level.empty(); ++depth) {
    next_level.clear();
    for (Range range : level) {
      if (range.begin < range.end && strings[range.begin].size() == depth) {  // sorted: the one that ends here comes first
        WRIT_CHECK(depth > 0);
        states_[state].end = range.begin++;
      }
      states_[state].first_child = static_cast<std::uint32_t>(states_.size());
      while (range.begin < range.end) {
        const char byte = strings[range.begin][depth];
        std::uint32_t end = range.begin;
        while (end < range.end && strings[end][depth] == byte) ++end;
        next_level.push_back({range.begin, end});
        states_.emplace_back();
        labels_.push_back(static_cast<unsigned char>(byte));
        ++states_[state].child_count;
        range.begin = end;
      }
      ++state;
    }
    level.swap(next_level);
  }
}

void AhoCorasick::BuildRows() {
  for (std::size_t i = 0; i < states_.size() && rows_.size() < kMaxRows * 256; ++i) {
    State& state = states_[i];
    if (i != kRoot && state.child_count < kRowFrom) continue;
    state.row = static_cast<std::uint16_t>(rows_.size() / 256);
    rows_.resize(rows_.size() + 256, kNone);
    for (std::uint32_t child = state.first_child; child < state.first_child + state.child_count; ++child) {
      rows_[state.row * std::size_t{256} + labels_[child]] = child;
    }
  }
}

void AhoCorasick::BuildSuffixes() {
  for (std::uint32_t parent = 0; parent < states_.size(); ++parent) {
    State& state = states_[parent];
    state.found = state.end != kNone ? parent : (parent == kRoot ? kNone : states_[state.fail].found);
    for (std::uint32_t child = state.first_child; child < state.first_child + state.child_count; ++child) {
      states_[child].fail = parent == kRoot ? kRoot : Next(state.fail, static_cast<char>(labels_[child]));
    }
  }
}

}  // namespace writ
