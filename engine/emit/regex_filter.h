// Says of most texts that a regular expression cannot match them, without running it.
//
// Idea: RE2 finds the words of which a matching text has at least one (its FilteredRE2): of
// `(?i)pass|token=.*x` these are "pass" and "token=". The filter looks for the first three bytes of
// each (or two), in any case of letters, with three tables of a bit a word: a word may begin at
// byte i when its bit is in first[text[i]], in second[text[i + 1]] and in third[text[i + 2]]. The
// looks at different places do not wait for each other, which is why this beats an automaton.
//
// Sixteen places at once are looked at with coarser tables first, where the machine can: of the two
// halves of a byte, the eighths of all words that may have it (the idea is that of Teddy, in
// Intel's Hyperscan). Only places that pass are looked at with the exact tables.
//
//   in:  texts in ASCII; patterns that want a word of two bytes or more
//   out: other texts may always match. (Letters that are no ASCII have cases that are: ſ is an s.)
//
// Cost: 16 bytes of text are 30 instructions, or 96 where the machine has no byte shuffle; 6 KB a
// pattern. A decision over a review of 9 KB takes half the time by it (bench/workloads.py,
// review-9KB).
#pragma once

#include <re2/re2.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace writ {

// Immutable, thread-safe.
class RegexFilter {
 public:
  // Returns nullptr when `regex` wants no words. Requires: ok(). Takes about as long as compiling
  // it.
  static std::unique_ptr<const RegexFilter> TryMake(const RE2& regex);

  // False: the regular expression matches nothing in `text`. O(text).
  bool MayMatch(std::string_view text) const;

 private:
  using Table = std::array<std::uint64_t, 256>;  // by byte: the words that may have it there; word i is bit i % 64
  // By half of a byte: the eighths of the words that may have it there.
  struct Halves {
    alignas(16) std::array<std::uint8_t, 16> low = {}, high = {};
  };
  static constexpr std::size_t kBytes = 3;  // of a word that are looked for

  void AddByte(std::size_t position, char byte, std::size_t word, std::size_t word_count);
  bool MayBegin(const char* place) const;
  bool MayMatchOneByOne(std::string_view text) const;
  bool MayMatchBySixteen(std::string_view text) const;

  std::array<Table, kBytes> exact_ = {};
  std::array<Halves, kBytes> halves_ = {};
  bool has_byte_shuffle_ = false;
};

}  // namespace writ
