// `writ verify-image`: who has signed an image, check by check; from its registry or from an OCI layout folder.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/commands.h"
#include "cli/expected_signers.h"
#include "cli/input.h"
#include "cli/text.h"
#include "cli/verdict_text.h"
#include "rules/base/clock.h"
#include "webhook/image/facts/judged_digests.h"
#include "webhook/image/facts/limits.h"
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
  std::map<std::string, std::unique_ptr<image::ImageSource>> elsewhere;  // by repository; empty for a layout, which has all of them
  std::string target;                                                    // tag or digest
  bool is_pinned = false;

  // Where the signer's signatures are, if not with the image; else nullptr.
  const image::ImageSource* SignaturesOf(const image::LoadedSigner& signer) const {
    const auto found = signer.repository ? elsewhere.find(signer.repository->Name()) : elsewhere.end();
    return found == elsewhere.end() ? nullptr : found->second.get();
  }
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

// Where each signature is that is not with the image, each once.
std::vector<image::ImageReference> OtherRepositories(const ExpectedSigners& expected) {
  std::vector<image::ImageReference> others;
  for (const image::LoadedSigner& signer : expected.signers) {
    if (!signer.repository) continue;
    const auto is_same = [&](const image::ImageReference& each) { return each.Name() == signer.repository->Name(); };
    if (std::none_of(others.begin(), others.end(), is_same)) others.push_back(*signer.repository);
  }
  return others;
}

// Only the registries that the command line, or a signer of the policies, names may be asked.
Result<std::unique_ptr<image::RegistryClient>> MakeClient(const image::ImageReference& image,
                                                          const std::vector<image::ImageReference>& others,
                                                          const VerifyImageOptions& options) {
  std::vector<image::HostPort> hosts = {image.registry};
  for (const image::ImageReference& other : others) {
    if (std::find(hosts.begin(), hosts.end(), other.registry) == hosts.end()) hosts.push_back(other.registry);
  }
  std::vector<image::RegistrySettings> registries;
  for (const image::HostPort& host : hosts) {
    Result<image::RegistrySettings> settings = SettingsOf(host, options);
    if (!settings) return settings.error();
    registries.push_back(std::move(*settings));
  }
  return image::RegistryClient::Create(registries, {}, image::SystemSeams());
}

Result<Sources> OpenRegistry(const VerifyImageOptions& options, const ExpectedSigners& expected) {
  const Result<image::ImageReference> reference = image::ParseImageReference(options.image);
  if (!reference) return reference.error();
  const std::vector<image::ImageReference> others = OtherRepositories(expected);
  Result<std::unique_ptr<image::RegistryClient>> client = MakeClient(*reference, others, options);
  if (!client) return client.error();
  const Result<image::DockerConfig> credentials = ReadCredentials(options.docker_config);
  if (!credentials) return credentials.error();
  Sources sources{.client = std::move(*client), .image = {}, .elsewhere = {}, .target = reference->Target()};
  sources.is_pinned = reference->is_pinned();
  Result<std::unique_ptr<image::ImageSource>> opened = sources.client->Open(*reference, *credentials);
  if (!opened) return opened.error();
  sources.image = std::move(*opened);
  for (const image::ImageReference& other : others) {
    Result<std::unique_ptr<image::ImageSource>> signatures = sources.client->Open(other, *credentials);
    if (!signatures) return signatures.error();
    sources.elsewhere.emplace(other.Name(), std::move(*signatures));
  }
  return sources;
}

// In a folder the image is named as LayoutSource::FindImage says, or not at all when it is the only one.
Result<Sources> OpenLayout(const VerifyImageOptions& options) {
  Result<std::unique_ptr<image::LayoutSource>> layout = image::LayoutSource::Open(options.layout, {});
  if (!layout) return layout.error();
  const std::vector<std::string>& images = (*layout)->images();
  Sources sources;
  if (!options.image.empty()) {
    Result<std::string> digest = (*layout)->FindImage(options.image);
    if (!digest) return digest.error();
    sources.target = std::move(*digest);
  } else if (images.size() == 1) {
    sources.target = images.front();
  } else {
    return Error{ErrorCode::kInvalidArgument, options.layout + ": holds " + std::to_string(images.size()) +
                                                  " images: name one by its digest" +
                                                  (images.empty() ? "" : " (" + images.front() + ", …)")};
  }
  sources.is_pinned = true;  // a folder does not move
  sources.image = std::move(*layout);
  return sources;
}

