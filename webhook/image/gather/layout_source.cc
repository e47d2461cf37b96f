// An OCI layout folder as an ImageSource. Source: OCI image-spec 1.1, image-layout.md; for cosign's `kind`, its saved folders.
#include "webhook/image/gather/layout_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "engine/json/json_document.h"
#include "rules/base/digest.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKindImage = "dev.cosignproject.cosign/image";
constexpr std::string_view kKindIndex = "dev.cosignproject.cosign/imageIndex";
constexpr std::string_view kKindSignatures = "dev.cosignproject.cosign/sigs";
constexpr std::string_view kKindAttestations = "dev.cosignproject.cosign/atts";
constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
constexpr std::string_view kContainerdName = "io.containerd.image.name";
constexpr std::string_view kImageConfigTypes[] = {"application/vnd.oci.image.config.v1+json",
                                                  "application/vnd.docker.container.image.v1+json"};
constexpr std::size_t kHexBytes = 64;

std::string Annotation(const Descriptor& descriptor, std::string_view key) {
  const auto found = descriptor.annotations.find(std::string(key));
  return found == descriptor.annotations.end() ? "" : found->second;
}

// Absence is `found == false`; everything else that is no regular file of at most `max_bytes` is an error that names the path.
Result<Fetched> ReadRegularFile(const std::string& path, std::size_t max_bytes) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return Fetched{};
  if (error) return Error{ErrorCode::kUnreadable, path + ": " + error.message()};
  if (status.type() != fs::file_type::regular) return Error{ErrorCode::kUnreadable, path + ": is no regular file"};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kUnreadable, path + ": cannot be read"};
  const auto size = fs::file_size(path, error);
  if (error || size > max_bytes) return Error{ErrorCode::kTooLarge, path + ": larger than " + std::to_string(max_bytes) + " bytes"};
  Fetched out{.found = true, .bytes = std::string(static_cast<std::size_t>(size), '\0')};
  file.read(out.bytes.data(), static_cast<std::streamsize>(size));
  if (file.gcount() != static_cast<std::streamsize>(size)) return Error{ErrorCode::kUnreadable, path + ": changed while it was read"};
  return out;
}

// "sha256-<hex>", the tag under which referrers without an API are listed.
bool IsFallbackTag(std::string_view tag) {
  if (!tag.starts_with("sha256-")) return false;
  return IsSha256Digest("sha256:" + std::string(tag.substr(7, kHexBytes)));
}

std::string TagOf(std::string_view digest) { return "sha256-" + std::string(digest.substr(7)); }

}  // namespace

Result<std::unique_ptr<LayoutSource>> LayoutSource::Open(const std::string& folder, const GatherLimits& limits) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return Error{ErrorCode::kNotFound, folder + ": there is no such folder"};
  std::unique_ptr<LayoutSource> layout(new LayoutSource(folder, limits));
  WRIT_RETURN_IF_ERROR(layout->CheckVersion());
  WRIT_RETURN_IF_ERROR(layout->ReadIndex());
  WRIT_RETURN_IF_ERROR(layout->SearchReferrers());
  WRIT_RETURN_IF_ERROR(layout->TakeEntries());
  return layout;
}

Status LayoutSource::CheckVersion() const {
  const std::string path = folder_ + "/oci-layout";
  const Result<Fetched> file = ReadRegularFile(path, limits_.max_manifest_bytes);
  if (!file) return file.error();
  if (!file->found) {
    return Error{ErrorCode::kNotFound, folder_ + ": is no OCI layout: the file `oci-layout` is missing; `cosign save --dir` writes one"};
  }
  JsonDocument document;
  const Result<JsonNode> root = document.Parse(file->bytes);
  if (!root) return Error{ErrorCode::kInvalidArgument, path + ": " + root.error().message};
  const JsonNode version = root->is(JsonKind::kObject) ? root->Find("imageLayoutVersion") : JsonNode();
  if (!version.valid() || !version.is(JsonKind::kString)) {
    return Error{ErrorCode::kInvalidArgument, path + ": found no `imageLayoutVersion`"};
  }
  if (version.string() != "1.0.0") {
    return Error{ErrorCode::kVersionUnknown, path + ": found the version `" + Shown(version.string()) + "`, expected `1.0.0`"};
  }
  return OkStatus();
}

