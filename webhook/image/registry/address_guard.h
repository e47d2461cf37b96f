// Which IP addresses a registry's name may not lead to: those of this machine and its cloud's metadata service. A registry that answers
// "the token is at metadata.example", or a name that resolves there, must not make the webhook ask for it.
#pragma once

#include <string_view>

namespace writ::image {

// Returns whether the address (IPv4 or IPv6 in text) is loopback, link-local, unspecified, multicast, broadcast or a known metadata
// service, also when it is wrapped in IPv6 (mapped, NAT64, 6to4). Private networks (10.0.0.0/8 …) are not: clusters keep their
// registries there. Anything that is no address counts as internal.
bool IsInternalAddress(std::string_view address);

// Returns whether `host` names this machine in so many words: an address, `localhost` or a name below it. Whoever puts one on the
// allow list means it.
bool NamesMachine(std::string_view host);

}  // namespace writ::image
