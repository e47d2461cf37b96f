// Ceilings of judging signatures, in one place; those of fetching are in gather/limits.h. Whoever may push to a registry is hostile.
#pragma once

#include <cstddef>
#include <cstdint>

namespace writ::image {

// All fields are positive: there is no "unlimited". Numbers follow peers (cosign, sigstore-go) or stay below them.
struct ImageLimits {
  // What comes with an image.
  std::uint32_t max_materials = 300;                                      // signatures and attestations of one image
  std::size_t max_payload_bytes = std::size_t{1024} * 1024;               // a simple-signing payload
  std::size_t max_bundle_bytes = std::size_t{4} * 1024 * 1024;            // a bundle, or the envelope of an attached attestation
  std::size_t max_envelope_payload_bytes = std::size_t{3} * 1024 * 1024;  // DSSE payload after base64; a large SBOM may need more
  std::size_t max_annotation_bytes = std::size_t{256} * 1024;             // one annotation of a layer (certificate, log entry)
  std::uint32_t max_log_entries = 32;                                     // of one bundle
  std::uint32_t max_timestamps = 32;                                      // RFC 3161 tokens of one bundle
  std::uint32_t max_subjects = 1024;                                      // of one in-toto statement
  std::uint32_t max_digests_per_subject = 32;
  std::uint32_t max_chain_certificates = 8;
  std::uint32_t max_json_depth = 32;

  // What policies name.
  std::size_t max_trust_root_bytes = std::size_t{1024} * 1024;
};

}  // namespace writ::image
