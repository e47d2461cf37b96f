// Words of a regular expression as tables; see regex_filter.h.
#include "engine/emit/regex_filter.h"

#include <re2/filtered_re2.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <string>
#include <vector>

namespace writ {
namespace {

constexpr std::size_t kLeastWordBytes = 2;
// With more words than bits a place is more often taken for the begin of one than not.
constexpr std::size_t kMaxWords = 128;

// Places that are looked at together.
constexpr std::size_t kAtOnce = 16;

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

#if defined(__x86_64__)
#define WRIT_BYTE_SHUFFLE [[gnu::target("ssse3")]]

__m128i Load(const void* bytes) { return _mm_loadu_si128(static_cast<const __m128i*>(bytes)); }

// Returns the words that may have each of the 16 bytes, by tables of their halves. Of bytes from
// 0x80 on none.
WRIT_BYTE_SHUFFLE __m128i WordsOf(const std::uint8_t* low, const std::uint8_t* high, __m128i bytes) {
  const __m128i upper = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(0x0F));
  return _mm_and_si128(_mm_shuffle_epi8(Load(low), bytes), _mm_shuffle_epi8(Load(high), upper));
}
#endif

}  // namespace

std::unique_ptr<const RegexFilter> RegexFilter::TryMake(const RE2& regex) {
  std::vector<std::string> words = WordsOf(regex);
  const auto is_short = [](const std::string& word) { return word.size() < kLeastWordBytes; };
  if (words.empty() || words.size() > kMaxWords || std::any_of(words.begin(), words.end(), is_short)) return nullptr;
  std::sort(words.begin(), words.end());  // words of one eighth have their first bytes in common
  auto filter = std::make_unique<RegexFilter>();
#if defined(__x86_64__)
  filter->has_byte_shuffle_ = __builtin_cpu_supports("ssse3") != 0;
#endif
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::size_t position = 0; position < std::min(words[i].size(), kBytes); ++position) {
      const char byte = words[i][position];
      filter->AddByte(position, byte, i, words.size());
      if (byte >= 'a' && byte <= 'z') filter->AddByte(position, static_cast<char>(byte - 'a' + 'A'), i, words.size());
    }
    for (int any = 0; words[i].size() < kBytes && any < 256; ++any) filter->AddByte(kBytes - 1, static_cast<char>(any), i, words.size());
  }
  return filter;
}

void RegexFilter::AddByte(std::size_t position, char byte, std::size_t word, std::size_t word_count) {
  constexpr std::size_t kEighths = 8;
  const auto number = static_cast<unsigned char>(byte);
  const auto eighth = static_cast<std::uint8_t>(1U << word * kEighths / word_count);
  exact_[position][number] |= std::uint64_t{1} << word % 64;
  halves_[position].low[number % 16] |= eighth;
  halves_[position].high[number / 16] |= eighth;
}

bool RegexFilter::MayMatch(std::string_view text) const {
#if defined(__x86_64__)
  if (has_byte_shuffle_ && text.size() >= kAtOnce + kBytes - 1) return MayMatchBySixteen(text);
#endif
  return MayMatchOneByOne(text);
}

bool RegexFilter::MayMatchOneByOne(std::string_view text) const {
  // Behind the text stands a byte that only words of two bytes have.
  std::uint64_t begins = 0;
  std::size_t high = 0, before = 0, at = 0;  // bytes, as wide as an index: nothing is widened in the loop
  for (const char next : text) {
    const std::size_t byte = static_cast<unsigned char>(next);
    begins |= exact_[0][before] & exact_[1][at] & exact_[2][byte];
    high |= byte;
    before = at;
    at = byte;
  }
  begins |= exact_[0][before] & exact_[1][at] & exact_[2][0];
  return begins != 0 || high >= 0x80;
}

// Requires: three bytes.
bool RegexFilter::MayBegin(const char* place) const {
  const auto byte = [place](std::size_t position) { return static_cast<unsigned char>(place[position]); };
  return (exact_[0][byte(0)] & exact_[1][byte(1)] & exact_[2][byte(2)]) != 0;
}

#if defined(__x86_64__)
// Requires: has_byte_shuffle_, and the bytes that 16 places want.
WRIT_BYTE_SHUFFLE bool RegexFilter::MayMatchBySixteen(std::string_view text) const {
  const std::size_t last = text.size() - (kAtOnce + kBytes - 1);  // the last place from which 16 can be looked at
  __m128i all = _mm_setzero_si128();
  for (std::size_t at = 0;; at = std::min(at + kAtOnce, last)) {
    const char* const place = text.data() + at;
    const __m128i first = Load(place), second = Load(place + 1), third = Load(place + 2);
    all = _mm_or_si128(all, _mm_or_si128(first, third));
    const __m128i words = _mm_and_si128(_mm_and_si128(WordsOf(halves_[0].low.data(), halves_[0].high.data(), first),
                                                      WordsOf(halves_[1].low.data(), halves_[1].high.data(), second)),
                                        WordsOf(halves_[2].low.data(), halves_[2].high.data(), third));
    unsigned begins = 0xFFFFU ^ static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(words, _mm_setzero_si128())));
    for (; begins != 0; begins &= begins - 1) {
      if (MayBegin(place + __builtin_ctz(begins))) return true;
    }
    if (at == last) break;
  }
  const std::string_view end = text.substr(text.size() - 2);  // where only a word of two bytes can begin
  return _mm_movemask_epi8(all) != 0 || MayMatchOneByOne(end);
}
#endif

}  // namespace writ
