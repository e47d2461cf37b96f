// The registry client. Source: OCI distribution-spec 1.1, sections "Pull" and "Listing Referrers".
#include "webhook/image/registry/registry_client.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "rules/base/mutex.h"
#include "webhook/image/reference/text.h"
#include "webhook/image/registry/exchange.h"
#include "webhook/image/registry/link_header.h"
#include "webhook/image/registry/registry_shared.h"

namespace writ::image {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string AcceptedTypes() {
  std::string out;
  for (const std::string_view type : {kOciIndexType, kOciManifestType, kDockerListType, kDockerManifestType}) {
    out += (out.empty() ? "" : ", ") + std::string(type);
  }
  return out;
}

// The header Content-Type without its parameters.
// What a server answers that knows no such path. Registries' own errors are JSON, and may be about one repository only.
constexpr std::string_view kNoSuchPathType = "text/plain";

std::string MediaTypeOf(const WireReply& reply) {
  const std::string_view type = reply.Header("Content-Type");
  return Lower(Trim(type.substr(0, type.find(';'))));
}

// One repository: implements ImageSource over the mirrors and the registry itself.
class Repository final : public ImageSource {
 public:
  Repository(RegistryClient::Shared& shared, std::vector<Exchange> places, steady_clock::time_point deadline)
      : shared_(shared), places_(std::move(places)), deadline_(deadline) {}

  Result<std::string> FindDigest(std::string_view tag) const override {
    if (!IsTag(tag)) return Error{ErrorCode::kInvalidArgument, "`" + Shown(tag) + "` is no tag"};
    return shared_.digests.Run(KeyOf("digest", tag, 0), deadline_, TimeLeft(), [&] { return HeadPlaces(tag); });
  }

  Result<Fetched> GetManifest(std::string_view reference) const override {
    if (!IsTag(reference) && !IsSha256Digest(reference))
      return Error{ErrorCode::kInvalidArgument, "`" + Shown(reference) + "` is no tag or digest"};
    return Fetch("manifests", reference, {.accept = AcceptedTypes(), .max_body_bytes = shared_.limits.max_manifest_bytes});
  }

  Result<Fetched> GetBlob(std::string_view digest, std::size_t max_bytes) const override {
    if (!IsSha256Digest(digest)) return Error{ErrorCode::kInvalidArgument, "`" + Shown(digest) + "` is no sha256 digest"};
    return Fetch("blobs", digest, {.max_body_bytes = max_bytes});
  }

  Result<Referrers> GetReferrers(std::string_view digest) const override {
    if (!IsSha256Digest(digest)) return Error{ErrorCode::kInvalidArgument, "`" + Shown(digest) + "` is no sha256 digest"};
    return shared_.listings.Run(KeyOf("referrers", digest, 0), deadline_, TimeLeft(), [&] { return ListReferrers(digest); });
  }

