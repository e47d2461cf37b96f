#include "webhook/decide/image_facts.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace writ::server {
namespace {

using image::ImageFinding;
using image::VerdictKind;

// Adds each warning once.
class Warnings {
 public:
  explicit Warnings(Decision& decision) : decision_(decision), told_(decision.warnings.begin(), decision.warnings.end()) {}
  void Add(const std::string& text) {
    if (told_.insert(text).second) decision_.warnings.push_back(text);
  }

 private:
  Decision& decision_;
  std::set<std::string> told_;
};

// "release verified" or "attestation https://… by release unknown".
std::string OutcomeText(const ImageFinding& finding) {
  const std::string what =
      finding.predicate_type.empty() ? finding.signer : "attestation " + finding.predicate_type + " by " + finding.signer;
  return what + " " + std::string(VerdictKindName(finding.kind));
}

// One note for each image: the digest that was judged, and every outcome with its reason.
void AddNotes(const std::vector<ImageFinding>& findings, Decision& decision) {
  std::size_t number = 0;
  for (std::size_t at = 0; at < findings.size(); ++at) {
    const ImageFinding& finding = findings[at];
    const bool is_new = at == 0 || findings[at - 1].image != finding.image;
    if (is_new) {
      std::string text = finding.image + (finding.digest.empty() ? ": digest unknown" : ": " + finding.digest);
      decision.notes.emplace_back("image-" + std::to_string(++number), std::move(text));
    }
    std::string& text = decision.notes.back().second;
    text.append("; ").append(OutcomeText(finding));
    if (finding.kind != VerdictKind::kVerified) text.append(" (").append(finding.message).append(")");
  }
}

}  // namespace

ImageDecision DecideWithImages(std::string_view request, const Engine& engine, Context& context, DecideOptions options,
                               const ImageLookup& lookup) {
  if (lookup.source == nullptr) return {engine.DecideJson(request, context, options), {}};
  const Result<std::vector<ImageNeed>> needs = engine.FindImageNeeds(request, context, options.deadline);
  // What is wrong with the request is said by the decision.
  if (!needs || needs->empty()) return {engine.DecideJson(request, context, options), {}};
  const PullSecretNames secrets = lookup.pull_secrets == PullSecrets::kOfObject ? FindPullSecrets(request) : PullSecretNames();
  image::GatheredFacts facts = lookup.source->Gather(*needs, lookup.deadline, secrets);
  options.images = facts.images;
  ImageDecision out{engine.DecideJson(request, context, options), std::move(facts.findings)};
  Warnings warnings(out.decision);
  for (const std::string& warning : facts.warnings) warnings.Add(warning);
  if (out.decision.effect != Effect::kAllow) {
    for (const ImageFinding& finding : out.findings) {
      if (finding.kind != VerdictKind::kVerified) warnings.Add(finding.message);
    }
  }
  AddNotes(out.findings, out.decision);
  FitTexts(out.decision);
  return out;
}

image::SteadyTime GatherUntil(std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point answer_by) {
  if (answer_by <= now) return now;
  const std::chrono::steady_clock::duration kept =
      std::min<std::chrono::steady_clock::duration>((answer_by - now) / 10, std::chrono::milliseconds(200));
  return answer_by - kept;
}

}  // namespace writ::server
