// The header `Link`. Source: RFC 8288 §3: links = *( "," / "<" target ">" *( ";" name [ "=" ( token / quoted ) ] ) )
#include "webhook/image/registry/link_header.h"

#include <algorithm>

#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

constexpr std::string_view kBlanks = " \t";

Error Bad() { return Error{ErrorCode::kInvalidArgument, "the header Link is outside its grammar"}; }

void SkipBlanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size())); }

bool TrySkip(std::string_view& text, char letter) {
  SkipBlanks(text);
  if (!text.starts_with(letter)) return false;
  text.remove_prefix(1);
  SkipBlanks(text);
  return true;
}

std::string_view TakeUntil(std::string_view& text, std::string_view ends) {
  const std::string_view taken = text.substr(0, text.find_first_of(ends));
  text.remove_prefix(taken.size());
  return taken;
}

// A relation type may be one of several between quotation marks.
bool HasNext(std::string_view relations) {
  while (!relations.empty()) {
    SkipBlanks(relations);
    if (EqualsFold(TakeUntil(relations, kBlanks), "next")) return true;
  }
  return false;
}

// Reads `; name=value` parameters; `is_next` becomes true at rel=next.
Status ReadParameters(std::string_view& text, bool& is_next) {
  while (TrySkip(text, ';')) {
    const std::string_view name = TakeUntil(text, "=;, \t");
    if (!TrySkip(text, '=')) continue;
    std::string_view value;
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      value = TakeUntil(text, "\"");
      if (!TrySkip(text, '"')) return Bad();
    } else {
      value = TakeUntil(text, ";, \t");
    }
    if (EqualsFold(name, "rel") && HasNext(value)) is_next = true;
  }
  return OkStatus();
}

}  // namespace

Result<std::optional<std::string>> FindNextLink(std::string_view header) {
  while (TrySkip(header, ',')) {}
  while (!header.empty()) {
    if (!TrySkip(header, '<')) return Bad();
    const std::string target(TakeUntil(header, ">"));
    if (!TrySkip(header, '>')) return Bad();
    bool is_next = false;
    WRIT_RETURN_IF_ERROR(ReadParameters(header, is_next));
    if (is_next) return std::optional(target);
    if (!header.empty() && !TrySkip(header, ',')) return Bad();
    while (TrySkip(header, ',')) {}
  }
  return std::optional<std::string>();
}

}  // namespace writ::image
