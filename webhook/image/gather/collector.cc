// Collects what is attached to one image, in three rounds: tags and listings; manifests that the listings name; blobs.
//
// Two rules decide where things go. What could not be had, or lies beyond a limit, is a fault: a signer may be in there. What was had
// and is definitely no signature of this image (another subject, a foreign type) is a note, since looking again would not help.
#include "webhook/image/gather/collector.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "rules/base/check.h"
#include "rules/base/digest.h"
#include "webhook/image/gather/parallel.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

constexpr std::string_view kSimpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr std::string_view kEnvelopeType = "application/vnd.dsse.envelope.v1+json";
constexpr std::string_view kBundleTypePrefix = "application/vnd.dev.sigstore.bundle";
constexpr std::string_view kEmptyType = "application/vnd.oci.empty.v1+json";
constexpr std::string_view kCosignSignatureType = "application/vnd.dev.cosign.artifact.sig.v1+json";
constexpr std::string_view kNotationType = "application/vnd.cncf.notary.signature";
constexpr std::size_t kMaxNotes = 20;

bool IsBundleType(std::string_view type) { return type.starts_with(kBundleTypePrefix); }

// A blob that is wanted, in the order in which it will be reported.
struct Wanted {
  Material material;  // all but the bytes
  std::string digest;
  std::uint64_t size = 0;
};

class Collector {
 public:
  Collector(const ImageSource& source, std::string_view digest, const GatherOptions& options)
      : source_(source),
        attached_(options.signatures != nullptr ? *options.signatures : source),
        options_(options),
        limits_(options.limits),
        tag_("sha256-" + std::string(digest.substr(digest.find(':') + 1))) {
    out_.digest = digest;
  }

  GatheredMaterial Collect() {
    AskForTagsAndListings();
    TakeTag(signatures_, options_.tag_prefix + tag_ + ".sig", MaterialForm::kSimpleSigning);
    const std::vector<Descriptor> candidates = ListReferrers();
    if (options_.attestation_tag == AttestationTag::kOnlyToExplain && wanted_.empty() && candidates.empty()) AskForAttestations();
    TakeTag(attestations_, options_.tag_prefix + tag_ + ".att", MaterialForm::kEnvelope);
    AskForReferrers(candidates);
    FetchBlobs();
    return std::move(out_);
  }

 private:
  void Fault(std::string origin, std::string message) { out_.faults.push_back({std::move(origin), std::move(message)}); }
  void Note(std::string text) {
    if (out_.notes.size() < kMaxNotes) out_.notes.push_back(std::move(text));
  }
  void Run(std::size_t count, const std::function<void(std::size_t)>& task) { RunParallel(count, limits_.max_parallel_requests, task); }

  void AskForTagsAndListings() {
    const std::vector<std::function<void()>> requests = {
        [this] { signatures_ = attached_.GetManifest(options_.tag_prefix + tag_ + ".sig"); },
        [this] {
          if (options_.attestation_tag == AttestationTag::kRead) AskForAttestations();
        },
        [this] {
          listing_ = attached_.GetReferrers(out_.digest);
          if (listing_ && !listing_->found && options_.lookup == ReferrerLookup::kApiOrFallback) AskForFallback();
        },
        [this] {
          if (options_.lookup == ReferrerLookup::kApiAndFallback) AskForFallback();
        },
        [this] {
          if (options_.presence == ImagePresence::kMustBeChecked) image_ = source_.GetManifest(out_.digest);
        },
    };
    Run(requests.size(), [&requests](std::size_t at) { requests[at](); });
    if (!image_) {
      Fault("image " + out_.digest, image_.error().message);
    } else if (!image_->found) {
      Fault("image " + out_.digest, "there is no such manifest in the repository");
    }
  }
  void AskForAttestations() { attestations_ = attached_.GetManifest(options_.tag_prefix + tag_ + ".att"); }
  void AskForFallback() { fallback_ = attached_.GetManifest(tag_); }

