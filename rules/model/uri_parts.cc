// Takes a URI apart at its first `:`, `//`, `/`, `?` and `#`.
#include "rules/model/uri_parts.h"

#include <array>

namespace writ {
namespace {

// Cuts `rest` at the first of `marks` and returns what is before it.
std::string_view CutBefore(std::string_view& rest, std::string_view marks) {
  const std::size_t at = rest.find_first_of(marks);
  const std::string_view before = rest.substr(0, at);
  rest.remove_prefix(before.size());
  return before;
}

}  // namespace

UriParts SplitUri(std::string_view uri) {
  UriParts parts;
  const std::size_t colon = uri.find_first_of(":/?#");
  if (colon != std::string_view::npos && colon > 0 && uri[colon] == ':') {
    parts.has_scheme = true;
    parts.scheme = uri.substr(0, colon);
    uri.remove_prefix(colon + 1);
  }
  if (uri.starts_with("//")) {
    uri.remove_prefix(2);
    parts.has_authority = true;
    parts.authority = CutBefore(uri, "/?#");
  }
  parts.path = CutBefore(uri, "?#");
  if (uri.starts_with('?')) {
    uri.remove_prefix(1);
    parts.has_query = true;
    parts.query = CutBefore(uri, "#");
  }
  parts.has_fragment = !uri.empty();
  if (parts.has_fragment) parts.fragment = uri.substr(1);
  return parts;
}

AuthorityParts SplitAuthority(std::string_view authority) {
  AuthorityParts parts;
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.has_user = true;
    parts.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  parts.host = authority.substr(0, colon);
  parts.has_port = colon != std::string_view::npos;
  if (parts.has_port) parts.port = authority.substr(colon + 1);
  return parts;
}

bool IsSpecialScheme(std::string_view scheme) { return scheme == "file" || !DefaultPort(scheme).empty(); }

std::string_view DefaultPort(std::string_view scheme) {
  struct Row {
    std::string_view scheme, port;
  };
  constexpr std::array<Row, 5> kRows = {{{"http", "80"}, {"https", "443"}, {"ws", "80"}, {"wss", "443"}, {"ftp", "21"}}};
  for (const Row& row : kRows) {
    if (row.scheme == scheme) return row.port;
  }
  return {};
}

}  // namespace writ
