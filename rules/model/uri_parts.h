// A URI taken apart, as RFC 3986, appendix B does. Private to rules/model.
#pragma once

#include <cstdint>
#include <string_view>

namespace writ {

struct UriParts {
  std::string_view scheme;     // without the `:`
  std::string_view authority;  // without the `//`
  std::string_view path;
  std::string_view query;  // without the `?`
  std::string_view fragment;
  bool has_scheme = false, has_authority = false, has_query = false, has_fragment = false;
};

UriParts SplitUri(std::string_view uri);

// An authority taken apart: `user:password@host:port`.
struct AuthorityParts {
  std::string_view user, host, port;
  bool has_user = false, has_port = false;
};

AuthorityParts SplitAuthority(std::string_view authority);

// The schemes that the WHATWG URL standard calls special.
bool IsSpecialScheme(std::string_view scheme);
// Returns "443" for https and wss, and so on; "" where there is none.
std::string_view DefaultPort(std::string_view scheme);

constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsUnreserved(char c) { return IsLower(c) || IsUpper(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }
constexpr char ToLower(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

// The value of a hexadecimal digit, -1 of any other.
constexpr int HexDigit(int c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Returns "" for a host in normal form, else what is wrong with it. `host` has its brackets, is not empty, and holds only characters
// of URIs.
std::string_view HostFault(std::string_view host, bool is_special);

}  // namespace writ
