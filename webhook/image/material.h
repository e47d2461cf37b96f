// What lies between the two halves of image verification: `gather` fetches signature material for one image digest, `verify`
// judges it. Material is bytes that nobody has checked yet beyond their OCI digest; it is worth nothing until verified.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace writ::image {

// How a signature or attestation was attached to the image.
enum class MaterialForm {
  kSimpleSigning,  // a layer of `sha256-<hex>.sig` (or of cosign's experimental referrer): payload and annotations
  kEnvelope,       // a layer of `sha256-<hex>.att`: a DSSE envelope and annotations
  kBundle,         // a Sigstore bundle, attached as an OCI 1.1 referrer
};

// One signature or attestation as found. Owns its bytes.
struct Material {
  MaterialForm form = MaterialForm::kBundle;
  std::string origin;                              // where it was found, for messages: "sha256-4b5c….sig, layer 2"
  std::string media_type;                          // of the layer, as its descriptor says: unauthenticated
  std::string bytes;                               // the layer's blob; its SHA-256 equals the descriptor's digest
  std::map<std::string, std::string> annotations;  // of the layer's descriptor: unauthenticated
};

// Something that could not be fetched or did not hash to its digest. Keeps *unknown* apart from *refuted*: where one is present, a
// signer without a verified signature is unknown.
struct GatherFault {
  std::string origin;   // "referrers of sha256:4b5c…", "blob sha256:…"
  std::string message;  // "429 Too Many Requests after 3 tries"
};

// All that a registry, a mirror or a layout folder holds about one image digest.
struct GatheredMaterial {
  std::string digest;  // "sha256:<hex>" of the image's own manifest bytes
  std::vector<Material> materials;
  std::vector<GatherFault> faults;
  std::vector<std::string> notes;  // what is there and is no signature of ours, such as one of the Notary Project
};

}  // namespace writ::image