  // Reads what a tag holds and wants its layers.
  void TakeTag(const Result<Fetched>& fetched, const std::string& name, MaterialForm form) {
    if (!fetched) return Fault(name, fetched.error().message);
    if (!fetched->found) return;
    const Result<ImageManifest> manifest = ReadImageManifest(fetched->bytes, fetched->media_type, limits_);
    if (!manifest) return Fault(name, manifest.error().message);
    if (manifest->kind != ManifestKind::kImage) return Note(name + " is an index where an image manifest is due; it is not read");
    WantLayers(*manifest, name, form);
  }

  void WantLayers(const ImageManifest& manifest, const std::string& name, MaterialForm form) {
    const std::string_view type = form == MaterialForm::kEnvelope ? kEnvelopeType : kSimpleSigningType;
    std::size_t number = 0;
    for (const Descriptor& layer : manifest.layers) {
      if (++number > limits_.max_layers) {
        return Fault(
            name, std::to_string(manifest.layers.size()) + " layers; only the first " + std::to_string(limits_.max_layers) + " are read");
      }
      const std::string origin = name + ", layer " + std::to_string(number);
      if (layer.media_type == type) {
        Want(layer, origin, form);
      } else {
        Note(origin + " has the media type `" + Shown(layer.media_type) + "`, expected `" + std::string(type) + "`; it is not read");
      }
    }
  }

  void Want(const Descriptor& layer, const std::string& origin, MaterialForm form) {
    const std::size_t most = form == MaterialForm::kSimpleSigning ? limits_.max_payload_bytes : limits_.max_bundle_bytes;
    if (layer.size > most) {
      return Fault(origin, "the descriptor says " + std::to_string(layer.size) + " bytes, at most " + std::to_string(most) + " are read");
    }
    if (layer.size > limits_.max_image_bytes - wanted_bytes_) {
      return Fault(origin, "more than " + std::to_string(limits_.max_image_bytes) + " bytes are attached to the image");
    }
    wanted_bytes_ += static_cast<std::size_t>(layer.size);
    wanted_.push_back(
        {{.form = form, .origin = origin, .media_type = layer.media_type, .annotations = layer.annotations}, layer.digest, layer.size});
  }

  // The descriptors of listing and fallback tag that may be signatures, each digest once.
  std::vector<Descriptor> ListReferrers() {
    std::vector<Descriptor> all;
    const std::string origin = "referrers of " + out_.digest;
    if (!listing_) {
      Fault(origin, listing_.error().message);
    } else {
      all = std::move(listing_->manifests);
      if (!listing_->complete) Fault(origin, "the listing is longer than is read");
    }
    AddFallback(all);
    std::vector<Descriptor> candidates;
    std::set<std::string> seen;
    for (Descriptor& descriptor : all) {
      if (!MayBeSignature(descriptor) || !seen.insert(descriptor.digest).second) continue;  // listed twice: any hint that fits will do
      if (candidates.size() == limits_.max_referrers) {
        Fault(origin, "more than " + std::to_string(limits_.max_referrers) + " referrers; the rest is not read");
        break;
      }
      candidates.push_back(std::move(descriptor));
    }
    return candidates;
  }

  void AddFallback(std::vector<Descriptor>& all) {
    if (!fallback_) return Fault(tag_, fallback_.error().message);
    if (!fallback_->found) return;
    Result<ImageManifest> index = ReadImageManifest(fallback_->bytes, fallback_->media_type, limits_);
    if (!index) return Fault(tag_, index.error().message);
    if (index->kind != ManifestKind::kIndex) return Note(tag_ + " is an image manifest where an index of referrers is due; it is not read");
    all.insert(all.end(), std::make_move_iterator(index->manifests.begin()), std::make_move_iterator(index->manifests.end()));
  }

  // The descriptor's type is a hint that cosign itself often gets wrong (`oci.empty`, or none), so only what is plainly something
  // else is left out unread.
  bool MayBeSignature(const Descriptor& descriptor) {
    const std::string& type = descriptor.artifact_type;
    if (type == kNotationType) {
      NoteNotation();
      return false;
    }
    if (type == kCosignSignatureType && options_.oci11 == Oci11Signatures::kIgnored) {
      NoteOci11();
      return false;
    }
    if (TryManifestKind(descriptor.media_type) == ManifestKind::kIndex) return false;
    return type.empty() || type == kEmptyType || IsBundleType(type) || type == kCosignSignatureType;
  }

