// Patterns of selectors, taken apart. GlobMatches is in index.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace writ {

// One piece of a pattern: a byte to be found as it is, `*`, `**`, or `**/` where a segment begins.
struct GlobToken {
  enum class Kind : std::uint8_t { kByte, kStar, kDoubleStar, kFolders };
  Kind kind = Kind::kByte;
  char byte = 0;            // kByte
  bool is_escaped = false;  // kByte: written behind a `\`
};

// Reads a pattern from the front. Runs of more than two stars are one `**`; a `\` with nothing behind it stands for itself. Behind
// `://` stands an authority, which no `**/` skips: there it is a `**` and a `/`.
class GlobReader {
 public:
  explicit GlobReader(std::string_view pattern) : rest_(pattern) {}

  // Puts the next token into `token`; false at the end. O(token).
  bool Next(GlobToken& token) {
    if (rest_.empty()) return false;
    if (rest_.front() == '*') {
      TakeStars(token);
      return true;
    }
    const bool is_escaped = rest_.front() == '\\' && rest_.size() > 1;
    token = {GlobToken::Kind::kByte, rest_[is_escaped ? 1 : 0], is_escaped};
    rest_.remove_prefix(is_escaped ? 2 : 1);
    Remember(token.byte);
    return true;
  }

  // What is left of the pattern.
  std::string_view rest() const { return rest_; }

 private:
  void TakeStars(GlobToken& token) {
    std::size_t stars = 1;
    while (stars < rest_.size() && rest_[stars] == '*') ++stars;
    rest_.remove_prefix(stars);
    const bool begins_segment = last_[2] == '/' && !(last_[1] == '/' && last_[0] == ':');
    token = {stars == 1 ? GlobToken::Kind::kStar : GlobToken::Kind::kDoubleStar};
    if (stars == 1 || !begins_segment || !rest_.starts_with('/')) return Remember(0);
    token.kind = GlobToken::Kind::kFolders;
    rest_.remove_prefix(1);
    last_[1] = 0;  // last_[2] stays: a segment begins behind this token too
  }
  void Remember(char byte) {
    last_[0] = last_[1];
    last_[1] = last_[2];
    last_[2] = byte;
  }

  std::string_view rest_;
  char last_[3] = {0, 0, '/'};  // the bytes before; a pattern begins where a segment does
};

}  // namespace writ