Status LayoutSource::ReadIndex() {
  const std::string path = folder_ + "/index.json";
  const Result<Fetched> file = ReadRegularFile(path, limits_.max_manifest_bytes);
  if (!file) return file.error();
  if (!file->found) return Error{ErrorCode::kNotFound, folder_ + ": is no OCI layout: the file `index.json` is missing"};
  // The specification leaves `mediaType` out of index.json.
  Result<ImageManifest> index = ReadImageManifest(file->bytes, kOciIndexType, limits_);
  if (!index) return Error{index.error().code, path + ": " + index.error().message};
  entries_ = std::move(index->manifests);
  return OkStatus();
}

Status LayoutSource::TakeEntries() {
  for (const Descriptor& entry : entries_) {
    media_types_.insert_or_assign(entry.digest, entry.media_type);
    const std::string kind = Annotation(entry, "kind");
    const std::string tag = Annotation(entry, kRefName);
    TakeName(tag, entry.digest);
    TakeName(Annotation(entry, kContainerdName), entry.digest);
    const bool is_image =
        kind.empty() ? !IsFallbackTag(tag) && !attached_.contains(entry.digest) : kind == kKindImage || kind == kKindIndex;
    if (is_image && std::find(images_.begin(), images_.end(), entry.digest) == images_.end()) images_.push_back(entry.digest);
  }
  for (const Descriptor& entry : entries_) WRIT_RETURN_IF_ERROR(TakeEntry(entry, Annotation(entry, "kind")));
  return OkStatus();
}

void LayoutSource::TakeName(const std::string& name, const std::string& digest) {
  if (name.empty()) return;
  const auto [at, is_new] = tags_.emplace(name, digest);
  if (!is_new && at->second != digest) ambiguous_.insert(name);
}

// `kind` does not say whose signatures they are, so there must be one image only.
Status LayoutSource::TakeEntry(const Descriptor& entry, std::string_view kind) {
  if (kind != kKindSignatures && kind != kKindAttestations) return OkStatus();
  if (images_.size() != 1) {
    return Error{ErrorCode::kInvalidArgument, folder_ + "/index.json: has signatures marked by `kind` and " +
                                                  std::to_string(images_.size()) + " images, expected one image a folder"};
  }
  const std::string tag = TagOf(images_.front()) + (kind == kKindSignatures ? ".sig" : ".att");
  if (!tags_.emplace(tag, entry.digest).second && tags_.at(tag) != entry.digest) {
    return Error{ErrorCode::kInvalidArgument, folder_ + "/index.json: has two entries of the kind `" + std::string(kind) + "`"};
  }
  return OkStatus();
}

Status LayoutSource::SearchReferrers() {
  std::error_code error;
  fs::directory_iterator files(folder_ + "/blobs/sha256", error);
  if (error) return Error{ErrorCode::kNotFound, folder_ + ": is no OCI layout: the folder `blobs/sha256` is missing"};
  std::vector<std::string> digests;
  for (; files != fs::directory_iterator(); files.increment(error)) {
    if (error) return Error{ErrorCode::kUnreadable, folder_ + "/blobs/sha256: " + error.message()};
    const std::string digest = "sha256:" + files->path().filename().string();
    if (!IsSha256Digest(digest)) continue;
    if (digests.size() == limits_.max_layout_blobs) {
      return Error{ErrorCode::kTooLarge, folder_ + "/blobs/sha256: more than " + std::to_string(limits_.max_layout_blobs) + " files"};
    }
    digests.push_back(digest);
  }
  std::sort(digests.begin(), digests.end());
  for (const std::string& digest : digests) TakeReferrer(digest);
  return OkStatus();
}