  void NoteNotation() {
    if (std::exchange(noted_notation_, true)) return;
    Note("a Notary Project signature is attached; Writ reads Sigstore signatures only");
  }

  void NoteOci11() {
    if (std::exchange(noted_oci11_, true)) return;
    Note("a signature in cosign's experimental form (--registry-referrers-mode oci-1-1) is attached; it is not read");
  }

  // A few at a time, each read before the next ones are asked for: a hundred manifests of the largest size do not fit into memory.
  void AskForReferrers(const std::vector<Descriptor>& candidates) {
    std::size_t read_bytes = 0;
    for (std::size_t begin = 0; begin < candidates.size(); begin += limits_.max_parallel_requests) {
      if (read_bytes > limits_.max_image_bytes) {
        return Fault("referrers of " + out_.digest,
                     "their manifests have more than " + std::to_string(limits_.max_image_bytes) + " bytes; the rest is not read");
      }
      const std::size_t count = std::min<std::size_t>(limits_.max_parallel_requests, candidates.size() - begin);
      std::vector<Result<Fetched>> fetched(count, Fetched{});
      Run(count, [&](std::size_t at) { fetched[at] = attached_.GetManifest(candidates[begin + at].digest); });
      for (std::size_t at = 0; at < count; ++at) {
        if (fetched[at]) read_bytes += fetched[at]->bytes.size();
        TakeReferrer(fetched[at], "referrer " + candidates[begin + at].digest);
      }
    }
  }

  void TakeReferrer(const Result<Fetched>& fetched, const std::string& name) {
    if (!fetched) return Fault(name, fetched.error().message);
    if (!fetched->found) return Fault(name, "is listed, but there is no such manifest");
    const Result<ImageManifest> manifest = ReadImageManifest(fetched->bytes, fetched->media_type, limits_);
    if (!manifest) return Fault(name, manifest.error().message);
    if (manifest->kind != ManifestKind::kImage) return Note(name + " is an index; it is not read");
    // Nothing forces a fallback tag, or a registry, to list only what is about this image.
    if (!manifest->subject || manifest->subject->digest != out_.digest) {
      return Note(name + " is listed, but speaks about " + (manifest->subject ? manifest->subject->digest : "no image"));
    }
    const std::string& type = manifest->artifact_type.empty() ? manifest->config.media_type : manifest->artifact_type;
    if (type == kNotationType) return NoteNotation();
    if (type == kCosignSignatureType) {
      return options_.oci11 == Oci11Signatures::kRead ? WantLayers(*manifest, name, MaterialForm::kSimpleSigning) : NoteOci11();
    }
    TakeBundle(*manifest, name, type);
  }

  void TakeBundle(const ImageManifest& manifest, const std::string& name, const std::string& type) {
    const bool has_bundle =
        std::any_of(manifest.layers.begin(), manifest.layers.end(), [](const Descriptor& layer) { return IsBundleType(layer.media_type); });
    if (!has_bundle) {
      if (IsBundleType(type)) Note(name + " calls itself a bundle and has no layer of that type; it is not read");
      return;
    }
    if (manifest.layers.size() != 1) {
      return Note(name + " has " + std::to_string(manifest.layers.size()) + " layers, a bundle has one; it is not read");
    }
    Want(manifest.layers.front(), name, MaterialForm::kBundle);
  }

  // A blob that several layers name is asked for once.
  struct Blob {
    std::string digest;
    std::uint64_t size = 0;  // the largest that a descriptor says
    std::size_t uses = 0;
    Result<Fetched> fetched{Fetched{}};
  };

