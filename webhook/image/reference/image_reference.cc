// Image references. Grammar and rules: distribution/reference (ParseNormalizedNamed), which kubelet, containerd and docker share.
//
//   reference = [host "/"] part *("/" part) [":" tag] ["@" digest]
//   part      = alnum *(separator alnum),  separator = "." | "_" | "__" | 1*"-"
//
// The first part is a host when it has a dot, a colon or an upper-case letter, or is `localhost`.
#include "webhook/image/reference/image_reference.h"

#include <algorithm>

#include "webhook/image/reference/text.h"

namespace writ::image {
namespace {

constexpr std::size_t kMaxReferenceBytes = 512;   // host and repository 255, tag 128, digest 71, separators
constexpr std::size_t kMaxRepositoryBytes = 255;  // of host and path together, as older docker versions count
constexpr std::size_t kMaxTagBytes = 128;
constexpr std::size_t kHexBytes = 64;
constexpr std::string_view kSha256 = "sha256:";

bool IsSmallHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }
bool IsSmallHexDigest(std::string_view text) { return text.size() == kHexBytes && std::all_of(text.begin(), text.end(), IsSmallHex); }
bool IsAlnum(char c) { return IsLower(c) || IsDigit(c); }

// Letters and digits, with one separator at a time between them: `.`, `_`, `__` or any number of dashes.
bool IsPart(std::string_view part) {
  if (part.empty() || !IsAlnum(part.front()) || !IsAlnum(part.back())) return false;
  for (std::size_t at = 0; at < part.size();) {
    if (IsAlnum(part[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < part.size() && part[end] == part[at]) ++end;
    const bool is_separator = part[at] == '-' || (part[at] == '.' && end - at == 1) || (part[at] == '_' && end - at <= 2);
    if (!is_separator || !IsAlnum(part[end])) return false;
    at = end;
  }
  return true;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<ImageReference> Read() {
    WRIT_RETURN_IF_ERROR(CheckText());
    std::string_view rest = text_;
    WRIT_RETURN_IF_ERROR(TakeDigest(rest));
    WRIT_RETURN_IF_ERROR(TakeHost(rest));
    WRIT_RETURN_IF_ERROR(TakeTag(rest));
    WRIT_RETURN_IF_ERROR(TakeRepository(rest));
    if (out_.tag.empty() && out_.digest.empty()) out_.tag = "latest";
    return out_;
  }

 private:
  Error Bad(std::string_view why) const {
    return Error{ErrorCode::kInvalidArgument, "image reference `" + Shown(text_) + "`: " + std::string(why)};
  }

  Status CheckText() const {
    if (text_.empty()) return Bad("is empty");
    if (text_.size() > kMaxReferenceBytes) return Bad("longer than 512 bytes");
    if (text_.find("://") != std::string_view::npos) return Bad("found a URL; write it without its scheme, as `ghcr.io/acme/app:1.0`");
    const auto is_odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F; };
    if (std::any_of(text_.begin(), text_.end(), is_odd)) return Bad("found a blank, a control character or a letter beyond ASCII");
    if (IsSmallHexDigest(text_)) return Bad("64 hex digits are an image id, which is no reference");
    return OkStatus();
  }

  Status TakeDigest(std::string_view& rest) {
    const std::size_t at = rest.find('@');
    if (at == std::string_view::npos) return OkStatus();
    const std::string_view digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (digest.starts_with("sha512:") || digest.starts_with("sha384:")) {
      return Bad("a " + std::string(digest.substr(0, 6)) + " digest; signatures name images by sha256, so only that is read");
    }
    if (!IsSha256Digest(digest)) return Bad("found `" + Shown(digest) + "` behind `@`, expected `sha256:` and 64 small hex digits");
    out_.digest = digest;
    return OkStatus();
  }

  Status TakeHost(std::string_view& rest) {
    out_.registry.host = kDockerHub;
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return OkStatus();
    const std::string_view first = rest.substr(0, slash);
    const bool is_host = first == "localhost" || first.find_first_of(".:") != std::string_view::npos;
    if (!is_host) {
      if (std::none_of(first.begin(), first.end(), IsUpper)) return OkStatus();
      return Bad("`" + Shown(first) + "` has upper case, so docker takes it for a host; repositories are lower case: `" + Lower(first) +
                 "/…`");
    }
    Result<HostPort> host = ParseHostPort(first);
    if (!host) return Bad(host.error().message);
    out_.registry = *host;
    if (out_.registry.host == "index.docker.io" && out_.registry.port == 0) out_.registry.host = kDockerHub;
    rest.remove_prefix(slash + 1);
    return OkStatus();
  }

  Status TakeTag(std::string_view& rest) {
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos) return OkStatus();
    const std::string_view tag = rest.substr(colon + 1);
    if (!IsTag(tag)) {
      return Bad("found the tag `" + Shown(tag) + "`; a tag is 1 to 128 letters, digits, `_`, `.`, `-`, not starting with `.` or `-`");
    }
    out_.tag = tag;
    rest = rest.substr(0, colon);
    return OkStatus();
  }

  Status TakeRepository(std::string_view rest) {
    if (std::any_of(rest.begin(), rest.end(), IsUpper)) {
      return Bad("repository `" + Shown(rest) + "` has upper case; repositories are lower case: `" + Lower(rest) + "`");
    }
    if (!IsRepository(rest)) {
      return Bad("found the repository `" + Shown(rest) +
                 "`; its parts are small letters and digits with single separators, joined by `/`");
    }
    const bool is_official = out_.registry.Text() == kDockerHub && rest.find('/') == std::string_view::npos;
    out_.repository = (is_official ? "library/" : "") + std::string(rest);
    if (out_.Name().size() > kMaxRepositoryBytes) return Bad("host and repository are longer than 255 bytes");
    return OkStatus();
  }

  std::string_view text_;
  ImageReference out_;
};

}  // namespace

bool IsRepository(std::string_view text) {
  if (text.size() > kMaxRepositoryBytes) return false;
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!IsPart(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool IsTag(std::string_view text) {
  if (text.empty() || text.size() > kMaxTagBytes || text.front() == '.' || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || IsDigit(c) || c == '_' || c == '.' || c == '-'; });
}

bool IsSha256Digest(std::string_view text) { return text.starts_with(kSha256) && IsSmallHexDigest(text.substr(kSha256.size())); }

std::string ImageReference::Name() const { return registry.Text() + "/" + repository; }

std::string ImageReference::Text() const {
  std::string out = Name();
  if (!tag.empty()) out += ":" + tag;
  if (!digest.empty()) out += "@" + digest;
  return out;
}

HostPort ImageReference::ApiHost() const {
  if (registry.Text() == kDockerHub) return HostPort{.host = std::string(kDockerHubApi)};
  return registry;
}

Result<ImageReference> ParseImageReference(std::string_view text) { return Reader(text).Read(); }

}  // namespace writ::image
