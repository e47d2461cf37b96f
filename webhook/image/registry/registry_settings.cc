// The allow list.
#include "webhook/image/registry/registry_settings.h"

#include <algorithm>

#include "webhook/image/reference/image_reference.h"
#include "webhook/image/reference/text.h"
#include "webhook/image/registry/address_guard.h"

namespace writ::image {
namespace {

Error Bad(const RegistrySettings& settings, const std::string& why) {
  return Error{ErrorCode::kInvalidArgument, "registry `" + Shown(settings.host) + "`: " + why};
}

Endpoint ApiEndpoint(Scheme scheme, const HostPort& name) {
  return EndpointOf(scheme, name.Text() == kDockerHub ? HostPort{.host = std::string(kDockerHubApi)} : name);
}

}  // namespace

RegistrySettings KnownRegistry(std::string_view host) {
  RegistrySettings out{.host = std::string(host)};
  if (host == kDockerHub) {
    out.extra_hosts = {"auth.docker.io", "production.cloudflare.docker.com",
                       "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com"};
  } else if (host == "ghcr.io") {
    out.extra_hosts = {"pkg-containers.githubusercontent.com"};
  } else if (host == "quay.io") {
    out.extra_hosts = {"cdn.quay.io", "cdn01.quay.io", "cdn02.quay.io", "cdn03.quay.io"};
  }
  return out;
}

bool RegistryPlace::Allows(const Endpoint& endpoint) const {
  if (endpoint == endpoint_) return true;
  if (endpoint.scheme == Scheme::kHttp && endpoint_.scheme != Scheme::kHttp) return false;
  // A plain registry that also speaks TLS on its port is still itself.
  if (endpoint.host == endpoint_.host && endpoint.port == endpoint_.port) return true;
  return std::any_of(extra_hosts_.begin(), extra_hosts_.end(), [&endpoint](const ExtraHost& extra) {
    if (EndpointOf(endpoint.scheme, extra.address).port != endpoint.port) return false;
    if (!extra.is_pattern) return extra.address.host == endpoint.host;
    const std::size_t dot = endpoint.host.find('.');
    return dot != std::string::npos && endpoint.host.substr(dot + 1) == extra.address.host;
  });
}

InternalAddresses RegistryPlace::InternalAddressesOf(const Endpoint& endpoint) const {
  return NamesMachine(endpoint.host) ? InternalAddresses::kAllowed : internal_addresses_;
}

Result<RegistryTable> RegistryTable::Create(const std::vector<RegistrySettings>& settings) {
  RegistryTable out;
  for (const RegistrySettings& one : settings) WRIT_RETURN_IF_ERROR(out.Add(one));
  for (std::size_t at = 0; at < settings.size(); ++at) WRIT_RETURN_IF_ERROR(out.LinkMirrors(settings[at], *out.places_[at]));
  return out;
}

Status RegistryTable::Add(const RegistrySettings& settings) {
  auto place = std::make_unique<RegistryPlace>();
  const Result<HostPort> name = ParseHostPort(settings.host);
  if (!name) return Bad(settings, name.error().message);
  if (TryFind(*name) != nullptr) return Bad(settings, "is listed twice");
  place->name_ = *name;
  place->endpoint_ = ApiEndpoint(settings.scheme, *name);
  place->internal_addresses_ = settings.internal_addresses;
  for (const std::string& host : settings.extra_hosts) {
    const bool is_pattern = host.starts_with("*.");
    const Result<HostPort> address = ParseHostPort(is_pattern ? std::string_view(host).substr(2) : std::string_view(host));
    if (!address) return Bad(settings, address.error().message);
    place->extra_hosts_.push_back({*address, is_pattern});
  }
  if (!settings.ca_pem.empty() || !system_trust_) {  // the system's store takes a tenth of a second to read
    Result<std::shared_ptr<const TlsTrust>> trust = TlsTrust::Create(settings.ca_pem, "registry `" + Shown(settings.host) + "`");
    if (!trust) return trust.error();
    place->trust_ = *trust;
    if (settings.ca_pem.empty()) system_trust_ = *trust;
  } else {
    place->trust_ = system_trust_;
  }
  places_.push_back(std::move(place));
  return OkStatus();
}

Status RegistryTable::LinkMirrors(const RegistrySettings& settings, RegistryPlace& place) const {
  for (const std::string& mirror : settings.mirrors) {
    const Result<HostPort> name = ParseHostPort(mirror);
    const RegistryPlace* found = name ? TryFind(*name) : nullptr;
    if (found == nullptr) return Bad(settings, "the mirror `" + Shown(mirror) + "` is no registry of the list");
    if (found == &place) return Bad(settings, "is its own mirror");
    place.mirrors_.push_back(found);
  }
  return OkStatus();
}

const RegistryPlace* RegistryTable::TryFind(const HostPort& registry) const {
  const auto found = std::find_if(places_.begin(), places_.end(), [&registry](const auto& place) { return place->name_ == registry; });
  return found == places_.end() ? nullptr : found->get();
}

}  // namespace writ::image
