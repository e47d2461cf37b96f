// Finds all of many strings in one pass over a text. Private to rules/index.
// Source: A. V. Aho, M. J. Corasick, "Efficient string matching", CACM 18(6), 1975.
//
//   AhoCorasick automaton({"\x1fdelete_", "_admin"});
//   std::uint32_t state = AhoCorasick::kRoot;
//   for (char byte : text) {
//     state = automaton.Next(state, byte);
//     automaton.ForEachFound(state, [](std::uint32_t string) { … });
//   }
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace writ {

// Immutable after construction; thread-safe. 21 bytes a state, plus 1 KB for each of at most kMaxRows states near the root.
class AhoCorasick {
 public:
  static constexpr std::uint32_t kRoot = 0;

  AhoCorasick() : AhoCorasick(std::vector<std::string>{}) {}
  // `strings` must be sorted, distinct and not empty strings; string i is reported as i. O(total length).
  explicit AhoCorasick(const std::vector<std::string>& strings);

  // Returns the state after one more byte. O(1) amortised over a text, whatever the strings.
  std::uint32_t Next(std::uint32_t state, char byte) const {
    for (;;) {
      const State& s = states_[state];
      const auto label = static_cast<unsigned char>(byte);
      if (s.row != kNoRow) {
        const std::uint32_t child = rows_[s.row * std::size_t{256} + label];
        if (child != kNone) return child;
      } else if (s.child_count > 0) {
        const unsigned char* labels = labels_.data() + s.first_child;
        const void* found = std::memchr(labels, label, s.child_count);
        if (found != nullptr) return s.first_child + static_cast<std::uint32_t>(static_cast<const unsigned char*>(found) - labels);
      }
      if (state == kRoot) return kRoot;
      state = s.fail;
    }
  }

  // Calls `visit(i)` for each string i that ends at `state`, longest first.
  template <typename Visit>
  void ForEachFound(std::uint32_t state, Visit visit) const {
    for (std::uint32_t at = states_[state].found; at != kNone; at = states_[states_[at].fail].found) visit(states_[at].end);
  }

  std::size_t state_count() const { return states_.size(); }

 private:
  static constexpr std::uint32_t kNone = ~0U;
  static constexpr std::uint16_t kNoRow = 0xFFFF;
  static constexpr std::size_t kMaxRows = 4096;
  static constexpr std::uint32_t kRowFrom = 4;  // children from which a table row beats a search

  struct State {
    std::uint32_t first_child = 0;  // children are consecutive states; labels_[child] is the byte that leads there
    std::uint32_t fail = kRoot;     // the longest proper suffix that is a state
    std::uint32_t found = kNone;    // the first state along the suffixes, this one included, where a string ends
    std::uint32_t end = kNone;      // the string that ends right here
    std::uint16_t child_count = 0;
    std::uint16_t row = kNoRow;  // in rows_
  };

  void BuildTrie(const std::vector<std::string>& strings);
  void BuildRows();
  void BuildSuffixes();

  std::vector<State> states_;          // in breadth-first order
  std::vector<unsigned char> labels_;  // by state
  std::vector<std::uint32_t> rows_;    // 256 children each
};

}  // namespace writ
