// `writ verify-image`: who has signed an image, check by check; from its registry or from an OCI layout folder.
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/verdict_text.h"
#include "rules/base/clock.h"
#include "webhook/image/gather/collector.h"
#include "webhook/image/gather/layout_source.h"
#include "webhook/image/reference/image_reference.h"
#include "webhook/image/registry/registry_client.h"
#include "webhook/image/verify/verifier.h"

namespace writ::cli {
namespace {

using Json = nlohmann::ordered_json;

// Where the image and its signatures are read from. The client outlives what it opened.
struct Sources {
  std::unique_ptr<image::RegistryClient> client;
  std::unique_ptr<image::ImageSource> image;
  std::unique_ptr<image::ImageSource> signatures;  // null: with the image
  std::string target;                              // tag or digest
  bool is_pinned = false;
};

// Without the flag docker's own file, if there is one.
Result<image::DockerConfig> ReadCredentials(const std::string& given) {
  std::string path = given;
  if (path.empty()) {
    const char* folder = std::getenv("DOCKER_CONFIG");
    const char* home = std::getenv("HOME");
    if (folder == nullptr && home == nullptr) return image::DockerConfig();
    path = folder != nullptr ? std::string(folder) + "/config.json" : std::string(home) + "/.docker/config.json";
  }
  const Result<Input> file = ReadFile(path);
  if (!file && given.empty() && file.error().code == ErrorCode::kNotFound) return image::DockerConfig();
  if (!file) return file.error();
  return image::ReadDockerConfig(file->text, path);
}

Result<image::RegistrySettings> SettingsOf(const image::HostPort& host, const VerifyImageOptions& options) {
  image::RegistrySettings settings = image::KnownRegistry(host.Text());
  settings.extra_hosts.insert(settings.extra_hosts.end(), options.registry_hosts.begin(), options.registry_hosts.end());
  if (options.plain_http) settings.scheme = image::Scheme::kHttp;
  if (options.registry_ca.empty()) return settings;
  const Result<Input> file = ReadFile(options.registry_ca);
  if (!file) return file.error();
  settings.ca_pem = file->text;
  return settings;
}

// Only the registries that the command line names may be asked.
Result<Sources> OpenRegistry(const VerifyImageOptions& options) {
  const Result<image::ImageReference> reference = image::ParseImageReference(options.image);
  if (!reference) return reference.error();
  std::optional<image::ImageReference> other;
  if (!options.signature_repository.empty()) {
    const Result<image::ImageReference> parsed = image::ParseImageReference(options.signature_repository);
    if (!parsed) return parsed.error();
    other = *parsed;
  }
  std::vector<image::HostPort> hosts = {reference->registry};
  if (other && other->registry != reference->registry) hosts.push_back(other->registry);
  std::vector<image::RegistrySettings> registries;
  for (const image::HostPort& host : hosts) {
    Result<image::RegistrySettings> settings = SettingsOf(host, options);
    if (!settings) return settings.error();
    registries.push_back(std::move(*settings));
  }
  const Result<image::DockerConfig> credentials = ReadCredentials(options.docker_config);
  if (!credentials) return credentials.error();
  Sources sources;
  Result<std::unique_ptr<image::RegistryClient>> client = image::RegistryClient::Create(registries, {}, image::SystemSeams());
  if (!client) return client.error();
  sources.client = std::move(*client);
  Result<std::unique_ptr<image::ImageSource>> opened = sources.client->Open(*reference, *credentials);
  if (!opened) return opened.error();
  sources.image = std::move(*opened);
  sources.target = reference->Target();
  sources.is_pinned = reference->is_pinned();
  if (!other) return sources;
  Result<std::unique_ptr<image::ImageSource>> signatures = sources.client->Open(*other, *credentials);
  if (!signatures) return signatures.error();
  sources.signatures = std::move(*signatures);
  return sources;
}

// In a folder the image is named by its digest or tag, by a reference that holds one of them, or not at all when it is the only one.
// What is named and is not there is never replaced by what is.
Result<Sources> OpenLayout(const VerifyImageOptions& options) {
  Result<std::unique_ptr<image::LayoutSource>> layout = image::LayoutSource::Open(options.layout, {});
  if (!layout) return layout.error();
  const std::vector<std::string>& images = (*layout)->images();
  Sources sources;
  if (options.image.empty()) {
    if (images.size() != 1) {
      return Error{ErrorCode::kInvalidArgument, options.layout + ": holds " + std::to_string(images.size()) +
                                                    " images: name one by its digest" +
                                                    (images.empty() ? "" : " (" + images.front() + ", …)")};
    }
    sources.target = images.front();
  } else if (image::IsSha256Digest(options.image)) {
    sources.target = options.image;
  } else if (options.image.starts_with("sha256:")) {
    return Error{ErrorCode::kInvalidArgument,
                 "`" + options.image + "` is no digest, expected sha256: and 64 hexadecimal digits in small letters"};
  } else {
    const Result<image::ImageReference> reference = image::ParseImageReference(options.image);
    if (!reference) return reference.error();
    sources.target = reference->Target();
    // cosign 2 writes no tags: then a reference without a digest cannot be looked up, and guessing would verify another image.
    const Result<image::Fetched> found = (*layout)->GetManifest(sources.target);
    if (!reference->is_pinned() && (!found || !found->found)) {
      return Error{ErrorCode::kInvalidArgument, options.layout + ": holds no image of tag `" + sources.target +
                                                    "`: name it by its digest, or leave it out if the folder holds one image only"};
    }
  }
  sources.is_pinned = true;  // a folder does not move
  sources.image = std::move(*layout);
  return sources;
}

std::vector<std::string> DigestsOf(const image::ResolvedImage& image, const std::string& platforms) {
  std::vector<std::string> digests;
  if (platforms != "each" || image.platforms.empty()) digests.push_back(image.digest);
  if (platforms == "index") return digests;
  for (const image::PlatformImage& platform : image.platforms) {
    if (platform.is_runnable()) digests.push_back(platform.digest);
  }
  // An index of nothing that runs, by its own word: never an empty list, which would be verified without a signature.
  if (digests.empty()) digests.push_back(image.digest);
  return digests;
}

// One digest, gathered and judged.
struct Judged {
  std::string digest;
  image::GatheredMaterial material;
  image::Verdict verdict;
};

Judged Judge(const Sources& sources, const std::string& digest, const image::Signer& signer, const VerifyImageOptions& options) {
  image::GatherOptions gather;
  gather.tag_prefix = options.tag_prefix;
  gather.signatures = sources.signatures.get();
  gather.presence = image::ImagePresence::kKnown;
  gather.oci11 = options.oci11 ? image::Oci11Signatures::kRead : image::Oci11Signatures::kIgnored;
  Judged judged{digest, image::GatherMaterial(*sources.image, digest, gather), {}};
  judged.verdict = image::VerifyImage(judged.material, signer, SystemClock().Now());
  return judged;
}

Json JudgedJson(const Judged& judged) {
  Json json = VerdictJson(judged.verdict);
  json["digest"] = judged.digest;
  Json faults = Json::array();
  for (const image::GatherFault& fault : judged.material.faults) faults.push_back({{"origin", fault.origin}, {"message", fault.message}});
  json["faults"] = std::move(faults);
  json["notes"] = judged.material.notes;
  return json;
}

void PrintJudged(const Judged& judged, const Console& console) {
  console.out << "digest " << judged.digest << "\n";
  PrintVerdict(judged.verdict, console);
  for (const image::GatherFault& fault : judged.material.faults)
    console.out << "  could not be read: " << Printable(fault.origin) << ": " << Printable(fault.message) << "\n";
  for (const std::string& note : judged.material.notes) console.out << "  note: " << Printable(note) << "\n";
}

// An image that cannot be had is unknown, whatever the reason: nothing is said about its signatures.
ExitCode ReportUnresolved(const Error& error, const VerifyImageOptions& options, const Console& console) {
  if (options.format == Format::kJson) {
    const Json report = {{"image", options.image},
                         {"verified", false},
                         {"warnings", Json::array()},
                         {"results", {{{"outcome", "unknown"}, {"reason", "not_gathered"}, {"message", error.message}}}}};
    console.out << report.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    console.out << Styled("unknown", Style::kRed, console.colour_out) << ": " << Printable(error.message) << "\n";
  }
  return ExitCode::kDenied;
}

}  // namespace

ExitCode RunVerifyImage(const VerifyImageOptions& options, const Console& console) {
  const auto fail = [&](const Error& error) {
    PrintError(console, error.message);
    return error.code == ErrorCode::kInternal ? ExitCode::kInternal : ExitCode::kBadInput;
  };
  const Result<image::Signer> signer = MakeSigner(options.signer);
  if (!signer) return fail(signer.error());
  if (options.image.empty() && options.layout.empty())
    return fail({ErrorCode::kInvalidArgument, "name the image: a reference, or --layout DIR"});
  Result<Sources> sources = options.layout.empty() ? OpenRegistry(options) : OpenLayout(options);
  if (!sources) return fail(sources.error());
  const Result<image::ResolvedImage> resolved = image::ResolveImage(*sources->image, sources->target, {});
  if (!resolved) return ReportUnresolved(resolved.error(), options, console);

  std::vector<std::string> warnings;
  if (!sources->is_pinned) warnings.push_back("the reference is a tag, which can be moved to another image: pin @" + resolved->digest);
  bool is_verified = !options.strict || warnings.empty();
  Json results = Json::array();
  for (const std::string& digest : DigestsOf(*resolved, options.platforms)) {
    const Judged judged = Judge(*sources, digest, *signer, options);
    is_verified = is_verified && judged.verdict.kind == image::VerdictKind::kVerified;
    if (options.format == Format::kJson)
      results.push_back(JudgedJson(judged));
    else
      PrintJudged(judged, console);
  }
  if (options.format == Format::kJson) {
    const Json report = {{"image", options.image}, {"verified", is_verified}, {"warnings", warnings}, {"results", std::move(results)}};
    console.out << report.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    for (const std::string& warning : warnings) console.out << (options.strict ? "denied: " : "warning: ") << warning << "\n";
  }
  return is_verified ? ExitCode::kOk : ExitCode::kDenied;
}

}  // namespace writ::cli
