// Image references, normalised once: the text of a pod template becomes registry, repository, tag and digest, read exactly as
// containerd and docker read it, or is refused.
//
//   Result<ImageReference> reference = ParseImageReference("nginx:1.27");
//   reference->Text()       // "docker.io/library/nginx:1.27"
//   reference->ApiHost()    // "registry-1.docker.io"
#pragma once

#include <string>
#include <string_view>

#include "rules/base/result.h"
#include "webhook/image/reference/host.h"

namespace writ::image {

// One image. INVARIANT: every part is of the canonical form, so that equal images have equal Text().
struct ImageReference {
  HostPort registry;       // "docker.io" for Docker Hub, whatever name of it was written
  std::string repository;  // "library/nginx"
  std::string tag;         // "latest" when neither tag nor digest is written; "" when only a digest is
  std::string digest;      // "sha256:<64 hex digits>" or ""

  // "registry/repository[:tag][@digest]".
  std::string Text() const;
  // "registry/repository", as policies and credentials name it.
  std::string Name() const;
  // What to ask the registry for: the digest, which wins over the tag, or the tag.
  const std::string& Target() const { return digest.empty() ? tag : digest; }
  bool is_pinned() const { return !digest.empty(); }
  // Where requests go: the registry, but `registry-1.docker.io` for Docker Hub.
  HostPort ApiHost() const;
};

// Reads the text of a reference as docker and containerd read it: without a host it is Docker Hub's, one-part names there are
// below `library/`, an absent tag is `latest`.
// Errors (kInvalidArgument, the message names the text and what is wrong): upper case in the repository, digests other than SHA-256,
// URLs, blanks, everything their grammar refuses, and what they would read otherwise than it looks (`Acme/app` is a host to docker).
Result<ImageReference> ParseImageReference(std::string_view text);

// Returns whether `text` can be a repository: small letters, digits and single separators, parts joined by `/`, at most 255 bytes.
bool IsRepository(std::string_view text);
// Returns whether `text` can be a tag: 1 to 128 of letters, digits, `_`, `.`, `-`, not starting with `.` or `-`.
bool IsTag(std::string_view text);
// Returns whether `text` is `sha256:` and 64 small hex digits.
bool IsSha256Digest(std::string_view text);

// The host of Docker Hub as references name it, and as requests do.
inline constexpr std::string_view kDockerHub = "docker.io";
inline constexpr std::string_view kDockerHubApi = "registry-1.docker.io";

}  // namespace writ::image
