// OCI manifests and indexes. Source: OCI image-spec 1.1, manifest.md and image-index.md; docker's schema 2 has the same members.
//
// Two readers of the same bytes must not see two images, so whatever Go's decoder would take differently is refused: duplicate
// members (by JsonDocument), members of another case, and documents that are manifest and index at once (CVE-2021-41190).
#include "webhook/image/gather/image_manifest.h"

#include <algorithm>
#include <array>
#include <span>

#include "engine/json/json_document.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

constexpr std::array<std::string_view, 9> kManifestMembers = {"schemaVersion", "mediaType", "artifactType", "config",  "layers",
                                                              "manifests",     "subject",   "annotations",  "fsLayers"};
constexpr std::array<std::string_view, 8> kDescriptorMembers = {"mediaType", "digest",       "size",     "urls",
                                                                "data",      "artifactType", "platform", "annotations"};
constexpr std::array<std::string_view, 3> kPlatformMembers = {"os", "architecture", "variant"};

Error Bad(std::string what) { return Error{ErrorCode::kInvalidArgument, std::move(what)}; }

Status CheckObject(JsonNode node, const std::string& where, std::span<const std::string_view> known) {
  if (!node.is(JsonKind::kObject)) return Bad(where + " is no object");
  for (const JsonMember& member : node.members()) {
    for (const std::string_view name : known) {
      if (member.key != name && EqualsFold(member.key, name)) {
        return Bad(where + " has the member `" + Shown(member.key) + "`, which some read as `" + std::string(name) + "`");
      }
    }
  }
  return OkStatus();
}

// An absent or null member leaves `to` as it is.
Status ReadText(JsonNode node, const std::string& where, std::string_view key, std::string& to) {
  const JsonNode member = node.Find(key);
  if (!member.valid() || member.is(JsonKind::kNull)) return OkStatus();
  if (!member.is(JsonKind::kString)) return Bad("`" + where + std::string(key) + "` is no string");
  to = member.string();
  return OkStatus();
}

// A tiny annotation costs ten times its bytes once it is read, and cosign writes six.
Status ReadAnnotations(JsonNode node, const std::string& where, const GatherLimits& limits, std::map<std::string, std::string>& to) {
  const JsonNode member = node.Find("annotations");
  if (!member.valid() || member.is(JsonKind::kNull)) return OkStatus();
  if (!member.is(JsonKind::kObject)) return Bad("`" + where + "annotations` is no object");
  if (member.count() > limits.max_annotations) {
    return Error{ErrorCode::kTooLarge, "`" + where + "annotations` has more than " + std::to_string(limits.max_annotations) + " entries"};
  }
  for (const JsonMember& annotation : member.members()) {
    if (!annotation.value.is(JsonKind::kString)) return Bad("`" + where + "annotations` has a value that is no string");
    to.emplace(annotation.key, annotation.value.string());
  }
  return OkStatus();
}

Status ReadPlatform(JsonNode node, const std::string& where, std::string& to) {
  const JsonNode platform = node.Find("platform");
  if (!platform.valid() || platform.is(JsonKind::kNull)) return OkStatus();
  WRIT_RETURN_IF_ERROR(CheckObject(platform, "`" + where + "platform`", kPlatformMembers));
  for (const std::string_view key : kPlatformMembers) {
    std::string part;
    WRIT_RETURN_IF_ERROR(ReadText(platform, where + "platform.", key, part));
    if (!part.empty()) to += (to.empty() ? "" : "/") + part;
  }
  return OkStatus();
}

Result<Descriptor> ReadDescriptor(JsonNode node, const std::string& name, const GatherLimits& limits) {
  const std::string where = name + ".";
  Descriptor out;
  WRIT_RETURN_IF_ERROR(CheckObject(node, "`" + name + "`", kDescriptorMembers));
  WRIT_RETURN_IF_ERROR(ReadText(node, where, "mediaType", out.media_type));
  WRIT_RETURN_IF_ERROR(ReadText(node, where, "digest", out.digest));
  WRIT_RETURN_IF_ERROR(ReadText(node, where, "artifactType", out.artifact_type));
  WRIT_RETURN_IF_ERROR(ReadAnnotations(node, where, limits, out.annotations));
  WRIT_RETURN_IF_ERROR(ReadPlatform(node, where, out.platform));
  if (out.media_type.empty()) return Bad("`" + where + "mediaType` is missing");
  if (!IsSha256Digest(out.digest)) return Bad("`" + where + "digest` is `" + Shown(out.digest) + "`, expected `sha256:` and 64 hex digits");
  const JsonNode size = node.Find("size");
  if (!size.valid() || !size.is(JsonKind::kInt) || size.integer() < 0) return Bad("`" + where + "size` is no number of bytes");
  out.size = static_cast<std::uint64_t>(size.integer());
  return out;
}

