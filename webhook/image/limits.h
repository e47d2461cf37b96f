// Every ceiling of image verification in one place. A registry and everybody who may push to it are hostile input.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace writ::image {

// All fields are positive: there is no "unlimited". Numbers follow peers (cosign, sigstore-go) or stay below them.
struct ImageLimits {
  // What is fetched.
  std::size_t max_manifest_bytes = std::size_t{4} * 1024 * 1024;  // manifest or index
  std::size_t max_payload_bytes = std::size_t{1024} * 1024;       // simple-signing payload
  std::size_t max_bundle_bytes = std::size_t{4} * 1024 * 1024;    // Sigstore bundle, or envelope of an attached attestation
  std::size_t max_token_bytes = std::size_t{64} * 1024;           // answer of a token realm
  std::size_t max_header_bytes = std::size_t{32} * 1024;          // HTTP headers of one answer
  std::uint32_t max_signature_layers = 100;                       // layers of one `.sig` or `.att` manifest that are looked at
  std::uint32_t max_referrers = 100;                              // referrers of one image that are looked at
  std::uint32_t max_referrer_pages = 10;
  std::uint32_t max_redirects = 5;
  std::uint32_t max_connections_per_registry = 8;
  std::chrono::milliseconds image_deadline{5000};  // wall clock for one image; an admission webhook has ten seconds

  // What is judged.
  std::uint32_t max_materials = 300;                                      // signatures and attestations of one image
  std::size_t max_envelope_payload_bytes = std::size_t{3} * 1024 * 1024;  // DSSE payload after base64; a large SBOM may need more
  std::size_t max_annotation_bytes = std::size_t{256} * 1024;             // one annotation of a layer (certificates, log entry)
  std::uint32_t max_log_entries = 32;                                     // of one bundle
  std::uint32_t max_timestamps = 32;                                      // RFC 3161 tokens of one bundle
  std::uint32_t max_subjects = 1024;                                      // of one in-toto statement
  std::uint32_t max_digests_per_subject = 32;
  std::uint32_t max_chain_certificates = 8;
  std::uint32_t max_json_depth = 32;

  // What policies name.
  std::size_t max_trust_root_bytes = std::size_t{1024} * 1024;
  std::size_t max_key_bytes = std::size_t{64} * 1024;
};

}  // namespace writ::image
