// A whole private Sigstore in the process: CA, CT log, Rekor v1 and v2, timestamp authority, a release key and a release identity.
// What it signs can be taken apart and put together wrongly. For tests of attacks, fuzz targets and benchmarks.
//
//   TestSigstore sigstore;
//   Parts parts = sigstore.Sign({.by = SignedBy::kIdentity, .log = LogVersion::kV1});
//   parts.signature = other.signature;
//   VerifyImage(sigstore.Gathered(sigstore.BundleOf(parts)), sigstore.IdentitySigner(), kSignedAt);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/image/test_pki.h"
#include "webhook/image/verify/verifier.h"

namespace writ::test {

inline constexpr std::string_view kReleaseSubject = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";
inline constexpr std::string_view kReleaseIssuer = "https://token.actions.githubusercontent.com";
inline constexpr std::string_view kImageDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

enum class SignedBy : std::uint8_t { kKey, kIdentity };
enum class LogVersion : std::uint8_t { kNone, kV1, kV2 };
enum class Stamped : std::uint8_t { kNo, kYes };

// A simple-signing payload of cosign's type about that digest.
std::string ClaimsText(std::string_view digest = kImageDigest);
// An in-toto v1 statement with one subject whose `digest` object is `digests`: "\"sha256\":\"…\"".
std::string StatementText(std::string_view predicate_type, std::string_view digests);
// The statement that cosign 3 signs for an image.
std::string SignStatement(std::string_view digest = kImageDigest);

struct SignSpec {
  SignedBy by = SignedBy::kKey;
  LogVersion log = LogVersion::kNone;
  Stamped stamped = Stamped::kNo;
  std::string content;  // of claims or of a statement; SignStatement() when empty
  std::string payload_type = "application/vnd.in-toto+json";
  std::string subject = std::string(kReleaseSubject);
  std::string issuer = std::string(kReleaseIssuer);
  bool is_classic = false;  // a `.sig` layer; else a bundle with an envelope
};

// One log entry as carried. Texts, so that what is wrong is easy to write.
struct EntryParts {
  std::string kind, version;
  std::string body;
  std::string log_id;
  std::int64_t log_index = 1;
  std::int64_t integrated_time = kSignedAtSeconds;
  std::string promise;  // empty for Rekor v2
  std::int64_t tree_size = 2;
  std::string root;
  std::vector<std::string> hashes;
  std::string checkpoint;
};

struct Parts {
  std::string content, payload_type, signature;
  std::string certificate;  // DER; empty for a key
  std::vector<EntryParts> entries;
  std::vector<std::string> timestamps;
};

class TestSigstore {
 public:
  TestSigstore();

  // The trusted_root.json of this instance, and what it is read to.
  const std::string& root_json() const { return root_json_; }
  const image::TrustRootPtr& root() const { return root_; }
  image::ExpectedSigner KeySigner(LogVersion log = LogVersion::kNone) const;
  image::ExpectedSigner IdentitySigner() const;

  // Signs, logs and stamps as `spec` says.
  Parts Sign(const SignSpec& spec) const;
  // A bundle 0.3, and the layer of a `.sig` tag.
  std::string BundleText(const Parts& parts) const;
  image::Material BundleOf(const Parts& parts) const;
  image::Material LayerOf(const Parts& parts) const;
  static image::GatheredMaterial Gathered(std::vector<image::Material> materials);

  // Parts of the instance, for those who put things together themselves.
  std::string Leaf(const SignSpec& spec, const TestKey& key) const;
  std::string CheckpointText(std::string_view origin, std::int64_t size, std::string_view root, const TestKey& key) const;
  // Logs that body: makes promise, checkpoint and proof.
  EntryParts Log(LogVersion version, std::string_view kind, std::string_view kind_version, const std::string& body) const;
  std::string Stamp(std::string_view bytes) const;

  const TestKey& release_key() const { return release_key_; }
  const TestKey& leaf_key() const { return leaf_key_; }
  const TestKey& log_key() const { return log_key_; }
  const TestKey& log2_key() const { return log2_key_; }
  const TestKey& ct_key() const { return ct_key_; }
  const TestKey& ca_key() const { return ca_key_; }
  const std::string& tsa_certificate() const { return tsa_; }
  const TestKey& tsa_key() const { return tsa_key_; }

 private:
  std::string Body(const SignSpec& spec, const Parts& parts) const;

  TestKey release_key_{"P-256"}, leaf_key_{"P-256"};
  TestKey root_key_{"P-384"}, ca_key_{"P-384"}, tsa_root_key_{"P-384"}, tsa_key_{"P-256"};
  TestKey log_key_{"P-256"}, log2_key_{"Ed25519"}, ct_key_{"P-256"};
  std::string ca_, root_certificate_, tsa_, tsa_root_;
  std::string root_json_;
  image::TrustRootPtr root_;
};

}  // namespace writ::test