  void FetchBlobs() {
    std::map<std::string, std::size_t> slots;
    std::vector<Blob> blobs;
    for (const Wanted& wanted : wanted_) {
      const auto [slot, is_new] = slots.emplace(wanted.digest, blobs.size());
      if (is_new) blobs.push_back({.digest = wanted.digest});
      Blob& blob = blobs[slot->second];
      blob.size = std::max(blob.size, wanted.size);
      ++blob.uses;
    }
    Run(blobs.size(), [&](std::size_t at) { blobs[at].fetched = attached_.GetBlob(blobs[at].digest, blobs[at].size); });
    for (Wanted& wanted : wanted_) TakeBlob(wanted, blobs[slots.at(wanted.digest)]);
  }

  void TakeBlob(Wanted& wanted, Blob& blob) {
    const std::string origin = wanted.material.origin + ", blob " + wanted.digest;
    Result<Fetched>& fetched = blob.fetched;
    --blob.uses;
    if (!fetched) return Fault(origin, fetched.error().message);
    if (!fetched->found) return Fault(origin, "the manifest names it, but there is no such blob");
    if (fetched->bytes.size() != wanted.size) {
      return Fault(origin, "has " + std::to_string(fetched->bytes.size()) + " bytes, its descriptor says " + std::to_string(wanted.size));
    }
    wanted.material.bytes = blob.uses == 0 ? std::move(fetched->bytes) : fetched->bytes;
    out_.materials.push_back(std::move(wanted.material));
  }

  const ImageSource& source_;
  const ImageSource& attached_;
  const GatherOptions& options_;
  const GatherLimits& limits_;
  std::string tag_;  // "sha256-<hex>"
  Result<Fetched> image_{Fetched{.found = true}};
  Result<Fetched> signatures_{Fetched{}};
  Result<Fetched> attestations_{Fetched{}};
  Result<Fetched> fallback_{Fetched{}};
  Result<Referrers> listing_{Referrers{}};
  std::vector<Wanted> wanted_;
  std::size_t wanted_bytes_ = 0;  // INVARIANT: at most limits_.max_image_bytes
  bool noted_notation_ = false;
  bool noted_oci11_ = false;
  GatheredMaterial out_;
};

// A tag's digest is asked for first, where that costs less than a manifest and is not counted as a pull. It is a claim: what is fetched by
// it is checked against it, and the tag is asked for when there is nothing.
Result<Fetched> FetchManifest(const ImageSource& source, std::string_view reference) {
  if (!IsTag(reference)) return source.GetManifest(reference);
  const Result<std::string> digest = source.FindDigest(reference);
  if (!digest) return digest.error();
  if (!digest->empty()) {
    Result<Fetched> fetched = source.GetManifest(*digest);
    if (!fetched || fetched->found) return fetched;
  }
  return source.GetManifest(reference);
}

}  // namespace

Result<ResolvedImage> ResolveImage(const ImageSource& source, std::string_view reference, const GatherLimits& limits) {
  const std::string name = "`" + Shown(reference) + "`";
  Result<Fetched> fetched = FetchManifest(source, reference);
  if (!fetched) return Error{fetched.error().code, name + ": " + fetched.error().message};
  if (!fetched->found) return Error{ErrorCode::kNotFound, name + ": there is no such manifest in the repository"};
  const Result<ImageManifest> manifest = ReadImageManifest(fetched->bytes, fetched->media_type, limits);
  if (!manifest) return Error{manifest.error().code, name + ": " + manifest.error().message};
  ResolvedImage out{.digest = DigestOf(fetched->bytes), .media_type = manifest->media_type, .size = fetched->bytes.size()};
  out.is_index = manifest->kind == ManifestKind::kIndex;
  for (const Descriptor& child : manifest->manifests)
    out.platforms.push_back({child.digest, child.platform, TryManifestKind(child.media_type) == ManifestKind::kIndex});
  return out;
}

GatheredMaterial GatherMaterial(const ImageSource& source, std::string_view digest, const GatherOptions& options) {
  WRIT_CHECK(IsSha256Digest(digest));
  return Collector(source, digest, options).Collect();
}

}  // namespace writ::image
