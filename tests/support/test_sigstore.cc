// A whole private Sigstore in the process.
#include "tests/support/test_sigstore.h"

#include "rules/base/check.h"
#include "webhook/image/log/merkle.h"
#include "webhook/image/trust/encoding.h"
#include "webhook/image/verify/envelope.h"

namespace writ::test {
namespace {

constexpr std::int64_t kYear = 365 * 86'400;

std::string Quote(std::string_view text) { return "\"" + std::string(text) + "\""; }
std::string Base64(std::string_view bytes) { return Quote(EncodeBase64(bytes)); }

std::string LogJson(const std::string& url, const TestKey& key, const std::string& key_details = "PKIX_ECDSA_P256_SHA_256") {
  return R"({"baseUrl":)" + Quote(url) + R"(,"hashAlgorithm":"SHA2_256","publicKey":{"rawBytes":)" + Base64(key.Spki()) +
         R"(,"keyDetails":)" + Quote(key_details) + R"(,"validFor":{"start":"2025-01-01T00:00:00Z"}},"logId":{"keyId":)" +
         Base64(Sha256(key.Spki())) + "}}";
}

std::string ChainJson(const std::string& uri, const std::vector<std::string>& chain) {
  std::string list;
  for (const std::string& der : chain) list += (list.empty() ? "" : ",") + (R"({"rawBytes":)" + Base64(der) + "}");
  return R"({"uri":)" + Quote(uri) + R"(,"certChain":{"certificates":[)" + list + R"(]},"validFor":{"start":"2025-01-01T00:00:00Z"}})";
}

std::string EntryJson(const EntryParts& entry) {
  std::string hashes;
  for (const std::string& hash : entry.hashes) hashes += (hashes.empty() ? "" : ",") + Base64(hash);
  const std::string promise = entry.promise.empty() ? "" : R"("inclusionPromise":{"signedEntryTimestamp":)" + Base64(entry.promise) + "},";
  return R"({"logIndex":")" + std::to_string(entry.log_index) + R"(","logId":{"keyId":)" + Base64(entry.log_id) +
         R"(},"kindVersion":{"kind":)" + Quote(entry.kind) + R"(,"version":)" + Quote(entry.version) + R"(},"integratedTime":")" +
         std::to_string(entry.promise.empty() ? 0 : entry.integrated_time) + "\"," + promise + R"("inclusionProof":{"logIndex":")" +
         std::to_string(entry.log_index) + R"(","treeSize":")" + std::to_string(entry.tree_size) + R"(","rootHash":)" + Base64(entry.root) +
         R"(,"hashes":[)" + hashes + R"(],"checkpoint":{"envelope":)" + Quote(entry.checkpoint) + R"(}},"canonicalizedBody":)" +
         Base64(entry.body) + "}";
}

// The checkpoint with its line feeds as JSON writes them.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? "\\n" : std::string(1, c);
  return out;
}

std::string SetText(const EntryParts& entry) {
  return R"({"body":)" + Base64(entry.body) + R"(,"integratedTime":)" + std::to_string(entry.integrated_time) + R"(,"logID":)" +
         Quote(EncodeHex(entry.log_id)) + R"(,"logIndex":)" + std::to_string(entry.log_index) + "}";
}

std::string DigestJson(std::string_view bytes) { return R"({"algorithm":"sha256","value":)" + Quote(EncodeHex(Sha256(bytes))) + "}"; }

std::string EnvelopeText(const Parts& parts) {
  return R"({"payload":)" + Base64(parts.content) + R"(,"payloadType":)" + Quote(parts.payload_type) + R"(,"signatures":[{"sig":)" +
         Base64(parts.signature) + "}]}";
}

}  // namespace

std::string ClaimsText(std::string_view digest) {
  return R"({"critical":{"identity":{"docker-reference":"r.test/app"},"image":{"docker-manifest-digest":)" + Quote(digest) +
         R"(},"type":"cosign container image signature"},"optional":null})";
}

std::string StatementText(std::string_view predicate_type, std::string_view digests) {
  return R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{)" + std::string(digests) + R"(}}],"predicateType":)" +
         Quote(predicate_type) + R"(,"predicate":{}})";
}

std::string SignStatement(std::string_view digest) {
  return StatementText(image::kCosignSignPredicate, R"("sha256":)" + Quote(digest.substr(7)));
}

