// GlobMatches. Idea: a pattern without `*` is matched greedily, remembering only the last `**` or `**/` (a match that fails can be
// repaired only by letting that one take more: a byte, or a folder); so is a pattern whose only stars are `*`. A pattern that mixes
// `*` with the others would need two such memories and quadratic repair, so it is run as a small automaton instead: the set of
// pattern positions reachable so far.
// In: `a*c` on "abc", `/x/**/z` on "/x/z" and "/x/y/y/z". Out: `a*c` on "a/c", `a\*` on "ab", `/x/**/z` on "/x/yz".
// Cost: O(pattern * text) in the worst case, O(pattern + text) for a prefix or suffix with one star. No recursion.
#include "rules/index/glob.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "rules/index/index.h"

namespace writ {
namespace {

using Token = GlobToken::Kind;

// The last star met: how the match goes on when it takes more of the text.
struct Resume {
  Token star = Token::kByte;
  GlobReader behind{""};
  std::size_t at = 0;  // of the text
};

// Lets the star take a byte or a folder more. Returns false when it cannot.
bool TakeMore(Resume& resume, std::string_view text) {
  if (resume.star == Token::kByte || resume.at >= text.size()) return false;
  if (resume.star == Token::kFolders) {
    const std::size_t slash = text.find('/', resume.at);
    if (slash == std::string_view::npos) return false;
    resume.at = slash + 1;
    return true;
  }
  return text[resume.at++] != '/' || resume.star == Token::kDoubleStar;  // an earlier `*` cannot cross the `/` either
}

// Matches a pattern whose stars are all `*`, or all others.
bool MatchGreedily(std::string_view pattern, std::string_view text) {
  GlobReader reader(pattern);
  Resume resume;
  std::size_t t = 0;
  for (;;) {
    GlobToken token;
    const bool has_token = reader.Next(token);
    if (has_token && token.kind != Token::kByte) {
      resume = {token.kind, reader, t};
      if (reader.rest().empty() && token.kind == Token::kDoubleStar) return true;
      continue;
    }
    if (has_token && t < text.size() && token.byte == text[t]) {
      ++t;
      continue;
    }
    if (!has_token && t == text.size()) return true;
    if (!TakeMore(resume, text)) return false;
    reader = resume.behind;
    t = resume.at;
  }
}

constexpr std::size_t kMostTokensOnStack = 512;

// A step of the automaton. `**/` is two: the place before it, which may be skipped, and the inside of its folders.
enum class Step : std::uint8_t { kByte, kStar, kDoubleStar, kFolders, kInFolders };
struct Place {
  Step step = Step::kByte;
  char byte = 0;
};

// Matches any pattern: `active[i]` says that the first i steps can match the text so far.
bool RunAutomaton(const Place* places, std::size_t count, bool* active, std::string_view text) {
  const auto skip_stars = [&] {
    for (std::size_t i = 0; i < count; ++i) {
      if (!active[i] || places[i].step == Step::kByte || places[i].step == Step::kInFolders) continue;
      active[i + 1] = true;
      if (places[i].step == Step::kFolders) active[i + 2] = true;
    }
  };
  for (std::size_t i = 0; i <= count; ++i) active[i] = i == 0;
  skip_stars();
  for (const char byte : text) {
    active[count] = false;
    for (std::size_t i = count; i-- > 0;) {  // from the back: active[i] is still about the text before `byte`
      if (!active[i]) continue;
      switch (places[i].step) {
        case Step::kByte:
          active[i] = false;
          if (places[i].byte == byte) active[i + 1] = true;
          break;
        case Step::kStar: active[i] = byte != '/'; break;
        case Step::kDoubleStar: break;
        case Step::kFolders: active[i] = false; break;
        case Step::kInFolders:
          if (byte == '/') active[i + 1] = true;
          break;
      }
    }
    skip_stars();
  }
  return active[count];
}

bool MatchMixed(std::string_view pattern, std::string_view text) {
  std::array<Place, kMostTokensOnStack> few;
  std::array<bool, kMostTokensOnStack + 1> few_active;
  std::vector<Place> many;
  std::size_t count = 0;
  const auto add = [&](Place place) {
    if (count < few.size()) few[count] = place;
    if (count == few.size()) many.assign(few.begin(), few.end());
    if (count >= few.size()) many.push_back(place);
    ++count;
  };
  GlobReader reader(pattern);
  for (GlobToken token; reader.Next(token);) {
    switch (token.kind) {
      case Token::kByte: add({Step::kByte, token.byte}); break;
      case Token::kStar: add({Step::kStar}); break;
      case Token::kDoubleStar: add({Step::kDoubleStar}); break;
      case Token::kFolders:
        add({Step::kFolders});
        add({Step::kInFolders});
        break;
    }
  }
  if (many.empty()) return RunAutomaton(few.data(), count, few_active.data(), text);
  const std::unique_ptr<bool[]> active(new bool[count + 1]);
  return RunAutomaton(many.data(), count, active.get(), text);
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text) {
  bool has_star = false, has_other = false;
  GlobReader reader(pattern);
  for (GlobToken token; reader.Next(token);) {
    has_star |= token.kind == Token::kStar;
    has_other |= token.kind == Token::kDoubleStar || token.kind == Token::kFolders;
  }
  return has_star && has_other ? MatchMixed(pattern, text) : MatchGreedily(pattern, text);
}

}  // namespace writ
