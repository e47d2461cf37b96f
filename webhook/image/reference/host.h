// A registry's address as it is written: `ghcr.io`, `localhost:5000`, `[::1]:5000`.
//
//   Result<HostPort> host = ParseHostPort("LOCALHOST:5000");   // host "localhost", port 5000
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/base/result.h"

namespace writ::image {

struct HostPort {
  std::string host;        // small letters; an IPv6 address in its shortest form and without brackets
  std::uint16_t port = 0;  // 0: none is written, the scheme's default holds

  friend auto operator<=>(const HostPort&, const HostPort&) = default;
  bool is_ipv6() const { return host.find(':') != std::string::npos; }
  // "host", "host:port", "[v6]:port".
  std::string Text() const;
};

// Reads one address. Port 443 is the default of every registry and is dropped, so that `ghcr.io:443` and `ghcr.io` are one.
// Errors: kInvalidArgument for anything that resolvers might read in several ways: a trailing dot, `127.1`, `0x7f.0.0.1`, a port
// with leading zeros, zone identifiers, letters beyond ASCII.
Result<HostPort> ParseHostPort(std::string_view text);

// Returns whether `host` (as in HostPort) is an IPv4 or IPv6 address rather than a name.
bool IsAddress(std::string_view host);

}  // namespace writ::image
