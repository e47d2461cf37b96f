// GlobMatches. Idea: a pattern with one kind of star is matched greedily, remembering only the last star (a match that fails
// can be repaired only by letting that star take one byte more). A pattern that mixes '*' and '**' would need two such
// memories and quadratic repair, so it is run as a small automaton instead: the set of pattern positions reachable so far.
// In: `a*c` on "abc", `/x/**/z` on "/x/y/y/z". Out: `a*c` on "a/c", `a\*` on "ab".
// Cost: O(pattern * text) in the worst case, O(pattern + text) for a prefix or suffix with one star. No recursion.
#include "rules/index/glob.h"

#include <array>
#include <memory>
#include <vector>

#include "rules/index/index.h"

namespace writ {
namespace {

using Token = GlobToken::Kind;

// Matches a pattern whose stars are all of `star`'s kind.
bool MatchGreedily(std::string_view pattern, std::string_view text, Token star) {
  std::size_t p = 0, t = 0;
  std::size_t after_star = std::string_view::npos;  // position in the pattern behind the last star
  std::size_t resume = 0;                           // where the text goes on when that star takes what is before
  for (;;) {
    if (p < pattern.size()) {
      const GlobToken token = FrontToken(pattern.substr(p));
      if (token.kind != Token::kByte) {
        p = after_star = p + token.length;
        resume = t;
        if (p == pattern.size() && star == Token::kDoubleStar) return true;
        continue;
      }
      if (t < text.size() && token.byte == text[t]) {
        p += token.length;
        ++t;
        continue;
      }
    } else if (t == text.size()) {
      return true;
    }
    if (after_star == std::string_view::npos || resume >= text.size()) return false;
    if (star == Token::kStar && text[resume] == '/') return false;  // an earlier star cannot cross it either
    t = ++resume;
    p = after_star;
  }
}

constexpr std::size_t kMostTokensOnStack = 512;

// Matches any pattern: `active[i]` says that the first i tokens can match the text so far.
bool RunAutomaton(const GlobToken* tokens, std::size_t count, bool* active, std::string_view text) {
  const auto skip_stars = [&] {
    for (std::size_t i = 0; i < count; ++i) {
      if (active[i] && tokens[i].kind != Token::kByte) active[i + 1] = true;
    }
  };
  for (std::size_t i = 0; i <= count; ++i) active[i] = i == 0;
  skip_stars();
  for (const char byte : text) {
    active[count] = false;
    for (std::size_t i = count; i-- > 0;) {  // from the back: active[i] is still about the text before `byte`
      if (!active[i]) continue;
      const GlobToken& token = tokens[i];
      if (token.kind == Token::kByte) {
        active[i] = false;
        if (token.byte == byte) active[i + 1] = true;
      } else if (token.kind == Token::kStar && byte == '/') {
        active[i] = false;
      }
    }
    skip_stars();
  }
  return active[count];
}

bool MatchMixed(std::string_view pattern, std::string_view text) {
  std::array<GlobToken, kMostTokensOnStack> few;
  std::array<bool, kMostTokensOnStack + 1> few_active;
  std::vector<GlobToken> many;
  std::size_t count = 0;
  for (std::string_view rest = pattern; !rest.empty(); ++count) {
    const GlobToken token = FrontToken(rest);
    rest.remove_prefix(token.length);
    if (count < few.size()) few[count] = token;
    if (count == few.size()) many.assign(few.begin(), few.end());
    if (count >= few.size()) many.push_back(token);
  }
  if (many.empty()) return RunAutomaton(few.data(), count, few_active.data(), text);
  const std::unique_ptr<bool[]> active(new bool[count + 1]);
  return RunAutomaton(many.data(), count, active.get(), text);
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  bool has_star = false, has_double_star = false;
  for (std::string_view rest = pattern; !rest.empty();) {
    const GlobToken token = FrontToken(rest);
    has_star |= token.kind == Token::kStar;
    has_double_star |= token.kind == Token::kDoubleStar;
    rest.remove_prefix(token.length);
  }
  if (has_star && has_double_star) return MatchMixed(pattern, text);
  return MatchGreedily(pattern, text, has_star ? Token::kStar : Token::kDoubleStar);
}

}  // namespace writ
