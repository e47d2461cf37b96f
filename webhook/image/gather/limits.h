// Ceilings of everything that fetches. All positive: what comes from a registry is hostile, and there is no "unlimited".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace writ::image {

struct GatherLimits {
  // What is read about one image. Whatever lies beyond one of these is a GatherFault, so that it never counts as "not signed".
  std::size_t max_manifest_bytes = std::size_t{4} * 1024 * 1024;  // manifests, indexes, pages of referrers
  std::size_t max_payload_bytes = std::size_t{1} * 1024 * 1024;   // a simple-signing payload
  std::size_t max_bundle_bytes = std::size_t{4} * 1024 * 1024;    // a bundle or a DSSE envelope
  std::size_t max_image_bytes =
      std::size_t{32} * 1024 * 1024;  // all payloads, envelopes and bundles of one image; again all manifests of referrers
  std::uint32_t max_json_depth = 32;
  std::uint32_t max_descriptors = 4'096;    // of one manifest or index, or of a listing of all pages
  std::uint32_t max_annotations = 256;      // of one descriptor
  std::uint32_t max_layers = 100;           // of one `.sig` or `.att`
  std::uint32_t max_referrers = 100;        // manifests that are fetched because an index lists them
  std::uint32_t max_referrer_pages = 10;    // of the referrers API
  std::uint32_t max_layout_blobs = 10'000;  // files of a layout folder that are searched for referrers
  std::uint32_t max_parallel_requests = 4;  // of one image

  // What one registry may cost. Used by webhook/image/registry only.
  std::size_t max_token_bytes = std::size_t{64} * 1024;  // answer of a token realm
  std::uint32_t max_header_bytes = std::uint32_t{32} * 1024;
  std::uint32_t max_connections_per_host = 8;
  std::uint32_t max_idle_connections = 64;  // of all hosts
  std::uint32_t max_cached_tokens = 1'000;
  std::uint32_t max_redirects = 5;
  std::uint32_t max_tries = 3;
  std::chrono::milliseconds image_deadline{5'000};   // everything about one image, waiting included
  std::chrono::milliseconds try_timeout{2'000};      // one request, so that a hanging server leaves time for another try
  std::chrono::milliseconds first_retry_delay{100};  // doubled each time, of which a random half is taken off
  std::chrono::milliseconds max_idle_time{30'000};   // of a kept connection
  std::chrono::seconds max_token_age{3'600};         // whatever the realm says
};

}  // namespace writ::image