// One digest, gathered and judged.
struct Judged {
  std::string digest;  // "" = which ones have to be signed is not known
  image::GatheredMaterial material;
  image::Verdict verdict;
};

Judged Judge(const Sources& sources, const std::string& digest, const image::LoadedSigner& signer, bool reads_oci11) {
  image::GatherOptions gather;
  gather.tag_prefix = signer.tag_prefix;
  gather.signatures = sources.SignaturesOf(signer);
  gather.presence = image::ImagePresence::kKnown;
  gather.oci11 = reads_oci11 ? image::Oci11Signatures::kRead : image::Oci11Signatures::kIgnored;
  Judged judged{digest, image::GatherMaterial(*sources.image, digest, gather), {}};
  judged.verdict = image::VerifyImage(judged.material, signer.signer, SystemClock().Now());
  return judged;
}

// An index without signatures often lists images that have some.
void TellOfIndex(const image::ResolvedImage& resolved, image::Verdict& verdict) {
  if (!resolved.is_index || verdict.reason != image::Reason::kUnsigned) return;
  const auto runnable = std::count_if(resolved.platforms.begin(), resolved.platforms.end(),
                                      [](const image::PlatformImage& platform) { return platform.is_runnable(); });
  verdict.message += "; it is an index of " + Counted(static_cast<std::size_t>(runnable), "image") +
                     ", whose own signatures count with --platforms each (a signer of policies says `platforms each`)";
}

// All digests that the signer has to have signed.
std::vector<Judged> JudgeAll(const Sources& sources, const image::ResolvedImage& resolved, const image::LoadedSigner& signer,
                             bool reads_oci11) {
  const Result<std::vector<std::string>> digests = image::DigestsToJudge(resolved, signer.platforms, image::FactLimits{}.max_platforms);
  std::vector<Judged> out;
  if (digests) {
    for (const std::string& digest : *digests) out.push_back(Judge(sources, digest, signer, reads_oci11));
    if (signer.platforms == image::PlatformRule::kNamed) TellOfIndex(resolved, out.front().verdict);
    return out;
  }
  Judged& unknown = out.emplace_back();
  unknown.verdict.kind = image::VerdictKind::kUnknown;
  unknown.verdict.reason = image::Reason::kNotGathered;
  unknown.verdict.message = digests.error().message;
  return out;
}

// Every digest must be verified.
image::VerdictKind KindOf(const std::vector<Judged>& all) {
  image::VerdictKind kind = image::VerdictKind::kVerified;
  for (const Judged& judged : all) {
    if (judged.verdict.kind == image::VerdictKind::kRefuted) return judged.verdict.kind;
    if (judged.verdict.kind == image::VerdictKind::kUnknown) kind = judged.verdict.kind;
  }
  return kind;
}

Json JudgedJson(const Judged& judged) {
  Json json = VerdictJson(judged.verdict);
  if (!judged.digest.empty()) json["digest"] = judged.digest;
  Json faults = Json::array();
  for (const image::GatherFault& fault : judged.material.faults) faults.push_back({{"origin", fault.origin}, {"message", fault.message}});
  json["faults"] = std::move(faults);
  json["notes"] = judged.material.notes;
  return json;
}

void PrintJudged(const Judged& judged, const Console& console) {
  if (!judged.digest.empty()) console.out << "digest " << judged.digest << "\n";
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
    console.out << PrintableJson(report.dump(2, ' ', false, Json::error_handler_t::replace)) << "\n";
  } else {
    console.out << Styled("unknown", Style::kRed, console.colour_out) << ": " << Printable(error.message) << "\n";
  }
  return ExitCode::kDenied;
}