 private:
  milliseconds TimeLeft() const {
    return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline_ - shared_.seams.now()));
  }

  // Names the question to all of its places. Credentials are part of it: what one may read another may not.
  std::string KeyOf(std::string_view kind, std::string_view reference, std::size_t max_bytes) const {
    std::string key = std::string(kind) + " " + std::string(reference) + " " + std::to_string(max_bytes);
    for (const Exchange& place : places_) key += "\n" + place.Key();
    return key;
  }

  static std::string Target(const Exchange& place, std::string_view kind, std::string_view reference) {
    return "/v2/" + place.repository() + "/" + std::string(kind) + "/" + std::string(reference);
  }

  Result<Fetched> Fetch(std::string_view kind, std::string_view reference, const Question& question) const {
    return shared_.fetches.Run(KeyOf(kind, reference, question.max_body_bytes), deadline_, TimeLeft(), [&] {
      Result<Fetched> last = Fetched{};
      for (const Exchange& place : places_) {
        last = FetchFrom(place, kind, reference, question);
        if (last && last->found) break;
      }
      return last;  // the registry's own word, unless a mirror had it
    });
  }

  // What the first place says that knows the tag. A mirror that fails is passed by; the registry's own failure counts.
  Result<std::string> HeadPlaces(std::string_view tag) const {
    Result<std::string> last = std::string();
    for (const Exchange& place : places_) {
      const Result<WireReply> reply =
          place.Ask({.method = Method::kHead, .target = Target(place, "manifests", tag), .accept = AcceptedTypes()});
      if (!reply) {
        last = reply.error();
        continue;
      }
      last = reply->status == 200 ? std::string(reply->Header("Docker-Content-Digest")) : std::string();
      if (IsSha256Digest(*last)) return last;
      last = std::string();
    }
    return last;
  }

  static Result<Fetched> FetchFrom(const Exchange& place, std::string_view kind, std::string_view reference, Question question) {
    question.target = Target(place, kind, reference);
    Result<WireReply> reply = place.Ask(question);
    if (!reply) return reply.error();
    if (reply->status == 404) return Fetched{};
    const std::string url = Url{place.place().endpoint(), question.target}.Text();
    std::string type = MediaTypeOf(*reply);
    if (kind == "manifests" && !type.empty() && !TryManifestKind(type)) {
      const std::string_view advice = type == "text/html" ? ": that is a web page, is there a registry at this address?" : "";
      return Error{ErrorCode::kInvalidArgument, url + ": the answer is `" + Shown(type) + "`, expected a manifest" + std::string(advice)};
    }
    WRIT_RETURN_IF_ERROR(CheckDigest(url, *reply, reference));
    return Fetched{.found = true, .bytes = std::move(reply->body), .media_type = std::move(type)};
  }

  // What the header says is a claim; what counts is the hash of the bytes. A claim that is wrong is worth an error all the same.
  static Status CheckDigest(const std::string& url, const WireReply& reply, std::string_view reference) {
    if (IsSha256Digest(reference)) {
      if (reply.digest == reference) return OkStatus();
      return Error{ErrorCode::kCorrupt, url + ": the bytes hash to " + reply.digest + ", expected " + std::string(reference)};
    }
    const std::string_view claimed = reply.Header("Docker-Content-Digest");
    if (!claimed.starts_with("sha256:") || claimed == reply.digest) return OkStatus();
    return Error{ErrorCode::kCorrupt, url + ": Docker-Content-Digest says " + Shown(claimed) + ", but the bytes hash to " + reply.digest};
  }

  // A mirror may not know what is attached at the registry, so an empty listing of it is not taken for an answer.
  Result<Referrers> ListReferrers(std::string_view digest) const {
    Result<Referrers> last = Referrers{};
    for (const Exchange& place : places_) {
      last = ListFrom(place, digest);
      if (last && !last->manifests.empty()) break;
    }
    return last;
  }

  Result<Referrers> ListFrom(const Exchange& place, std::string_view digest) const {
    if (shared_.referrers_apis.IsKnownAbsent(place.place(), shared_.seams.now())) return Referrers{};
    Referrers out{.found = true};
    Url url{place.place().endpoint(), Target(place, "referrers", digest)};
    for (std::uint32_t page = 0;; ++page) {
      if (page == shared_.limits.max_referrer_pages) {
        out.complete = false;
        return out;
      }
      const Result<WireReply> reply =
          place.Ask({.target = url.target, .accept = std::string(kOciIndexType), .max_body_bytes = shared_.limits.max_manifest_bytes});
      if (!reply) return reply.error();
      if (reply->status == 404 && page == 0) {
        if (MediaTypeOf(*reply) == kNoSuchPathType) shared_.referrers_apis.NoteAbsent(place.place(), shared_.seams.now());
        return Referrers{};
      }
      if (reply->status == 404) return Error{ErrorCode::kUnreadable, url.Text() + ": a page of the listing is missing"};
      WRIT_RETURN_IF_ERROR(TakePage(url, *reply, out));
      if (!out.complete) return out;
      const Result<std::optional<Url>> next = NextPage(url, *reply);
      if (!next) return Error{next.error().code, url.Text() + ": " + next.error().message};
      if (!*next) return out;
      url = **next;
    }
  }

  Status TakePage(const Url& url, const WireReply& reply, Referrers& to) const {
    Result<ImageManifest> index = ReadImageManifest(reply.body, MediaTypeOf(reply), shared_.limits);
    if (!index) return Error{index.error().code, url.Text() + ": " + index.error().message};
    if (index->kind != ManifestKind::kIndex)
      return Error{ErrorCode::kInvalidArgument, url.Text() + ": found an image manifest, expected an index"};
    for (Descriptor& descriptor : index->manifests) {
      if (to.manifests.size() == shared_.limits.max_descriptors) {
        to.complete = false;
        break;
      }
      descriptor.annotations.clear();  // unsigned hints, megabytes of them if a registry likes
      to.manifests.push_back(std::move(descriptor));
    }
    return OkStatus();
  }

  // Pages come from the registry itself, not from hosts that it names.
  static Result<std::optional<Url>> NextPage(const Url& url, const WireReply& reply) {
    const Result<std::optional<std::string>> link = FindNextLink(reply.Header("Link"));
    if (!link) return link.error();
    if (!*link) return std::optional<Url>();
    Result<Url> next = ResolveUrl(url, **link);
    if (!next) return Error{ErrorCode::kInvalidArgument, "the next page: " + next.error().message};
    if (next->endpoint != url.endpoint) {
      return Error{ErrorCode::kInvalidArgument, "the next page is at another host, " + next->endpoint.HostText() + ", which is not asked"};
    }
    return std::optional(*std::move(next));
  }

  RegistryClient::Shared& shared_;
  std::vector<Exchange> places_;  // mirrors, then the registry; never empty
  steady_clock::time_point deadline_;
};

}  // namespace

