// Which registries may be asked, and how: the allow list. Requests leave for the hosts that are named here and for no other, whatever
// an image reference, a token realm, a redirect or a next page says.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/base/result.h"
#include "webhook/image/reference/host.h"
#include "webhook/image/registry/http_transport.h"
#include "webhook/image/registry/url.h"

namespace writ::image {

// One registry, as a configuration names it.
struct RegistrySettings {
  std::string host;  // as in references: "docker.io", "ghcr.io", "registry.internal:5000"
  // Further hosts that this registry may name: of token realms and of blob stores. "auth.docker.io", "cdn.example:8443"; a leading
  // "*." stands for one label.
  std::vector<std::string> extra_hosts;
  // Registries to ask before this one, in order, by the `host` of their own settings. They hold the same repositories.
  std::vector<std::string> mirrors;
  Scheme scheme = Scheme::kHttps;  // kHttp: the registry, and what it names, may be asked without TLS
  // A name that leads to this machine or to a metadata service is refused. Hosts written as an address or `localhost` are meant so.
  InternalAddresses internal_addresses = InternalAddresses::kRefused;
  std::string ca_pem;  // the only authorities that are trusted; "" = the system's
};

// Returns settings with the extra hosts that the well-known registries use (docker.io, ghcr.io, quay.io); none for others.
RegistrySettings KnownRegistry(std::string_view host);

// A registry, checked. Immutable.
class RegistryPlace {
 public:
  const HostPort& name() const { return name_; }          // as in references
  const Endpoint& endpoint() const { return endpoint_; }  // where its API is
  const std::shared_ptr<const TlsTrust>& trust() const { return trust_; }
  const std::vector<const RegistryPlace*>& mirrors() const { return mirrors_; }

  // Whether a request may go there: the registry itself or an extra host, by https, or by http when the registry is plain itself.
  bool Allows(const Endpoint& endpoint) const;
  InternalAddresses InternalAddressesOf(const Endpoint& endpoint) const;

 private:
  friend class RegistryTable;
  struct ExtraHost {
    HostPort address;
    bool is_pattern = false;  // one more label before it
  };
  HostPort name_;
  Endpoint endpoint_;
  std::vector<ExtraHost> extra_hosts_;
  std::vector<const RegistryPlace*> mirrors_;  // of the same table
  InternalAddresses internal_addresses_ = InternalAddresses::kRefused;
  std::shared_ptr<const TlsTrust> trust_;
};

// All registries that may be asked. Immutable.
class RegistryTable {
 public:
  // Errors (kInvalidArgument; the message names the registry and what is wrong): a host that is none, a registry twice, a mirror that
  // the list does not name, authorities that are no PEM.
  static Result<RegistryTable> Create(const std::vector<RegistrySettings>& settings);

  // The registry of that name; nullptr when the list does not name it. Valid while the table lives.
  const RegistryPlace* TryFind(const HostPort& registry) const;

 private:
  Status Add(const RegistrySettings& settings);
  Status LinkMirrors(const RegistrySettings& settings, RegistryPlace& place) const;

  std::shared_ptr<const TlsTrust> system_trust_;  // made for the first registry without authorities of its own
  std::vector<std::unique_ptr<RegistryPlace>> places_;
};

}  // namespace writ::image