// What was found, signer by signer.
struct Findings {
  image::VerdictKind kind = image::VerdictKind::kUnknown;  // of the whole expression
  std::vector<std::vector<Judged>> by_signer;              // in the order of ExpectedSigners::signers
};

Findings Find(const Sources& sources, const image::ResolvedImage& resolved, const ExpectedSigners& expected, bool reads_oci11) {
  Findings found;
  std::vector<image::VerdictKind> kinds;
  for (const image::LoadedSigner& signer : expected.signers) {
    found.by_signer.push_back(JudgeAll(sources, resolved, signer, reads_oci11));
    kinds.push_back(KindOf(found.by_signer.back()));
  }
  found.kind = CombineVerdicts(expected.terms, kinds);
  return found;
}

Json FindingsJson(const Findings& found, const ExpectedSigners& expected) {
  Json results = Json::array();
  for (std::size_t at = 0; at < found.by_signer.size(); ++at) {
    for (const Judged& judged : found.by_signer[at]) {
      Json json = JudgedJson(judged);
      if (!expected.expression.empty()) json["signer"] = expected.signers[at].signer.name;
      results.push_back(std::move(json));
    }
  }
  return results;
}

void PrintFindings(const Findings& found, const ExpectedSigners& expected, const Console& console) {
  for (std::size_t at = 0; at < found.by_signer.size(); ++at) {
    if (!expected.expression.empty()) console.out << "signer " << Printable(expected.signers[at].signer.name) << "\n";
    for (const Judged& judged : found.by_signer[at]) PrintJudged(judged, console);
  }
  if (expected.expression.empty()) return;
  const Style style = found.kind == image::VerdictKind::kVerified ? Style::kGreen : Style::kRed;
  const char* what = expected.signers.front().signer.options.wanted == image::Wanted::kAttestation ? ": attested by " : ": signed by ";
  console.out << Styled(image::VerdictKindName(found.kind), style, console.colour_out) << what << Printable(expected.expression) << "\n";
}

ExitCode Report(const Findings& found, const ExpectedSigners& expected, const std::vector<std::string>& warnings,
                const VerifyImageOptions& options, const Console& console) {
  const bool is_verified = found.kind == image::VerdictKind::kVerified && (!options.strict || warnings.empty());
  if (options.format == Format::kJson) {
    const Json report = {
        {"image", options.image}, {"verified", is_verified}, {"warnings", warnings}, {"results", FindingsJson(found, expected)}};
    console.out << PrintableJson(report.dump(2, ' ', false, Json::error_handler_t::replace)) << "\n";
  } else {
    PrintFindings(found, expected, console);
    for (const std::string& warning : warnings) console.out << (options.strict ? "denied: " : "warning: ") << Printable(warning) << "\n";
  }
  return is_verified ? ExitCode::kOk : ExitCode::kDenied;
}

}  // namespace

ExitCode RunVerifyImage(const VerifyImageOptions& options, const Console& console) {
  const auto fail = [&](const Error& error) {
    PrintError(console, error.message);
    return error.code == ErrorCode::kInternal ? ExitCode::kInternal : ExitCode::kBadInput;
  };
  const std::optional<ExpectedSigners> expected = LoadExpectedSigners(options, console);
  if (!expected) return ExitCode::kBadInput;
  if (options.image.empty() && options.layout.empty())
    return fail({ErrorCode::kInvalidArgument, "name the image: a reference, or --layout DIR"});
  Result<Sources> sources = options.layout.empty() ? OpenRegistry(options, *expected) : OpenLayout(options);
  if (!sources) return fail(sources.error());
  const Result<image::ResolvedImage> resolved = image::ResolveImage(*sources->image, sources->target, {});
  if (!resolved) return ReportUnresolved(resolved.error(), options, console);
  std::vector<std::string> warnings;
  if (!sources->is_pinned) warnings.push_back("the reference is a tag, which can be moved to another image: pin @" + resolved->digest);
  return Report(Find(*sources, *resolved, *expected, options.oci11), *expected, warnings, options, console);
}

}  // namespace writ::cli