TestSigstore::TestSigstore() {
  const std::int64_t from = kSignedAtSeconds - kYear, to = kSignedAtSeconds + kYear;
  const CertificateSpec root{.is_ca = true, .usage = "", .from_seconds = from, .to_seconds = to};
  CertificateSpec spec = root;
  spec.subject = "root";
  root_certificate_ = MakeCertificate(spec, root_key_, root_key_);
  spec.subject = "ca";
  spec.usage = "code_signing";
  ca_ = MakeCertificate(spec, ca_key_, root_key_);
  spec = root;
  spec.subject = spec.issuer = "tsa-root";
  tsa_root_ = MakeCertificate(spec, tsa_root_key_, tsa_root_key_);
  tsa_ = MakeCertificate(
      {.subject = "tsa", .issuer = "tsa-root", .usage = "time_stamping", .from_seconds = from, .to_seconds = to, .serial = 5}, tsa_key_,
      tsa_root_key_);
  root_json_ = R"({"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[)" +
               LogJson("https://log.test", log_key_) + "," + LogJson("https://log2.test", log2_key_, "PKIX_ED25519") + R"(],"ctlogs":[)" +
               LogJson("https://ct.test", ct_key_) + R"(],"certificateAuthorities":[)" +
               ChainJson("https://ca.test", {ca_, root_certificate_}) + R"(],"timestampAuthorities":[)" +
               ChainJson("https://tsa.test", {tsa_, tsa_root_}) + "]}";
  Result<image::TrustRootPtr> read = image::ParseTrustRoot("root.json", root_json_);
  WRIT_CHECK(read.ok() && (*read)->notes.empty());
  root_ = *read;
}

image::ExpectedSigner TestSigstore::KeySigner(LogVersion log) const {
  image::ExpectedSigner signer{.name = "release", .key = release_key_.Public(), .trust_root = root_};
  if (log != LogVersion::kNone) signer.options.log = image::LogRule::kRequired;
  return signer;
}

image::ExpectedSigner TestSigstore::IdentitySigner() const {
  image::ExpectedSigner signer{.name = "release", .trust_root = root_};
  signer.identity = image::Identity{.issuer = std::string(kReleaseIssuer), .subject = std::string(kReleaseSubject)};
  return signer;
}

std::string TestSigstore::Leaf(const SignSpec& spec, const TestKey& key) const {
  CertificateSpec leaf{.subject = "", .issuer = "ca", .names = {UriName(spec.subject)}, .extensions = {FulcioExtension(8, spec.issuer)}};
  leaf.extensions.push_back(SctExtension(leaf, key, ca_key_, {&ct_key_}));
  return MakeCertificate(leaf, key, ca_key_);
}

std::string TestSigstore::CheckpointText(std::string_view origin, std::int64_t size, std::string_view root, const TestKey& key) const {
  const std::string body = std::string(origin) + "\n" + std::to_string(size) + "\n" + EncodeBase64(root) + "\n";
  const std::string name(origin.substr(0, origin.find(' ')));
  return body + "\n— " + name + " " + EncodeBase64(Sha256(key.Spki()).substr(0, 4) + key.Sign(body)) + "\n";
}

EntryParts TestSigstore::Log(LogVersion version, std::string_view kind, std::string_view kind_version, const std::string& body) const {
  const bool is_v2 = version == LogVersion::kV2;
  const TestKey& key = is_v2 ? log2_key_ : log_key_;
  EntryParts entry{.kind = std::string(kind), .version = std::string(kind_version), .body = body, .log_id = Sha256(key.Spki())};
  entry.hashes = {image::LeafHash("somebody else's entry")};
  entry.root = Sha256("\x01" + entry.hashes.front(), image::LeafHash(body));
  entry.checkpoint = Escaped(CheckpointText(is_v2 ? "log2.test" : "log.test - 17", entry.tree_size, entry.root, key));
  if (!is_v2) entry.promise = key.Sign(SetText(entry));
  return entry;
}

std::string TestSigstore::Stamp(std::string_view bytes) const {
  return MakeTimestamp({.stamped = std::string(bytes), .time = "20261120100000Z"}, tsa_, tsa_key_);
}