// Most blobs are layers of images: those are neither read whole nor reported.
void LayoutSource::TakeReferrer(const std::string& digest) {
  const std::string path = folder_ + "/blobs/sha256/" + digest.substr(7);
  std::error_code error;
  if (!fs::is_regular_file(path, error) || std::ifstream(path, std::ios::binary).get() != '{') return;
  const Result<Fetched> blob = ReadBlob(digest, limits_.max_manifest_bytes);
  // It may have been a referrer, and its subject any image: of none it can be said what is attached.
  if (!blob && blob.error().code == ErrorCode::kCorrupt) damaged_ = blob.error();
  if (!blob || !blob->found) return;
  const Result<ImageManifest> manifest = ReadImageManifest(blob->bytes, "", limits_);
  if (!manifest || !manifest->subject) return;
  media_types_.emplace(digest, manifest->media_type);
  const std::string& type = manifest->artifact_type.empty() ? manifest->config.media_type : manifest->artifact_type;
  if (std::find(std::begin(kImageConfigTypes), std::end(kImageConfigTypes), type) == std::end(kImageConfigTypes)) attached_.insert(digest);
  referrers_[manifest->subject->digest].push_back(
      {.media_type = manifest->media_type, .digest = digest, .size = blob->bytes.size(), .artifact_type = type});
}

Result<Fetched> LayoutSource::ReadBlob(std::string_view digest, std::size_t max_bytes) const {
  if (!IsSha256Digest(digest)) return Error{ErrorCode::kInvalidArgument, "`" + Shown(digest) + "` is no sha256 digest"};
  const std::string path = folder_ + "/blobs/sha256/" + std::string(digest.substr(7));
  Result<Fetched> file = ReadRegularFile(path, max_bytes);
  if (file && file->found && DigestOf(file->bytes) != digest) {
    return Error{ErrorCode::kCorrupt, path + ": its bytes do not hash to its name"};
  }
  return file;
}

Result<std::string> LayoutSource::FindImage(std::string_view name) const {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::kInvalidArgument,
                 folder_ + ": " + why + ": name it by its digest, or leave it out if the folder holds one image only"};
  };
  if (IsSha256Digest(name)) return std::string(name);
  if (name.starts_with("sha256:")) {
    return Error{ErrorCode::kInvalidArgument,
                 "`" + Shown(name) + "` is no digest, expected sha256: and 64 hexadecimal digits in small letters"};
  }
  std::string key(name.starts_with(':') ? name.substr(1) : name);
  if (!tags_.contains(key) && !IsTag(key)) {
    const Result<ImageReference> reference = ParseImageReference(name);
    if (!reference) return reference.error();
    if (reference->is_pinned()) return reference->digest;
    key = reference->tag;
    for (const auto& [each, digest] : tags_) {
      const Result<ImageReference> other = IsTag(each) ? Error{} : ParseImageReference(each);
      if (other && other->Name() == reference->Name() && other->tag == reference->tag) key = each;
    }
  }
  // cosign 2 writes no tags: then a reference without a digest cannot be looked up, and guessing would verify another image.
  const auto found = tags_.find(key);
  if (found == tags_.end()) return refuse("holds no image of tag `" + Shown(key) + "`");
  if (ambiguous_.contains(key)) return refuse("holds two images of tag `" + Shown(key) + "`");
  return found->second;
}

Result<Fetched> LayoutSource::GetManifest(std::string_view reference) const {
  std::string_view digest = reference;
  if (!IsSha256Digest(reference)) {
    const auto tag = tags_.find(reference);
    if (tag == tags_.end()) return Fetched{};
    digest = tag->second;
  }
  Result<Fetched> blob = ReadBlob(digest, limits_.max_manifest_bytes);
  if (!blob || !blob->found) return blob;
  const auto media_type = media_types_.find(digest);
  if (media_type != media_types_.end()) blob->media_type = media_type->second;
  return blob;
}

Result<Fetched> LayoutSource::GetBlob(std::string_view digest, std::size_t max_bytes) const { return ReadBlob(digest, max_bytes); }

Result<Referrers> LayoutSource::GetReferrers(std::string_view digest) const {
  if (damaged_) return *damaged_;
  Referrers out{.found = true};
  const auto found = referrers_.find(digest);
  if (found != referrers_.end()) out.manifests = found->second;
  return out;
}

}  // namespace writ::image
