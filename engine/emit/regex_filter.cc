// Words of a regular expression as tables; see regex_filter.h.
#include "engine/emit/regex_filter.h"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <string>
#include <vector>

namespace writ {
namespace {

constexpr std::size_t kLeastWordBytes = 2;
// With more words than bits a place is more often taken for the begin of one than not.
constexpr std::size_t kMaxWords = 128;

// Returns where the class that begins at `at` ends: behind its bracket.
std::size_t SkipClass(std::string_view pattern, std::size_t at) {
  at += pattern.substr(at, 2) == "[^" ? 2 : 1;
  if (at < pattern.size() && pattern[at] == ']') ++at;  // the first one is a member
  while (at < pattern.size() && pattern[at] != ']') {
    const std::size_t end = pattern.substr(at, 2) == "[:" ? pattern.find(":]", at) : std::string_view::npos;
    at = end != std::string_view::npos ? end + 2 : at + (pattern[at] == '\\' ? 2 : 1);
  }
  return at + 1;
}

// Returns `a`, `b|c` as "(?i)a" and "(?i)(b|c)" from "(?i)a|(b|c)": RE2 finds more words in each
// than in all, where it has put common beginnings together. Where flags or quotes stand in other
// places the pattern stays whole.
std::vector<std::string> Alternatives(std::string_view pattern) {
  const std::string_view flags = pattern.starts_with("(?i)") ? pattern.substr(0, 4) : "";
  std::vector<std::string> found(1, std::string(flags));
  std::size_t depth = 0;
  for (std::size_t at = flags.size(); at < pattern.size();) {
    const std::size_t begin = at;
    const bool is_group = pattern.substr(at, 2) == "(?";
    if (pattern.substr(at, 2) == "\\Q" || (is_group && pattern.substr(at, 3) != "(?:" && pattern.substr(at, 4) != "(?i:"))
      return {std::string(pattern)};
    depth += pattern[at] == '(' ? 1 : 0;
    depth -= pattern[at] == ')' && depth > 0 ? 1 : 0;
    if (pattern[at] == '|' && depth == 0) {
      found.emplace_back(flags);
      ++at;
      continue;
    }
    at = pattern[at] == '[' ? SkipClass(pattern, at) : at + (pattern[at] == '\\' ? 2 : 1);
    found.back().append(pattern.substr(begin, at - begin));
  }
  return found;
}

// Returns the words of which a matching text has at least one, in lower case; none when there are
// no such words.
std::vector<std::string> WordsOf(const RE2& regex) {
  re2::FilteredRE2 filter(static_cast<int>(kLeastWordBytes));
  for (const std::string& alternative : Alternatives(regex.pattern())) {
    int id = 0;
    if (filter.Add(alternative, regex.options(), &id) != RE2::NoError) return {};
  }
  std::vector<std::string> words;
  filter.Compile(&words);
  std::vector<int> without_words;
  filter.AllPotentials({}, &without_words);
  return without_words.empty() ? words : std::vector<std::string>();
}

void AddByte(std::array<std::uint64_t, 256>& table, char byte, std::uint64_t bit) {
  table[static_cast<unsigned char>(byte)] |= bit;
  if (byte >= 'a' && byte <= 'z') table[static_cast<unsigned char>(byte - 'a' + 'A')] |= bit;
}

}  // namespace

std::unique_ptr<const RegexFilter> RegexFilter::TryMake(const RE2& regex) {
  const std::vector<std::string> words = WordsOf(regex);
  const auto is_short = [](const std::string& word) { return word.size() < kLeastWordBytes; };
  if (words.empty() || words.size() > kMaxWords || std::any_of(words.begin(), words.end(), is_short)) return nullptr;
  auto filter = std::make_unique<RegexFilter>();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i % 64;
    AddByte(filter->first_, words[i][0], bit);
    AddByte(filter->second_, words[i][1], bit);
    if (words[i].size() > 2) {
      AddByte(filter->third_, words[i][2], bit);
    } else {
      for (std::uint64_t& words_of_byte : filter->third_) words_of_byte |= bit;
    }
  }
  return filter;
}

bool RegexFilter::MayMatch(std::string_view text) const {
  // Behind the text stands a byte that only words of two bytes have.
  std::uint64_t begins = 0;
  std::size_t high = 0, before = 0, at = 0;  // bytes, as wide as an index: nothing is widened in the loop
  for (const char next : text) {
    const std::size_t byte = static_cast<unsigned char>(next);
    begins |= first_[before] & second_[at] & third_[byte];
    high |= byte;
    before = at;
    at = byte;
  }
  begins |= first_[before] & second_[at] & third_[0];
  return begins != 0 || high >= 0x80;
}

}  // namespace writ
