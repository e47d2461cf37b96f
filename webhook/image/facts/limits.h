// Ceilings and times of finding out facts about images, in one place. All positive.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "webhook/image/gather/limits.h"
#include "webhook/image/limits.h"

namespace writ::image {

struct FactLimits {
  std::uint32_t max_images = 100;         // of one request; what is beyond is unknown
  std::uint32_t max_parallel_images = 4;  // of one request
  std::uint32_t max_gathers = 8;          // images that are gathered at the same time, of all requests: bounds what is in memory
  std::uint32_t max_platforms = 64;       // of one index, where each platform must be signed
  std::size_t max_statement_bytes = std::size_t{8} * 1024 * 1024;  // attestations of one type and signer, of all platforms
  std::chrono::seconds verified_ttl{600};
  std::chrono::seconds refuted_ttl{15};  // short: a signature that was just pushed must get through
  std::size_t max_cache_bytes = std::size_t{32} * 1024 * 1024;
  GatherLimits gather;
  ImageLimits verify;
};

}  // namespace writ::image