std::string TestSigstore::Body(const SignSpec& spec, const Parts& parts) const {
  const bool is_certificate = !parts.certificate.empty();
  const std::string signed_bytes = spec.is_classic ? parts.content : image::PreAuthEncoding(parts.payload_type, parts.content);
  if (spec.log == LogVersion::kV2) {
    const std::string raw = R"({"rawBytes":)" + Base64(is_certificate ? parts.certificate : release_key_.Spki()) + "}";
    return R"({"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":)" +
           Base64(Sha256(signed_bytes)) + R"(},"signature":{"content":)" + Base64(parts.signature) +
           R"(,"verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256",)" + (is_certificate ? R"("x509Certificate":)" : R"("publicKey":)") +
           raw + "}}}}}";
  }
  const std::string pem = is_certificate ? Pem("CERTIFICATE", parts.certificate) : release_key_.Pem();
  if (spec.is_classic)
    return R"({"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":)" + DigestJson(signed_bytes) +
           R"(},"signature":{"content":)" + Base64(parts.signature) + R"(,"publicKey":{"content":)" + Base64(pem) + "}}}}";
  return R"({"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":)" + DigestJson(EnvelopeText(parts)) + R"(,"payloadHash":)" +
         DigestJson(parts.content) + R"(,"signatures":[{"signature":)" + Base64(parts.signature) + R"(,"verifier":)" + Base64(pem) + "}]}}";
}

Parts TestSigstore::Sign(const SignSpec& spec) const {
  const bool is_identity = spec.by == SignedBy::kIdentity;
  Parts parts{.content = spec.content, .payload_type = spec.payload_type};
  if (parts.content.empty()) parts.content = spec.is_classic ? ClaimsText() : SignStatement();
  const TestKey& key = is_identity ? leaf_key_ : release_key_;
  parts.signature = key.Sign(spec.is_classic ? parts.content : image::PreAuthEncoding(parts.payload_type, parts.content));
  if (is_identity) parts.certificate = Leaf(spec, leaf_key_);
  if (spec.log != LogVersion::kNone) {
    const bool is_record = spec.is_classic || spec.log == LogVersion::kV2;
    parts.entries.push_back(
        Log(spec.log, is_record ? "hashedrekord" : "dsse", spec.log == LogVersion::kV2 ? "0.0.2" : "0.0.1", Body(spec, parts)));
  }
  if (spec.stamped == Stamped::kYes) parts.timestamps.push_back(Stamp(parts.signature));
  return parts;
}

std::string TestSigstore::BundleText(const Parts& parts) const {
  std::string entries, stamps;
  for (const EntryParts& entry : parts.entries) entries += (entries.empty() ? "" : ",") + EntryJson(entry);
  for (const std::string& stamp : parts.timestamps)
    stamps += (stamps.empty() ? "" : ",") + (R"({"signedTimestamp":)" + Base64(stamp) + "}");
  const std::string verifier =
      parts.certificate.empty() ? R"("publicKey":{"hint":"release"})" : R"("certificate":{"rawBytes":)" + Base64(parts.certificate) + "}";
  return R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{)" + verifier + R"(,"tlogEntries":[)" +
         entries + R"(],"timestampVerificationData":{"rfc3161Timestamps":[)" + stamps + R"(]}},"dsseEnvelope":)" + EnvelopeText(parts) +
         "}";
}

image::Material TestSigstore::BundleOf(const Parts& parts) const {
  return {.form = image::MaterialForm::kBundle, .origin = "bundle", .media_type = {}, .bytes = BundleText(parts), .annotations = {}};
}

image::Material TestSigstore::LayerOf(const Parts& parts) const {
  image::Material layer{.form = image::MaterialForm::kSimpleSigning,
                        .origin = "layer",
                        .media_type = "application/vnd.dev.cosign.simplesigning.v1+json",
                        .bytes = parts.content,
                        .annotations = {}};
  layer.annotations["dev.cosignproject.cosign/signature"] = EncodeBase64(parts.signature);
  if (!parts.certificate.empty()) layer.annotations["dev.sigstore.cosign/certificate"] = Pem("CERTIFICATE", parts.certificate);
  for (const EntryParts& entry : parts.entries)
    layer.annotations["dev.sigstore.cosign/bundle"] =
        R"({"SignedEntryTimestamp":)" + Base64(entry.promise) + R"(,"Payload":)" + SetText(entry) + "}";
  for (const std::string& stamp : parts.timestamps)
    layer.annotations["dev.sigstore.cosign/rfc3161timestamp"] = R"({"SignedRFC3161Timestamp":)" + Base64(stamp) + "}";
  return layer;
}

image::GatheredMaterial TestSigstore::Gathered(std::vector<image::Material> materials) {
  image::GatheredMaterial gathered;
  gathered.digest = kImageDigest;
  gathered.materials = std::move(materials);
  return gathered;
}

}  // namespace writ::test
