// Recognises dialects of patterns by their characters, and says how to write the same here.
#include "dsl/check/foreign_pattern.h"

#include <algorithm>
#include <cctype>

namespace writ::dsl {
namespace {

bool IsLetterOrDigit(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
std::string Quote(std::string_view text) { return "`" + std::string(text) + "`"; }

// The alternatives of `a{b,c}d` as patterns of their own: "`abd`, `acd`".
std::string Alternatives(std::string_view before, std::string_view inner, char separator, std::string_view behind) {
  std::string text;
  for (;;) {
    const std::size_t end = inner.find(separator);
    text += (text.empty() ? "" : ", ") + Quote(std::string(before) + std::string(inner.substr(0, end)) + std::string(behind));
    if (end == std::string_view::npos) return text;
    inner.remove_prefix(end + 1);
  }
}

// The pattern with each `{id}` as `*`.
std::string WithStars(std::string_view pattern) {
  std::string text;
  for (;;) {
    const std::size_t begin = pattern.find('{'), end = pattern.find('}', begin);
    if (begin == std::string_view::npos || end == std::string_view::npos) return text += pattern;
    text.append(pattern.substr(0, begin)).append("*");
    pattern.remove_prefix(end + 1);
  }
}

ForeignPart Braces(std::string_view pattern, std::size_t at) {
  const std::size_t end = pattern.find('}', at);
  if (pattern[at] == '}' || end == std::string_view::npos) return {Quote(pattern.substr(at, 1)), "write `*` for any text"};
  const std::string_view before = pattern.substr(0, at), inner = pattern.substr(at + 1, end - at - 1), behind = pattern.substr(end + 1);
  const std::string what = Quote(pattern.substr(at, end + 1 - at));
  if (inner.find(',') != std::string_view::npos) return {what, "write one pattern for each: " + Alternatives(before, inner, ',', behind)};
  return {what, "write `*` for any text in a segment: " + Quote(WithStars(pattern))};
}

ForeignPart Brackets(std::string_view pattern, std::size_t at) {
  const std::size_t end = pattern.find(']', at);
  const std::size_t size = pattern[at] == '[' && end != std::string_view::npos ? end + 1 - at : 1;
  return {Quote(pattern.substr(at, size)), "write one pattern for each character, or `*` for any text"};
}

// `?name=` in a URI.
bool IsQuery(std::string_view pattern, std::size_t at) {
  std::size_t end = at + 1;
  while (end < pattern.size() && (IsLetterOrDigit(pattern[end]) || std::string_view("_-.").find(pattern[end]) != std::string_view::npos))
    ++end;
  return end > at + 1 && end < pattern.size() && pattern[end] == '=';
}

// Brackets right behind `://` or `@`, around nothing but what addresses are made of.
bool IsAddress(std::string_view pattern, std::size_t at) {
  const std::size_t begin = pattern.rfind('[', at), end = pattern.find(']', at);
  if (begin == std::string_view::npos || end == std::string_view::npos) return false;
  const std::string_view before = pattern.substr(0, begin), inner = pattern.substr(begin + 1, end - begin - 1);
  return (before.ends_with("://") || before.ends_with('@')) && inner.find(':') != std::string_view::npos;
}

std::optional<ForeignPart> PartAt(std::string_view pattern, std::size_t at, bool is_uri) {
  const std::string_view one = pattern.substr(at, 1);
  switch (pattern[at]) {
    case '{':
    case '}': return Braces(pattern, at);
    case '[':
    case ']':
      if (is_uri && IsAddress(pattern, at)) return std::nullopt;
      return Brackets(pattern, at);
    case '?':
      if (is_uri && IsQuery(pattern, at)) return std::nullopt;
      return ForeignPart{Quote(one), "write `*`: there is no pattern for one character"};
    case '|': return ForeignPart{Quote(one), "write one pattern for each: " + Alternatives("", pattern, '|', "")};
    case '^':
    case '$': return ForeignPart{Quote(one), "leave it away: a pattern matches all of a name"};
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<ForeignPart> FindForeignPart(std::string_view pattern, Target target) {
  if (pattern.size() > 1 && pattern.front() == '/' && pattern.back() == '/' && pattern != "//") {
    return ForeignPart{"a pattern between `/`", "a pattern is not a regular expression: leave the `/` away and write `*` for any text"};
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      ++i;
      if (IsLetterOrDigit(pattern[i])) return ForeignPart{Quote(pattern.substr(i - 1, 2)), "write `*` for any text in a segment"};
      continue;
    }
    if (std::optional<ForeignPart> part = PartAt(pattern, i, target == Target::kResources)) return part;
  }
  return std::nullopt;
}

std::optional<ForeignPart> FindForeignPointerPart(std::string_view pointer) {
  const std::size_t stars = pointer.find("**"), bracket = pointer.find('['), root = pointer.find("$.");
  if (stars != std::string_view::npos)
    return ForeignPart{"`**`", "write `*` for any element, and one pointer for each depth: `/a/*/x`, `/a/*/*/x`"};
  if (bracket != std::string_view::npos && pointer.find(']', bracket) != std::string_view::npos) {
    return ForeignPart{Quote(pointer.substr(bracket, pointer.find(']', bracket) + 1 - bracket)),
                       "write a segment of its own: `/a/*/x`, `/a/0/x`"};
  }
  if (root != std::string_view::npos) return ForeignPart{"`$.`", "a pointer begins at the result, with `/`"};
  return std::nullopt;
}

}  // namespace writ::dsl