RegistrySeams SystemSeams() {
  struct Random {
    Mutex mutex;
    std::mt19937_64 engine WRIT_GUARDED_BY(mutex){std::random_device{}()};
  };
  const auto random = std::make_shared<Random>();
  return {.now = [] { return steady_clock::now(); },
          .sleep = [](milliseconds time) { std::this_thread::sleep_for(time); },
          .random =
              [random] {
                const MutexLock lock(random->mutex);
                return std::uniform_real_distribution<double>(0, 1)(random->engine);
              },
          .resolver = SystemResolver()};
}

RegistryClient::RegistryClient(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
RegistryClient::~RegistryClient() = default;

Result<std::unique_ptr<RegistryClient>> RegistryClient::Create(const std::vector<RegistrySettings>& registries, const GatherLimits& limits,
                                                               RegistrySeams seams) {
  Result<RegistryTable> table = RegistryTable::Create(registries);
  if (!table) return table.error();
  return std::unique_ptr<RegistryClient>(new RegistryClient(std::make_unique<Shared>(*std::move(table), limits, std::move(seams))));
}

namespace {

// Who we are at one place: each credential once, those of the request first; nobody when there is none.
std::vector<AuthScope> ScopesOf(const RegistryPlace& place, const std::string& repository, const DockerConfig& configured,
                                const PullCredentials& brought) {
  std::vector<AuthScope> scopes;
  const auto add = [&](const DockerConfig& config) {
    std::optional<Credential> credential = config.TryFind(place.name(), repository);
    if (!credential) return;
    const std::string key = credential->Key();
    if (std::any_of(scopes.begin(), scopes.end(), [&key](const AuthScope& each) { return each.credential->Key() == key; })) return;
    scopes.push_back({&place, repository, std::move(credential), brought.note});
  };
  for (const DockerConfig& config : brought.configs) add(config);
  add(configured);
  if (scopes.empty()) scopes.push_back({&place, repository, std::nullopt, brought.note + configured.WhyNone(place.name())});
  return scopes;
}

}  // namespace

Result<std::unique_ptr<ImageSource>> RegistryClient::Open(const ImageReference& reference, const DockerConfig& credentials,
                                                          steady_clock::time_point not_after, const PullCredentials& brought) const {
  const RegistryPlace* registry = shared_->table.TryFind(reference.registry);
  if (registry == nullptr) {
    return Error{ErrorCode::kInvalidArgument,
                 "registry " + reference.registry.Text() + " is not on the list of registries that may be asked"};
  }
  const steady_clock::time_point deadline = std::min(shared_->seams.now() + shared_->limits.image_deadline, not_after);
  std::vector<Exchange> places;
  const auto add = [&](const RegistryPlace* place, std::uint32_t max_tries) {
    places.emplace_back(*shared_, ScopesOf(*place, reference.repository, credentials, brought), max_tries, deadline);
  };
  for (const RegistryPlace* mirror : registry->mirrors()) add(mirror, 1);  // the registry itself is the next try
  add(registry, shared_->limits.max_tries);
  return std::unique_ptr<ImageSource>(std::make_unique<Repository>(*shared_, std::move(places), deadline));
}

RegistryCounters RegistryClient::counters() const {
  return {.requests = shared_->requests, .retries = shared_->retries, .connections = shared_->transport.connections_made()};
}

}  // namespace writ::image
