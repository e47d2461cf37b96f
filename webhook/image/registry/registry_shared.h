// What all repositories of one RegistryClient share. Private to this folder.
#pragma once

#include <atomic>

#include "webhook/image/registry/authorizer.h"
#include "webhook/image/registry/http_transport.h"
#include "webhook/image/registry/referrers_memory.h"
#include "webhook/image/registry/registry_client.h"
#include "webhook/image/registry/single_flight.h"

namespace writ::image {

struct RegistryClient::Shared {
  Shared(RegistryTable registries, const GatherLimits& ceilings, RegistrySeams surroundings)
      : table(std::move(registries)),
        limits(ceilings),
        seams(std::move(surroundings)),
        transport(limits, seams.resolver),
        authorizer(limits, seams.now) {}

  RegistryTable table;
  GatherLimits limits;
  RegistrySeams seams;
  HttpTransport transport;
  Authorizer authorizer;
  SingleFlight<Fetched> fetches;
  SingleFlight<Referrers> listings;
  ReferrersMemory referrers_apis;
  SingleFlight<std::string> digests;
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> retries{0};
};

}  // namespace writ::image