Status ReadDescriptors(JsonNode root, const std::string& name, const GatherLimits& limits, std::vector<Descriptor>& to) {
  const JsonNode list = root.Find(name);
  // Go writes an empty list as null.
  if (list.is(JsonKind::kNull)) return OkStatus();
  if (!list.is(JsonKind::kArray)) return Bad("`" + name + "` is no list");
  if (list.count() > limits.max_descriptors) {
    return Error{ErrorCode::kTooLarge, "`" + name + "` has more than " + std::to_string(limits.max_descriptors) + " entries"};
  }
  for (const JsonNode item : list.items()) {
    Result<Descriptor> descriptor = ReadDescriptor(item, name + "[" + std::to_string(to.size()) + "]", limits);
    if (!descriptor) return descriptor.error();
    to.push_back(*std::move(descriptor));
  }
  return OkStatus();
}

Status ReadMediaType(JsonNode root, std::string_view content_type, ImageManifest& to) {
  WRIT_RETURN_IF_ERROR(ReadText(root, "", "mediaType", to.media_type));
  if (to.media_type.empty()) {
    to.media_type = content_type;
  } else if (!content_type.empty() && content_type != to.media_type) {
    return Bad("`mediaType` is `" + Shown(to.media_type) + "`, but it was delivered as `" + Shown(content_type) + "`");
  }
  const std::optional<ManifestKind> kind = TryManifestKind(to.media_type);
  if (!kind) return Bad("the media type is `" + Shown(to.media_type) + "`, expected an OCI or docker manifest or index");
  to.kind = *kind;
  return OkStatus();
}

Status ReadParts(JsonNode root, const GatherLimits& limits, ImageManifest& to) {
  const bool is_index = to.kind == ManifestKind::kIndex;
  const std::string wanted = is_index ? "manifests" : "layers";
  for (const char* other : {"manifests", "layers", "config", "fsLayers"}) {
    const bool belongs = other == wanted || (!is_index && std::string_view(other) == "config");
    if (root.Find(other).valid() != belongs) {
      return Bad(std::string("`") + other + "` is " + (belongs ? "missing in" : "unexpected in") +
                 (is_index ? " an index" : " an image manifest"));
    }
  }
  if (is_index) return ReadDescriptors(root, wanted, limits, to.manifests);
  Result<Descriptor> config = ReadDescriptor(root.Find("config"), "config", limits);
  if (!config) return config.error();
  to.config = *std::move(config);
  return ReadDescriptors(root, wanted, limits, to.layers);
}

}  // namespace

std::optional<ManifestKind> TryManifestKind(std::string_view media_type) {
  if (media_type == kOciManifestType || media_type == kDockerManifestType) return ManifestKind::kImage;
  if (media_type == kOciIndexType || media_type == kDockerListType) return ManifestKind::kIndex;
  return std::nullopt;
}

Result<ImageManifest> ReadImageManifest(std::string_view bytes, std::string_view content_type, const GatherLimits& limits) {
  if (bytes.size() > limits.max_manifest_bytes) {
    return Error{ErrorCode::kTooLarge, "larger than " + std::to_string(limits.max_manifest_bytes) + " bytes"};
  }
  JsonDocument document({.max_bytes = limits.max_manifest_bytes, .max_depth = limits.max_json_depth});
  const Result<JsonNode> root = document.Parse(bytes);
  if (!root) return root.error();
  WRIT_RETURN_IF_ERROR(CheckObject(*root, "a manifest", kManifestMembers));
  ImageManifest out;
  WRIT_RETURN_IF_ERROR(ReadMediaType(*root, content_type, out));
  const JsonNode version = root->Find("schemaVersion");
  if (!version.valid() || !version.is(JsonKind::kInt) || version.integer() != 2) return Bad("`schemaVersion` is not 2");
  WRIT_RETURN_IF_ERROR(ReadText(*root, "", "artifactType", out.artifact_type));
  WRIT_RETURN_IF_ERROR(ReadAnnotations(*root, "", limits, out.annotations));
  WRIT_RETURN_IF_ERROR(ReadParts(*root, limits, out));
  const JsonNode subject = root->Find("subject");
  if (subject.valid() && !subject.is(JsonKind::kNull)) {
    Result<Descriptor> descriptor = ReadDescriptor(subject, "subject", limits);
    if (!descriptor) return descriptor.error();
    out.subject = *std::move(descriptor);
  }
  return out;
}

}  // namespace writ::image
