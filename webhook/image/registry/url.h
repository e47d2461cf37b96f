// URLs that a registry hands out (redirects, token realms, next pages), read strictly: everything odd is refused, since where a
// request goes is decided by what is read here.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/result.h"
#include "webhook/image/reference/host.h"

namespace writ::image {

enum class Scheme : std::uint8_t { kHttps, kHttp };

// Returns "https" or "http".
std::string_view SchemeName(Scheme scheme);

// Where a connection goes.
struct Endpoint {
  Scheme scheme = Scheme::kHttps;
  std::string host;          // as in HostPort
  std::uint16_t port = 443;  // never 0

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;  // NOLINT(modernize-use-nullptr): it means the 0 behind <=>
  // "ghcr.io", "localhost:5000", "[::1]:5000": for the Host header and messages.
  std::string HostText() const;
};

// The endpoint of `address` under `scheme`, with the scheme's port when the address names none.
Endpoint EndpointOf(Scheme scheme, const HostPort& address);

struct Url {
  Endpoint endpoint;
  std::string target;  // path and query, starting with '/'

  // For messages: without the query, which often holds a signature that opens the object.
  std::string Text() const;
};

// Reads an absolute URL. Errors (kInvalidArgument): other schemes than https and http, user information, hosts that ParseHostPort
// refuses, blanks, control characters and backslashes, longer than 8 KiB. A fragment is dropped.
Result<Url> ParseUrl(std::string_view text);

// Reads `text` as RFC 3986 §5 does with `base`: absolute, "//host/path", "/path" or "?query". Errors: as ParseUrl; other relative forms.
Result<Url> ResolveUrl(const Url& base, std::string_view text);

// Returns `text` so that it can stand as a value in a query.
std::string QueryEncoded(std::string_view text);

}  // namespace writ::image
